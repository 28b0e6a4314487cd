import { formatSeconds } from '../instant.ts';
import type { Piece } from './coverage.ts';

/**
 * The feed's windows lie on the time at which content became available; a question is of event time. Content that
 * became available at T holds events of before T, late ones of up to `lateMs` before. So an event time is complete
 * only when every window from it on, for `lateMs`, is complete: a later one that is pending may still bring its
 * records, one that is partial, unavailable or a gap may have had them. `pieces` follow one another without a hole and
 * reach `lateMs` beyond what is asked; of another state than complete they stay as they are. Pure.
 */
export function onEventTime(pieces: readonly Piece[], lateMs: number): Piece[] {
  const answered: Piece[] = [];
  let [open, lost]: [Piece | undefined, Piece | undefined] = [undefined, undefined];
  for (const piece of pieces.toReversed()) {
    answered.push(...(piece.state === 'complete' ? whatIsProven(piece, { open, lost, lateMs }) : [piece]));
    if (piece.state === 'pending') open = piece;
    else if (piece.state !== 'complete') lost = piece;
  }
  return answered.reverse();
}

interface Later {
  /** The nearest later piece that is pending, and the nearest of which something is missing. */
  readonly open: Piece | undefined;
  readonly lost: Piece | undefined;
  readonly lateMs: number;
}

/** A complete piece's parts, last first: the end of it may lie within `lateMs` of what is not complete. */
function whatIsProven(piece: Piece, { open, lost, lateMs }: Later): Piece[] {
  const reach = (later: Piece | undefined): number =>
    later ? Math.min(piece.toMs, Math.max(piece.fromMs, later.fromMs - lateMs)) : piece.toMs;
  const partialMs = reach(lost);
  const pendingMs = Math.min(reach(open), partialMs);
  const [first, ...rest] = [
    { ...piece, toMs: pendingMs },
    { ...piece, fromMs: pendingMs, toMs: partialMs, state: 'pending' as const, reason: openReason(open) },
    { ...piece, fromMs: partialMs, state: 'partial' as const, reason: lostReason(lost) },
  ].filter((part) => part.toMs > part.fromMs);
  return [first!, ...rest.map((part) => ({ ...part, records: 0 }))].reverse();
}

const openReason = (later: Piece | undefined): string =>
  later
    ? `late records are still possible: content that becomes available from ${formatSeconds(later.fromMs)} on is not settled yet`
    : '';

const lostReason = (later: Piece | undefined): string =>
  later
    ? `late records may be missing: content that became available from ${formatSeconds(later.fromMs)} to ${formatSeconds(later.toMs)} is ${later.state}: ${later.reason}`
    : '';
