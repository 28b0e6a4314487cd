import { msFromTicks } from '../instant.ts';
import { isObject, readFacts } from '../record.ts';

/** Where the usual members have the time, in this order. */
export const TIME_MEMBERS = ['createdDateTime', 'CreationTime', 'activityDateTime'] as const;

/** A record's event time, milliseconds since the epoch; undefined when it has none. */
export function timeOf(body: unknown): number | undefined {
  if (!isObject(body)) return undefined;
  const quick = quickTime(body['createdDateTime'] ?? body['CreationTime'] ?? body['activityDateTime']);
  if (quick !== undefined) return quick;
  const { ticks } = readFacts(body);
  return ticks === undefined ? undefined : msFromTicks(ticks);
}

/** The usual spellings need no exact parser; undefined for others. */
export function quickTime(text: unknown): number | undefined {
  if (typeof text !== 'string' || !ISO.test(text)) return undefined;
  const ms = Date.parse(text.at(-1) === 'Z' ? text : `${text}Z`);
  return Number.isFinite(ms) ? ms : undefined;
}

const ISO = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z?$/;
