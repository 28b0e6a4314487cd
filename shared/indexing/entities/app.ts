import { cached } from '../../cached.ts';
import { nativeOf } from '../../record.ts';
import { distinct, guidOf, namedValue, objectAt, objectsAt, textAt, type Json } from '../fields.ts';

/** Applications: client ids of whoever acted, and applications or service principals acted upon. */
export const appKey = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : readApp(text);

const readApp = cached((text) => guidOf(text.replace(/^(application|serviceprincipal)_/i, '')));

export function appKeys(record: unknown): string[] {
  const value = nativeOf(record);
  const app = objectAt(value, 'initiatedBy', 'app');
  return distinct(
    [
      ...['appId', 'AppId', 'ClientAppId', 'ApplicationId', 'servicePrincipalId'].map((name) =>
        textAt(value, name),
      ),
      textAt(value, 'AppAccessContext', 'ClientAppId'),
      textAt(app, 'appId'),
      textAt(value, 'identity', 'claims', 'appid'),
      textAt(app, 'servicePrincipalId'),
      namedValue(objectsAt(value, 'additionalDetails'), 'AppId'),
      ...objectsAt(value, 'targetResources')
        .filter(isAppTarget)
        .map((t) => textAt(t, 'id')),
      ...objectsAt(value, 'Target')
        .map((t) => textAt(t, 'ID'))
        .filter((id) => id !== undefined && /^(application|serviceprincipal)_/i.test(id)),
    ].map(appKey),
  );
}

const isAppTarget = (t: Json): boolean =>
  ['application', 'serviceprincipal'].includes((textAt(t, 'type') ?? textAt(t, 'Type') ?? '').toLowerCase());
