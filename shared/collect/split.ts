import type { Interval } from './spec.ts';

/** Below this a window cannot be split: filters take whole seconds. */
export const SMALLEST_MS = 1000;

/** `parts` intervals on whole seconds that together are exactly the whole; one when it cannot be split. */
export function splitInterval({ fromMs, toMs }: Interval, parts: number): Interval[] {
  const seconds = Math.floor((toMs - fromMs) / 1000);
  const count = Math.max(1, Math.min(Math.floor(parts), seconds));
  return Array.from({ length: count }, (_, i) => ({
    fromMs: fromMs + Math.floor((seconds * i) / count) * 1000,
    toMs: i === count - 1 ? toMs : fromMs + Math.floor((seconds * (i + 1)) / count) * 1000,
  }));
}

/** A window should finish in tens of pages: long page-throughs end in time-outs and expired tokens (API-FACTS A). */
export const TARGET_PAGES = 20;
const SPLIT_ABOVE = 40;
const MAX_PARTS = 24;

/**
 * How many parts a window should be split into, judged by its first page: `spanMs` is the time that page's records
 * cover. 1 means: go on as it is.
 */
export function partsFor(window: Interval, pageRecords: number, spanMs: number): number {
  if (pageRecords === 0 || window.toMs - window.fromMs <= SMALLEST_MS) return 1;
  const pages = (window.toMs - window.fromMs) / Math.max(1000, spanMs);
  return pages <= SPLIT_ABOVE ? 1 : Math.min(MAX_PARTS, Math.ceil(pages / TARGET_PAGES));
}
