import { dateOf } from '../instant.ts';

const DAY = 86_400_000;
/** The feed lists content for 7 days, and has delivered events again 5 days later: twice the longer of the two. */
const AROUND_DAYS = 14;

/**
 * The dates beside `date` under which the same record without a readable time may lie: such a one is filed under the
 * first day of the window that brought it, and windows are collected in no order of time. Nearest first. Pure.
 */
export function datesAround(date: string): string[] {
  const atMs = Date.parse(`${date}T00:00:00Z`);
  return Array.from({ length: AROUND_DAYS }, (_, i) => (i + 1) * DAY).flatMap((ms) => [
    dateOf(atMs - ms),
    dateOf(atMs + ms),
  ]);
}
