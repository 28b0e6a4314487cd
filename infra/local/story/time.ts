/** The vendors' ways of writing an instant, made quick: a day's date is written once. */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const startOfDay = (ms: number): number => Math.floor(ms / DAY) * DAY;
export const wholeSecond = (ms: number): number => Math.floor(ms / SECOND) * SECOND;

const TWO = Array.from({ length: 60 }, (_, n) => n.toString().padStart(2, '0'));
let knownDay = Number.NaN;
let knownDate = '';

/** `2026-11-24T01:02:03`: the Management API's CreationTime has no zone (it is UTC). */
export function zoneless(ms: number): string {
  const day = Math.floor(ms / DAY);
  if (day !== knownDay) {
    knownDay = day;
    knownDate = new Date(day * DAY).toISOString().slice(0, 11);
  }
  const s = Math.floor(ms / SECOND) - day * 86_400;
  return `${knownDate}${TWO[Math.floor(s / 3600)]}:${TWO[Math.floor(s / 60) % 60]}:${TWO[s % 60]}`;
}

/** `2026-11-24T01:02:03Z`: sign-ins carry whole seconds. */
export const seconds = (ms: number): string => `${zoneless(ms)}Z`;

/** `2026-11-24T01:02:03.1234567Z`: directory audits carry 100-ns ticks; `ticks` is 0..9999 beyond the millisecond. */
export const ticks = (ms: number, extra: number): string =>
  `${zoneless(ms)}.${(ms % SECOND).toString().padStart(3, '0')}${extra.toString().padStart(4, '0')}Z`;

/** `hh:mm:ss` within a day, in ms. */
export function clockTime(text: string): number {
  const [h, m, s] = text.split(':').map(Number);
  return h! * HOUR + m! * MINUTE + (s ?? 0) * SECOND;
}

export const isWeekend = (dayMs: number): boolean => [0, 6].includes(new Date(dayMs).getUTCDay());
