import { clientIp } from '../indexing/entities/ip.ts';
import { appKeys } from '../indexing/entities/app.ts';
import { sessionKeys, tokenIds } from '../indexing/entities/session.ts';
import { userKeys } from '../indexing/entities/user.ts';
import { objectAt } from '../indexing/fields.ts';
import { countryOf, userAgentOf } from '../indexing/summary.ts';
import { isObject } from '../record.ts';
import type { SourceId } from '../sources.ts';

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

/** Graph's audit log query wraps the record in `auditData`, diagnostic settings wrap it in `properties`. */
export const bodyOf = (value: unknown): unknown => {
  if (!isObject(value)) return value;
  if (isObject(value['auditData'])) return value['auditData'];
  return isObject(value['properties']) ? value['properties'] : value;
};

export function sightingOf(record: PlacedRecord, recordId: string, timeMs: number | undefined): Sighting {
  const body = bodyOf(record.value);
  const [user, userId] = actorOf(body);
  return defined({
    recordId,
    timeMs,
    source: record.source,
    place: record.place,
    user,
    userId,
    session: sessionKeys(body)[0],
    token: tokenIds(body)[0],
    ip: clientIp(body),
    country: countryOf(body)[0],
    asn: asnOf(body),
    userAgent: userAgentOf(body)[0]?.slice(0, 300),
    app: appKeys(body)[0],
  });
}

/** Who acted: name and directory id. Keys of one record come actor first (indexing/entities/user.ts). */
function actorOf(body: unknown): [string | undefined, string | undefined] {
  const keys = userKeys(body);
  const by = objectAt(body, 'initiatedBy', 'user');
  if (by) return [textOf(by['userPrincipalName'])?.toLowerCase() ?? keys[0], textOf(by['id'])];
  const name = keys.find((key) => key.includes('@')) ?? keys[0];
  return [name, keys.slice(0, 2).find((key) => key !== name)];
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export function asnOf(body: unknown): number | undefined {
  const asn = isObject(body) ? Number(body['autonomousSystemNumber']) : Number.NaN;
  return Number.isInteger(asn) && asn > 0 ? asn : undefined;
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The object without its undefined members. */
export const defined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
