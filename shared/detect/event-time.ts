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
  if (typeof text !== 'string') return undefined;
  const whole = wholeSeconds(text);
  if (whole !== undefined) return whole;
  if (!ISO.test(text)) return undefined;
  const ms = Date.parse(text.at(-1) === 'Z' ? text : `${text}Z`);
  return Number.isFinite(ms) ? ms : undefined;
}

let lastDay = '';
let lastDayMs = 0;

/** `2026-11-24T13:50:17`, with or without a `Z`: nearly all times, and mostly of the same day as the last. */
function wholeSeconds(text: string): number | undefined {
  if (text.length !== 19 && !(text.length === 20 && text.endsWith('Z'))) return undefined;
  const [hours, minutes, seconds] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  const isTime = hours < 24 && minutes < 60 && seconds < 60;
  if (!isTime || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':') return undefined;
  if (!text.startsWith(lastDay) || lastDay === '') {
    const day = text.slice(0, 10);
    const ms = DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
    if (!Number.isFinite(ms)) return undefined;
    [lastDay, lastDayMs] = [day, ms];
  }
  return lastDayMs + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/** More than any time has where there are others than digits. */
function twoDigits(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at) - ZERO, text.charCodeAt(at + 1) - ZERO];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100;
}

const ZERO = 0x30;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const ISO = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z?$/;
