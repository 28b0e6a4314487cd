import { ipKey } from '../indexing/entities/ip.ts';
import { sessionKey } from '../indexing/entities/session.ts';
import { userKey } from '../indexing/entities/user.ts';
import { guidOf, namedValue, objectAt, objectsAt } from '../indexing/fields.ts';
import { countryOf, userAgentOf } from '../indexing/summary.ts';
import { isObject, textOf } from '../record.ts';
import type { SourceId } from '../sources.ts';
import { cached } from '../cached.ts';

/** Where a record lies in the archive. */
export interface Place {
  readonly date: string;
  readonly segment: string;
  /** Number of the chunk within the segment. */
  readonly chunk: number;
}

/** A record as evaluation sees it. */
export interface PlacedRecord {
  readonly source: SourceId;
  readonly value: unknown;
  readonly place: Place;
}

/** What findings keep of a record: enough to fetch it again and to know whom it concerns. JSON all through. */
export interface Sighting {
  readonly recordId: string;
  /** Event time, milliseconds since the epoch; absent when the record has none. */
  readonly timeMs?: number;
  readonly source: SourceId;
  readonly place: Place;
  readonly user?: string;
  readonly userId?: string;
  readonly session?: string;
  readonly token?: string;
  readonly ip?: string;
  readonly country?: string;
  readonly asn?: number;
  readonly userAgent?: string;
  readonly app?: string;
}

type Json = Readonly<Record<string, unknown>>;
type Known = { -readonly [K in keyof Sighting]: Sighting[K] };

/** Graph's audit log query wraps the record in `auditData`, diagnostic settings wrap it in `properties`. */
export const bodyOf = (value: unknown): unknown => {
  if (!isObject(value)) return value;
  if (isObject(value['auditData'])) return value['auditData'];
  return isObject(value['properties']) ? value['properties'] : value;
};

const MAX_AGENT = 300;

/** Members of a record's body that `sightingOf` looks at, all of them. */
export const SIGHTING_MEMBERS = [
  'initiatedBy',
  'userPrincipalName',
  'userId',
  'UserKey',
  'servicePrincipalId',
  'sessionId',
  'AppAccessContext',
  'DeviceProperties',
  'ipAddress',
  'ClientIPAddress',
  'ClientIP',
  'ActorIpAddress',
  'callerIpAddress',
  'location',
  'autonomousSystemNumber',
  'uniqueTokenIdentifier',
  'userAgent',
  'ExtendedProperties',
  'additionalDetails',
  'ClientInfoString',
  'appId',
  'ClientAppId',
  'ApplicationId',
] as const;

/** The same keys as the index has, of whoever acted; only looked up where records have them. */
export function sightingOf(record: PlacedRecord, recordId: string, timeMs: number | undefined): Sighting {
  const found: Known = { recordId, source: record.source, place: record.place };
  if (timeMs !== undefined) found.timeMs = timeMs;
  const body = bodyOf(record.value);
  if (!isObject(body)) return found;
  const actor = actorOf(body);
  const [session, ip, country, asn] = [sessionOf(body), ipOf(body), countryOf(body)[0], asnOf(body)];
  const token =
    textOf(body['uniqueTokenIdentifier']) ?? textOf(member(body, 'AppAccessContext')?.['UniqueTokenId']);
  const [userAgent, app] = [userAgentOf(body)[0]?.slice(0, MAX_AGENT), appOf(body)];
  // One after the other by their names, and not in a loop: there is one sighting for nearly every record.
  if (actor.user !== undefined) found.user = actor.user;
  if (actor.userId !== undefined) found.userId = actor.userId;
  if (session !== undefined) found.session = session;
  if (ip !== undefined) found.ip = ip;
  if (country !== undefined) found.country = country;
  if (asn !== undefined) found.asn = asn;
  if (token !== undefined) found.token = token;
  if (userAgent !== undefined) found.userAgent = userAgent;
  if (app !== undefined) found.app = app;
  return found;
}

const member = (body: Json, name: string): Json | undefined => {
  const value = body[name];
  return isObject(value) ? value : undefined;
};

const knownSession = cached(sessionKey);
const knownGuid = cached(guidOf);

/** What work makes of a value that is a text. */
const make = <T>(work: (text: string) => T | undefined, text: unknown): T | undefined =>
  typeof text === 'string' && text !== '' ? work(text) : undefined;

/** Who acted: name and directory id. */
function actorOf(body: Json): { user: string | undefined; userId: string | undefined } {
  const by = objectAt(body, 'initiatedBy', 'user');
  const app = objectAt(body, 'initiatedBy', 'app');
  const user =
    make(userKey, by?.['userPrincipalName']) ??
    make(userKey, body['userPrincipalName']) ??
    make(userKey, body['UserId']) ??
    make(userKey, app?.['displayName']) ??
    make(userKey, body['servicePrincipalId']) ??
    make(userKey, by?.['id']);
  const userId =
    make(userKey, by?.['id']) ??
    make(userKey, body['userId']) ??
    make(userKey, body['UserKey']) ??
    make(userKey, app?.['servicePrincipalId']);
  return { user, userId: userId === user ? undefined : userId };
}

/** All that `ipOf` looks at. */
export const IP_MEMBERS = [
  'ClientIPAddress',
  'ipAddress',
  'ClientIP',
  'ActorIpAddress',
  'callerIpAddress',
  'initiatedBy',
] as const;

/** All that `sessionOf` looks at. */
export const SESSION_MEMBERS = [
  'sessionId',
  'SessionId',
  'AppAccessContext',
  'DeviceProperties',
  'initiatedBy',
] as const;

/** Order as in DETECTIONS §3. */
export const sessionOf = (body: Json): string | undefined =>
  make(knownSession, body['sessionId']) ??
  make(knownSession, body['SessionId']) ??
  make(knownSession, member(body, 'AppAccessContext')?.['AADSessionId']) ??
  make(
    knownSession,
    body['DeviceProperties'] === undefined
      ? undefined
      : namedValue(objectsAt(body, 'DeviceProperties'), 'SessionId'),
  ) ??
  make(knownSession, objectAt(body, 'initiatedBy', 'linkableIdentifiers')?.['sessionId']) ??
  make(knownSession, objectAt(body, 'initiatedBy', 'user', 'linkableIdentifiers')?.['sessionId']);

/** ClientIPAddress tells attacker from owner where both share ClientIP, a front end. */
export const ipOf = (body: Json): string | undefined =>
  make(ipKey, body['ClientIPAddress']) ??
  make(ipKey, body['ipAddress']) ??
  make(ipKey, body['ClientIP']) ??
  make(ipKey, body['ActorIpAddress']) ??
  make(ipKey, body['callerIpAddress']) ??
  make(ipKey, objectAt(body, 'initiatedBy', 'user')?.['ipAddress']);

const appOf = (body: Json): string | undefined =>
  make(knownGuid, body['appId']) ??
  make(knownGuid, member(body, 'AppAccessContext')?.['ClientAppId']) ??
  make(knownGuid, body['ClientAppId']) ??
  make(knownGuid, body['ApplicationId']) ??
  make(knownGuid, body['AppId']) ??
  make(knownGuid, objectAt(body, 'initiatedBy', 'app')?.['appId']);

/** Did the sign-in with this `status` succeed? */
export const succeeded = (status: unknown): boolean => isObject(status) && status['errorCode'] === 0;

export function asnOf(body: unknown): number | undefined {
  const asn = isObject(body) ? Number(body['autonomousSystemNumber'] ?? Number.NaN) : Number.NaN;
  return Number.isInteger(asn) && asn > 0 ? asn : undefined;
}
