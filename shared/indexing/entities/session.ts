import { cached } from '../../cached.ts';
import { nativeOf } from '../../record.ts';
import { distinct, guidOf, namedValue, objectAt, objectsAt, textAt } from '../fields.ts';

/** Sessions: the id that links one sign-in to what was done with its token (DETECTIONS §3 names every place). */
export const sessionKey = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : readSession(text);

const readSession = cached((text) => {
  const guid = guidOf(text);
  if (guid) return guid;
  const key = text.trim().toLowerCase();
  // Not all workloads write GUIDs; the zero GUID and short placeholders are none.
  return key.length >= 16 && !/^[0-]+$/.test(key) ? key.slice(0, 512) : undefined;
});

export function sessionKeys(record: unknown): string[] {
  const value = nativeOf(record);
  return distinct(
    [
      textAt(value, 'sessionId'),
      textAt(value, 'SessionId'),
      textAt(value, 'AppAccessContext', 'AADSessionId'),
      namedValue(objectsAt(value, 'DeviceProperties'), 'SessionId'),
      linkable(value, 'initiatedBy', 'linkableIdentifiers'),
      linkable(value, 'initiatedBy', 'user', 'linkableIdentifiers'),
      linkable(value, 'linkableIdentifiers'),
    ].map(sessionKey),
  );
}

const linkable = (value: unknown, ...path: [string, string?, string?]): string | undefined =>
  textAt(objectAt(value, ...path), 'sessionId');

/** Unique token ids: case-sensitive; they tie a mailbox record to one sign-in where no session id is written. */
export function tokenIds(record: unknown): string[] {
  const value = nativeOf(record);
  return distinct([
    textAt(value, 'uniqueTokenIdentifier'),
    textAt(value, 'AppAccessContext', 'UniqueTokenId'),
  ]);
}
