import type { EntityKind } from '../../layout.ts';
import { appKey, appKeys } from './app.ts';
import { ipKey, ipKeys } from './ip.ts';
import { sessionKey, sessionKeys } from './session.ts';
import { userKey, userKeys } from './user.ts';

export interface EntityRoom {
  /** All keys of this kind that a record carries. Never throws. */
  readonly keysOf: (value: unknown) => string[];
  /** The key that a caller's text stands for; undefined when it can be none. */
  readonly normalise: (text: string) => string | undefined;
  /** Said to a caller whose text can be no key. */
  readonly expected: string;
}

/** A new kind of entity is one file in this folder and one line here. */
export const ENTITIES: Readonly<Record<EntityKind, EntityRoom>> = {
  user: { keysOf: userKeys, normalise: userKey, expected: 'a user principal name, object id, PUID or SID' },
  session: { keysOf: sessionKeys, normalise: sessionKey, expected: 'a session id (a GUID)' },
  ip: { keysOf: ipKeys, normalise: ipKey, expected: 'an IPv4 or IPv6 address' },
  app: { keysOf: appKeys, normalise: appKey, expected: 'an application or service principal id (a GUID)' },
};

export type EntityKeys = Readonly<Record<EntityKind, readonly string[]>>;

export const entityKeys = (value: unknown): EntityKeys => ({
  user: userKeys(value),
  session: sessionKeys(value),
  ip: ipKeys(value),
  app: appKeys(value),
});
