import { formatSeconds } from '../instant.ts';
import type { SourceId } from '../sources.ts';
import { onEventTime } from './coverage-late.ts';
import type { WindowRow, WindowState } from './windows.ts';

/** What is proven of an interval of a source. */
export interface CoverageInterval {
  /** Half-open, ISO 8601 UTC. */
  readonly from: string;
  readonly to: string;
  readonly state: WindowState;
  readonly reason?: string;
  /** Records stored by the windows of this interval (whole windows, where the question cuts one). */
  readonly records: number;
  /** Where something may still be collected: when the vendor deletes the first of it. */
  readonly vendorDeletesAt?: string;
}

export interface SourceCoverage {
  readonly source: SourceId;
  /** The worst of its intervals. */
  readonly state: WindowState;
  readonly intervals: readonly CoverageInterval[];
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Piece extends Span {
  readonly state: WindowState;
  readonly reason: string;
  readonly records: number;
}

export interface CoverageContext {
  readonly nowMs: number;
  /** Start of the first window ever planned for the source, if there is one. */
  readonly firstMs?: number;
  /** Why the whole source cannot be collected at present. */
  readonly unavailable?: string;
  /** Why later passes that are due wait. */
  readonly postponed?: string;
  /**
   * For a source whose windows lie on the time of availability: how long after an event its record may become
   * available, milliseconds. `windows` then reach so far beyond what is asked.
   */
  readonly lateMs?: number;
}

const WORST: readonly WindowState[] = ['gap', 'unavailable', 'partial', 'pending', 'complete'];

/**
 * Coverage of `asked` (event time), without a hole: every instant has a state and, unless complete, a reason.
 * `windows` are the rows that overlap it, in order; `unavailable` holds for all that was never collected. Pure.
 */
export function coverageOf(
  source: SourceId,
  asked: Span,
  windows: readonly WindowRow[],
  context: CoverageContext,
): SourceCoverage {
  const { lateMs } = context;
  const pieces =
    lateMs === undefined
      ? piecesOf(asked, windows, context)
      : onEventTime(piecesOf({ ...asked, toMs: asked.toMs + lateMs }, windows, context), lateMs);
  const within = pieces.map((p) => ({ ...p, toMs: Math.min(p.toMs, asked.toMs) }));
  const intervals = merge(within.filter((p) => p.toMs > p.fromMs)).map(toInterval);
  const state = WORST.find((s) => intervals.some((i) => i.state === s)) ?? 'pending';
  return { source, state, intervals };
}

/** On the windows' own axis: each window's part of the span, and what lies between them. */
function piecesOf(span: Span, windows: readonly WindowRow[], context: CoverageContext): Piece[] {
  const pieces: Piece[] = [];
  let atMs = span.fromMs;
  for (const w of windows) {
    if (w.toMs <= atMs) continue;
    if (w.fromMs >= span.toMs) break;
    if (w.fromMs > atMs) pieces.push(uncovered(atMs, w.fromMs, context));
    pieces.push(covered(w, Math.max(atMs, w.fromMs), Math.min(w.toMs, span.toMs), context));
    atMs = Math.min(w.toMs, span.toMs);
  }
  if (atMs < span.toMs) pieces.push(uncovered(atMs, span.toMs, context));
  return pieces;
}

function covered(w: WindowRow, fromMs: number, toMs: number, context: CoverageContext): Piece {
  const { unavailable, postponed, nowMs } = context;
  if (unavailable && w.passes === 0 && w.state !== 'gap')
    return { fromMs, toMs, state: 'unavailable', reason: unavailable, records: w.records };
  const waits = postponed && w.passes > 0 && !w.settled && w.dueMs <= nowMs;
  const reason = waits ? `${w.reason}; ${postponed}` : w.reason;
  return { fromMs, toMs, state: w.state, reason, records: w.records };
}

function uncovered(fromMs: number, toMs: number, context: CoverageContext): Piece {
  const piece = (state: WindowState, reason: string): Piece => ({ fromMs, toMs, state, reason, records: 0 });
  if (context.firstMs !== undefined && fromMs < context.firstMs)
    return piece(
      'gap',
      'before the first collection: the vendor no longer kept it, or BACKFILL_DAYS left it out',
    );
  if (context.unavailable) return piece('unavailable', context.unavailable);
  if (fromMs >= context.nowMs) return piece('pending', 'in the future');
  return piece('pending', 'not collected yet');
}

const OPEN: ReadonlySet<WindowState> = new Set(['pending', 'partial', 'unavailable']);

/** The retention clock: until when what is not proven yet can still be collected. Pure. */
export const withDeletion = (coverage: SourceCoverage, retentionDays: number | undefined): SourceCoverage =>
  retentionDays === undefined
    ? coverage
    : {
        ...coverage,
        intervals: coverage.intervals.map((i) =>
          OPEN.has(i.state)
            ? { ...i, vendorDeletesAt: formatSeconds(Date.parse(i.from) + retentionDays * 86_400_000) }
            : i,
        ),
      };

/** Neighbours of the same state and reason become one interval. */
function merge(pieces: readonly Piece[]): Piece[] {
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (last && last.toMs === piece.fromMs && last.state === piece.state && sameReason(last, piece)) {
      merged[merged.length - 1] = { ...last, toMs: piece.toMs, records: last.records + piece.records };
    } else merged.push(piece);
  }
  return merged;
}

/** Pending windows differ in when their next pass is due; the neighbour's time is near enough for a merged line. */
const sameReason = (a: Piece, b: Piece): boolean =>
  a.reason === b.reason || (a.state === 'pending' && kind(a) === kind(b));
const kind = (p: Piece): string => p.reason.replace(/\d[\d:TZ.-]*/g, '#').replace('times', 'time');

const toInterval = (p: Piece): CoverageInterval => ({
  from: formatSeconds(p.fromMs),
  to: formatSeconds(p.toMs),
  state: p.state,
  ...(p.reason && { reason: p.reason }),
  records: p.records,
});
