import { ipKey } from '../indexing/entities/ip.ts';
import { sessionKey } from '../indexing/entities/session.ts';
import { userKey } from '../indexing/entities/user.ts';
import { guidOf, namedValue, objectAt, objectsAt } from '../indexing/fields.ts';
import { countryOf } from '../indexing/summary.ts';
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

/** The same keys as the index has, of whoever acted; only looked up where records have them. */
export function sightingOf(record: PlacedRecord, recordId: string, timeMs: number | undefined): Sighting {
  const told = tellings();
  const body = bodyOf(record.value);
  if (isObject(body))
    for (const name of SIGHTING_MEMBERS) if (body[name] !== undefined) told[name] = tell(name, body[name]);
  return sightingFrom(told, record, recordId, timeMs);
}

/** The same of what its members tell. */
export function sightingFrom(
  told: Tellings,
  { source, place }: Pick<PlacedRecord, 'source' | 'place'>,
  recordId: string,
  timeMs: number | undefined,
): Sighting {
  const found: Known = { recordId, source, place };
  if (timeMs !== undefined) found.timeMs = timeMs;
  const { initiatedBy: by, AppAccessContext: context } = told;
  const user =
    by?.user ?? told.userPrincipalName ?? told.UserId ?? by?.appName ?? told.servicePrincipalId ?? by?.userId;
  const userId = by?.userId ?? told.userId ?? told.UserKey ?? by?.principal;
  const session =
    told.sessionId ?? told.SessionId ?? context?.session ?? told.DeviceProperties ?? by?.session;
  // ClientIPAddress tells attacker from owner where both share ClientIP, a front end.
  const ip =
    told.ClientIPAddress ??
    told.ipAddress ??
    told.ClientIP ??
    told.ActorIpAddress ??
    told.callerIpAddress ??
    by?.ip;
  const token = told.uniqueTokenIdentifier ?? context?.token;
  const userAgent =
    told.userAgent ??
    told.UserAgent ??
    told.ExtendedProperties ??
    told.additionalDetails ??
    told.ClientInfoString;
  const app = told.appId ?? context?.app ?? told.ClientAppId ?? told.ApplicationId ?? told.AppId ?? by?.app;
  // One after the other by their names, and not in a loop: there is one sighting for nearly every record.
  if (user !== undefined) found.user = user;
  if (userId !== undefined && userId !== user) found.userId = userId;
  if (session !== undefined) found.session = session;
  if (ip !== undefined) found.ip = ip;
  if (told.location !== undefined) found.country = told.location;
  if (told.autonomousSystemNumber !== undefined) found.asn = told.autonomousSystemNumber;
  if (token !== undefined) found.token = token;
  if (userAgent !== undefined) found.userAgent = userAgent;
  if (app !== undefined) found.app = app;
  return found;
}

const knownGuid = cached(guidOf);

/** What work makes of a value that is a text. */
const make = <T>(work: (text: string) => T | undefined, text: unknown): T | undefined =>
  typeof text === 'string' && text !== '' ? work(text) : undefined;

const user = (value: unknown) => make(userKey, value);
const session = (value: unknown) => make(sessionKey, value);
const address = (value: unknown) => make(ipKey, value);
const guid = (value: unknown) => make(knownGuid, value);
const paired = (name: string) => (value: unknown) => namedValue(objectsAt({ value }, 'value'), name);

const jsonOf = (value: unknown): Json | undefined => (isObject(value) ? value : undefined);

/** All members that sightings are made of, by their exact names, and what each tells. */
const TELLING = {
  initiatedBy: (value: unknown) => ({
    user: user(objectAt(value, 'user')?.['userPrincipalName']),
    userId: user(objectAt(value, 'user')?.['id']),
    appName: user(objectAt(value, 'app')?.['displayName']),
    principal: user(objectAt(value, 'app')?.['servicePrincipalId']),
    app: guid(objectAt(value, 'app')?.['appId']),
    ip: address(objectAt(value, 'user')?.['ipAddress']),
    session:
      session(objectAt(value, 'linkableIdentifiers')?.['sessionId']) ??
      session(objectAt(value, 'user', 'linkableIdentifiers')?.['sessionId']),
  }),
  AppAccessContext: (value: unknown) => ({
    session: session(jsonOf(value)?.['AADSessionId']),
    token: textOf(jsonOf(value)?.['UniqueTokenId']),
    app: guid(jsonOf(value)?.['ClientAppId']),
  }),
  userPrincipalName: user,
  UserId: user,
  servicePrincipalId: user,
  userId: user,
  UserKey: user,
  sessionId: session,
  SessionId: session,
  DeviceProperties: (value: unknown) => session(paired('SessionId')(value)),
  ClientIPAddress: address,
  ipAddress: address,
  ClientIP: address,
  ActorIpAddress: address,
  callerIpAddress: address,
  location: (location: unknown) => countryOf({ location })[0],
  autonomousSystemNumber: (number: unknown) => asnOf({ autonomousSystemNumber: number }),
  uniqueTokenIdentifier: textOf,
  userAgent: agent,
  UserAgent: agent,
  ExtendedProperties: (value: unknown) => agent(paired('UserAgent')(value)),
  additionalDetails: (value: unknown) => agent(paired('User-Agent')(value)),
  ClientInfoString: agent,
  appId: guid,
  ClientAppId: guid,
  ApplicationId: guid,
  AppId: guid,
} as const;

function agent(value: unknown): string | undefined {
  return textOf(value)?.slice(0, MAX_AGENT);
}

type Telling = keyof typeof TELLING;
/** What the members of a record tell. */
export type Tellings = { -readonly [K in Telling]?: ReturnType<(typeof TELLING)[K]> };
export const SIGHTING_MEMBERS = Object.keys(TELLING) as readonly Telling[];

/** Members of `AppAccessContext` that sightings are made of. */
export const CONTEXT_MEMBERS = ['AADSessionId', 'UniqueTokenId', 'ClientAppId'] as const;

const EMPTY = Object.fromEntries(SIGHTING_MEMBERS.map((name) => [name, undefined])) as Tellings;
/** Nothing is told yet: all of one form, so that they are quickly read. */
export const tellings = (): Tellings => ({ ...EMPTY });

/** What a member of this name tells. It depends on nothing else: whoever has many records with one value may keep it. */
export const tell = (name: Telling, value: unknown): never => TELLING[name](value) as never;

export const isTelling = (name: string): name is Telling => Object.hasOwn(TELLING, name);

const member = (body: Json, name: string): Json | undefined => jsonOf(body[name]);

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
  make(sessionKey, body['sessionId']) ??
  make(sessionKey, body['SessionId']) ??
  make(sessionKey, member(body, 'AppAccessContext')?.['AADSessionId']) ??
  make(
    sessionKey,
    body['DeviceProperties'] === undefined
      ? undefined
      : namedValue(objectsAt(body, 'DeviceProperties'), 'SessionId'),
  ) ??
  make(sessionKey, objectAt(body, 'initiatedBy', 'linkableIdentifiers')?.['sessionId']) ??
  make(sessionKey, objectAt(body, 'initiatedBy', 'user', 'linkableIdentifiers')?.['sessionId']);

/** In the order of sightings. */
export const ipOf = (body: Json): string | undefined =>
  make(ipKey, body['ClientIPAddress']) ??
  make(ipKey, body['ipAddress']) ??
  make(ipKey, body['ClientIP']) ??
  make(ipKey, body['ActorIpAddress']) ??
  make(ipKey, body['callerIpAddress']) ??
  make(ipKey, objectAt(body, 'initiatedBy', 'user')?.['ipAddress']);

/** Did the sign-in with this `status` succeed? */
export const succeeded = (status: unknown): boolean => isObject(status) && status['errorCode'] === 0;

export function asnOf(body: unknown): number | undefined {
  const asn = isObject(body) ? Number(body['autonomousSystemNumber'] ?? Number.NaN) : Number.NaN;
  return Number.isInteger(asn) && asn > 0 ? asn : undefined;
}
