import { guidOf } from '../../indexing/fields.ts';
import { isObject } from '../../record.ts';
import { cached } from '../../cached.ts';
import type { RecordRule, Verdict } from './native-rule.ts';

/** Applications that intruders are known to use (Huntress RogueApps, MPL-2.0; one id of rclone more). */
export const ROGUE_APPLICATIONS: ReadonlyMap<string, string> = new Map([
  ['e9a7fea1-1cc0-4cd9-a31b-9137ca5deedd', 'eM Client'],
  ['ff8d92dc-3d82-41d6-bcbd-b9174d163620', 'PerfectData Software'],
  ['a245e8c0-b53c-4b67-9b45-751d1dff8e6b', 'Newsletter Software Supermailer'],
  ['b15665d9-eda6-4092-8539-0eec376afd59', 'rclone'],
  ['4761b959-9780-4c2d-87a3-512b4638f767', 'rclone'],
  ['a43e5392-f48b-46a4-a0f1-098b5eeb4757', 'CloudSponge'],
]);

const nameOf = cached((text: string) => ROGUE_APPLICATIONS.get(guidOf(text) ?? ''));
const FIELDS = ['appId', 'ApplicationId', 'ClientAppId', 'AppId'] as const;

const isRogue = (id: unknown): boolean => verdictOf(id) !== undefined;

/** A table look-up on every record: as a Sigma rule it would be the costliest of all. */
export const rogueApplication: RecordRule = {
  kind: 'native',
  type: 'record',
  key: 'rogue-application-used',
  title: 'Application known from intrusions signs in or acts',
  level: 'high',
  description:
    'The record names an application that intruders are known to use to copy mailboxes or files, or to send mail.',
  tags: ['attack.collection', 'attack.t1114.002', 'attack.t1528'],
  references: ['https://huntresslabs.github.io/rogueapps/'],
  falsePositives: ['The same product in honest use'],
  sources: [
    'signins-interactive',
    'signins-noninteractive',
    'signins-serviceprincipal',
    'ual-entra',
    'ual-exchange',
    'ual-sharepoint',
    'ual-search',
    'import',
  ],
  reads: [...FIELDS, 'UserType', 'AppAccessContext'],
  when: {
    ...Object.fromEntries(FIELDS.map((name) => [name, isRogue])),
    AppAccessContext: (context) => isObject(context) && isRogue(context['ClientAppId']),
  },
  judge: (body) => {
    if (!isObject(body) || body['UserType'] === 3) return undefined;
    const context = body['AppAccessContext'];
    for (const name of FIELDS) {
      const verdict = verdictOf(body[name]);
      if (verdict) return verdict;
    }
    return isObject(context) ? verdictOf(context['ClientAppId']) : undefined;
  },
};

function verdictOf(id: unknown): Verdict | undefined {
  const application = typeof id === 'string' && id.length >= 36 ? nameOf(id) : undefined;
  return application === undefined ? undefined : { facts: { application, id: String(id) } };
}
