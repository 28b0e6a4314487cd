import { formatSeconds } from '../instant.ts';
import { FEED_SOURCES } from '../sources.ts';
import type { CoverageInterval, SourceCoverage } from './coverage.ts';
import type { WindowState } from './windows.ts';

const FILLED =
  'the feed is not complete here; the audit search has brought what it lacks (source ual-search)';
const ORDER: readonly WindowState[] = ['gap', 'unavailable', 'partial', 'pending', 'complete'];

/**
 * What the feed cannot prove, because its subscription began later or its records were gone, is complete where the
 * audit search has answered for the same time: the events are in the archive, of one source or the other. Pure.
 */
export function fillFromSearch(
  coverage: SourceCoverage,
  search: Pick<SourceCoverage, 'intervals'>,
): SourceCoverage {
  if (!FEED_SOURCES.includes(coverage.source)) return coverage;
  const proven = search.intervals.filter((i) => i.state === 'complete');
  const intervals = coverage.intervals.flatMap((i) => (i.state === 'complete' ? [i] : fillOne(i, proven)));
  return {
    ...coverage,
    intervals,
    state: ORDER.find((s) => intervals.some((i) => i.state === s)) ?? 'pending',
  };
}

/** Cuts an interval where proven ones begin and end. Its count of records stays with its first piece. */
function fillOne(interval: CoverageInterval, proven: readonly CoverageInterval[]): CoverageInterval[] {
  const pieces: CoverageInterval[] = [];
  const toMs = Date.parse(interval.to);
  let atMs = Date.parse(interval.from);
  const put = (endMs: number, filled: boolean): void => {
    if (endMs <= atMs) return;
    const bounds = { from: formatSeconds(atMs), to: formatSeconds(endMs) };
    const records = pieces.length === 0 ? interval.records : 0;
    const state = filled ? ({ state: 'complete', reason: FILLED } as const) : {};
    pieces.push({ ...interval, ...bounds, ...state, records });
    atMs = endMs;
  };
  for (const p of proven) {
    const [fromMs, endMs] = [Date.parse(p.from), Date.parse(p.to)];
    if (endMs <= atMs || fromMs >= toMs) continue;
    put(fromMs, false);
    put(Math.min(endMs, toMs), true);
  }
  put(toMs, false);
  return pieces;
}

const NOT_YET = 'searched three days after the event, when late records have come';

/** The search is late on purpose: said so instead of "not collected yet". Pure. */
export const withSearchReason = (coverage: SourceCoverage): SourceCoverage =>
  coverage.source === 'ual-search'
    ? {
        ...coverage,
        intervals: coverage.intervals.map((i) =>
          i.state === 'pending' && i.reason === 'not collected yet' ? { ...i, reason: NOT_YET } : i,
        ),
      }
    : coverage;
