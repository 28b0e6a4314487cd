import type { WindowRow } from '../archive/windows.ts';
import { formatSeconds } from '../instant.ts';
import type { Outcome } from './outcome.ts';
import { scheduleMs } from './settle.ts';
import type { Interval, SourceSpec } from './spec.ts';

/** What a window's later passes can still prove when the vendor has begun to delete what it held. Pure. */

const DAY = 86_400_000;

/** The earliest instant that may be asked for: whole seconds, the spec's margin inside what the vendor keeps. */
export const horizonOf = (spec: SourceSpec, nowMs: number): number =>
  Math.ceil((nowMs - spec.retentionDays * DAY + spec.marginMs) / 1000) * 1000;

/** The part of a window that a strict service still answers for; undefined when nothing is left. */
export function answerable(spec: SourceSpec, row: Interval, nowMs: number): Interval | undefined {
  const fromMs = Math.max(row.fromMs, horizonOf(spec, nowMs));
  return fromMs < row.toMs ? { fromMs, toMs: row.toMs } : undefined;
}

/**
 * Why a pass over an already collected window proves less than it should: it was due before the vendor deleted a
 * part, and ran after. A service that answers "nothing" for deleted records must not be believed. Undefined when
 * the pass is in time, or when the schedule was through before.
 */
export function tooLate(
  spec: SourceSpec,
  row: WindowRow,
  nowMs: number,
  settleHours: readonly number[],
): string | undefined {
  const horizonMs = horizonOf(spec, nowMs);
  if (row.passes === 0 || row.fromMs >= horizonMs) return undefined;
  const scheduleEndMs = row.toMs + scheduleMs(settleHours);
  if (row.state !== 'partial' && row.collectedMs >= scheduleEndMs) return undefined;
  return `last collected on ${formatSeconds(row.collectedMs)}, and on ${formatSeconds(nowMs)} the vendor had deleted what was from before ${formatSeconds(Math.min(horizonMs, row.toMs))}: what came late is lost`;
}

/** What a pass proves in the light of what was known beside its answers. */
export function judged(
  row: WindowRow,
  outcome: Exclude<Outcome, { kind: 'split' }>,
  late: string | undefined,
  caveat: string | undefined,
): Exclude<Outcome, { kind: 'split' }> {
  if (outcome.kind === 'partial')
    return late ? { ...outcome, reason: `${outcome.reason}; ${late}` } : outcome;
  // What an earlier pass could not read is not asked for again once it is deleted: its reason stays.
  const missing = row.state === 'partial' ? [row.reason.split('; last collected on')[0]!] : [];
  const reason = late ? [...missing, late].join('; ') : caveat;
  return reason === undefined ? outcome : { kind: 'partial', reason, final: true };
}
