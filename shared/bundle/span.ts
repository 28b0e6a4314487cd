import { dateOf } from '../instant.ts';

export const DAY_MS = 86_400_000;

/** Event dates that a half-open span of time touches, inclusive. */
export const dateRange = (fromMs: number, toMs: number): { from: string; to: string } => ({
  from: dateOf(fromMs),
  to: dateOf(toMs - 1),
});

/** Every date from the first to the last, inclusive. */
export function datesOf(fromMs: number, toMs: number): string[] {
  const { from, to } = dateRange(fromMs, toMs);
  const found: string[] = [];
  for (let ms = Date.parse(from); dateOf(ms) <= to; ms += DAY_MS) found.push(dateOf(ms));
  return found;
}
