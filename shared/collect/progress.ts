import type { Receipt } from '../archive/receipt.ts';
import type { SourceNote, WindowRow } from '../archive/windows.ts';
import type { HoldfastError } from '../errors.ts';
import { formatSeconds } from '../instant.ts';
import type { Outcome } from './outcome.ts';
import { retryDelayMs, settle, skippedHours } from './settle.ts';
import type { Interval, SourceSpec } from './spec.ts';

/** What becomes of a window after a pass, a failure, a split. Pure. */

const DAY = 86_400_000;

export function afterPass(
  row: WindowRow,
  outcome: Exclude<Outcome, { kind: 'split' }>,
  pass: { readonly startedMs: number; readonly added: number; readonly settleHours: readonly number[] },
): WindowRow {
  const done = {
    ...row,
    passes: row.passes + 1,
    records: row.records + pass.added,
    collectedMs: pass.startedMs,
    queuedMs: 0,
  };
  const { settled, dueMs } = settle(row, pass.startedMs, pass.added, pass.settleHours);
  if (outcome.kind === 'partial') {
    if (outcome.final && settled)
      return { ...done, state: 'partial', settled: true, attempts: 0, dueMs: 0, reason: outcome.reason };
    const attempts = outcome.final ? 0 : row.attempts + 1;
    const retryMs = pass.startedMs + retryDelayMs(attempts);
    return {
      ...done,
      state: 'partial',
      settled: false,
      attempts,
      dueMs: outcome.final ? dueMs : retryMs,
      reason: outcome.reason,
    };
  }
  if (settled) return { ...done, state: 'complete', settled, attempts: 0, dueMs, reason: '' };
  const skipped = skippedHours(row, pass.startedMs, pass.settleHours);
  const without = skipped.length > 0 ? ` (the pass after ${skipped.join(' and ')} h was skipped)` : '';
  return {
    ...done,
    state: 'pending',
    settled,
    attempts: 0,
    dueMs,
    reason: `collected ${done.passes} time${done.passes === 1 ? '' : 's'}${without}; late records are still possible: next pass ${formatSeconds(dueMs)}`,
  };
}

const REFUSALS: Readonly<Record<string, (spec: SourceSpec) => string>> = {
  permission: (spec) => spec.remedy.permission,
  licence: (spec) => spec.remedy.licence,
  subscription: () => 'The subscription is started again by the next run of the timer collect.',
};

const PROBE_MS = 15 * 60_000;

/** After a pass that did not come to an end. A refusal holds for the whole source until one window is answered again. */
export function afterFailure(
  spec: SourceSpec,
  row: WindowRow,
  error: HoldfastError,
  nowMs: number,
): { window: WindowRow; note?: SourceNote } {
  const attempts = row.attempts + 1;
  const window: WindowRow = {
    ...row,
    attempts,
    queuedMs: 0,
    dueMs: nowMs + retryDelayMs(attempts),
    reason: error.message,
  };
  const remedy = REFUSALS[String(error.ids['refusal'])]?.(spec);
  if (error.code !== 'vendor-refused' || !remedy) {
    return { window: { ...window, state: row.passes > 0 ? row.state : 'pending' } };
  }
  const reason = `${error.message} ${remedy}`;
  return {
    window: { ...window, state: row.passes > 0 ? row.state : 'unavailable', reason },
    note: {
      unavailable: reason,
      sinceMs: nowMs,
      probeMs: nowMs + (error.ids['refusal'] === 'subscription' ? 60_000 : PROBE_MS),
    },
  };
}

/** The windows that take a split one's place: they have had the passes it had. */
export const childWindows = (row: WindowRow, parts: readonly Interval[], nowMs: number): WindowRow[] =>
  parts.map(({ fromMs, toMs }, i) => ({
    ...row,
    fromMs,
    toMs,
    records: i === 0 ? row.records : 0,
    queuedMs: nowMs,
    attempts: 0,
    dueMs: nowMs,
  }));

/**
 * Where a window reaches behind what the vendor keeps: the part that is lost, as a gap with exact bounds, and the
 * rest. Undefined when all of it is within retention, or earlier passes have already collected it.
 */
export function clampToRetention(
  spec: SourceSpec,
  row: WindowRow,
  nowMs: number,
): { gap: WindowRow; rest: WindowRow | undefined } | undefined {
  const horizonMs = Math.ceil((nowMs - spec.retentionDays * DAY + spec.marginMs) / 1000) * 1000;
  if (row.passes > 0 || row.fromMs >= horizonMs) return undefined;
  const cutMs = Math.min(horizonMs, row.toMs);
  return {
    gap: gapWindow(row, { fromMs: row.fromMs, toMs: cutMs }, spec, nowMs),
    rest: cutMs < row.toMs ? { ...row, fromMs: cutMs } : undefined,
  };
}

export const gapWindow = (
  row: WindowRow,
  { fromMs, toMs }: Interval,
  spec: SourceSpec,
  nowMs: number,
): WindowRow => ({
  ...row,
  fromMs,
  toMs,
  state: 'gap',
  settled: true,
  dueMs: 0,
  queuedMs: 0,
  collectedMs: nowMs,
  records: 0,
  reason: `not collected in time: on ${formatSeconds(nowMs)} it was older than the ${spec.retentionDays} days that the vendor keeps`,
});

/** The row as the collector leaves it after the pass of this receipt, which is the row's next. */
export function afterPassReceipt(
  row: WindowRow,
  receipt: Receipt,
  settleHours: readonly number[],
): WindowRow {
  const outcome: Exclude<Outcome, { kind: 'split' }> =
    receipt.outcome === 'collected'
      ? { kind: 'collected' }
      : { kind: 'partial', reason: receipt.reason ?? '', final: receipt.settled };
  return afterPass(row, outcome, {
    startedMs: Date.parse(receipt.startedAt),
    added: receipt.counts.added,
    settleHours,
  });
}
