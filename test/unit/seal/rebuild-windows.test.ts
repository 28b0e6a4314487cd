import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterReceipt } from '../../../infra/local/rebuild-tables.ts';
import { foldReceipts } from '../../../shared/archive/rebuild-windows.ts';
import type { Receipt } from '../../../shared/archive/receipt.ts';
import { newWindow, type WindowRow } from '../../../shared/archive/windows.ts';
import { formatSeconds } from '../../../shared/instant.ts';

const T0 = Date.parse('2026-11-01T00:00:00Z');
const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-24T00:00:00Z');
const place = { tenant: 't', source: 'signins-interactive', nowMs: NOW } as const;
const settleHours = [1, 6, 24, 72];

const receipt = (row: WindowRow, added: number, outcome: Receipt['outcome'] = 'collected'): Receipt => ({
  format: 1,
  tenant: 't',
  source: place.source,
  window: { from: formatSeconds(row.fromMs), to: formatSeconds(row.toMs) },
  pass: outcome === 'gap' ? 1 : row.passes + 1,
  outcome,
  ...(outcome !== 'collected' && { reason: 'because' }),
  startedAt: new Date(row.toMs + 2 * HOUR).toISOString(),
  finishedAt: new Date(row.toMs + 2 * HOUR).toISOString(),
  counts: { received: added, added, versions: 0, duplicates: 0, outside: 0, unparsed: 0 },
  segments: [],
  settled: false,
  requests: [],
  software: 'test',
});

const fold = (row: WindowRow, r: Receipt): WindowRow => afterReceipt(row, r, settleHours);

/** A collector in miniature: windows are passed over or split, in any order; its rows are what must come back. */
function simulate(steps: readonly [number, number, number][]): { rows: WindowRow[]; receipts: Receipt[] } {
  let rows = [0, 1, 2].map((i) =>
    newWindow('t', place.source, T0 + i * 8 * HOUR, T0 + (i + 1) * 8 * HOUR, NOW),
  );
  const receipts: Receipt[] = [];
  for (const [which, what, added] of steps) {
    const row = rows[which % rows.length]!;
    const hours = (row.toMs - row.fromMs) / HOUR;
    if (what === 0 && hours >= 2) {
      const midMs = row.fromMs + Math.floor(hours / 2) * HOUR;
      const parts = [
        { ...row, toMs: midMs },
        { ...row, fromMs: midMs, records: 0 },
      ];
      rows = rows.flatMap((r) => (r === row ? parts : [r]));
    } else {
      receipts.push(receipt(row, added));
      rows = rows.map((r) => (r === row ? fold(row, receipts.at(-1)!) : r));
    }
  }
  return { rows, receipts };
}

describe('foldReceipts', () => {
  it('brings back the rows of any history of passes and splits, once each has been collected', () => {
    const step = fc.tuple(fc.nat(20), fc.nat(2), fc.nat(5));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const { rows, receipts } = simulate(steps);
        const last = rows.map((row) => receipt(row, 1));
        const expected = rows.map((row, i) => {
          const { plannedMs: _, ...rest } = fold(row, last[i]!);
          return rest;
        });
        const shuffled = [...last, ...receipts];
        expect(foldReceipts(shuffled, place, fold)).toEqual(expected);
      }),
    );
  });

  it('keeps what a split window had when its parts are not collected yet, and no instant twice', () => {
    const whole = newWindow('t', place.source, T0, T0 + 8 * HOUR, NOW);
    const first = receipt(whole, 7);
    const part = { ...fold(whole, first), toMs: T0 + 3 * HOUR };
    const rows = foldReceipts([receipt(part, 2), first], place, fold);
    expect(rows.map((r) => [r.fromMs - T0, r.toMs - T0, r.passes, r.records])).toEqual([
      [0, 3 * HOUR, 2, 9],
      [3 * HOUR, 8 * HOUR, 1, 0],
    ]);
  });

  it('plans again what lies between collected windows and has no receipt', () => {
    const a = newWindow('t', place.source, T0, T0 + HOUR, NOW);
    const b = newWindow('t', place.source, T0 + 49 * HOUR, T0 + 50 * HOUR, NOW);
    const rows = foldReceipts([receipt(a, 1), receipt(b, 1)], place, fold);
    expect(rows.map((r) => [r.fromMs - T0, r.toMs - T0, r.passes])).toEqual([
      [0, HOUR, 1],
      [HOUR, 25 * HOUR, 0],
      [25 * HOUR, 49 * HOUR, 0],
      [49 * HOUR, 50 * HOUR, 1],
    ]);
  });

  // Found: windows of months ago counted as planned at the moment of the rebuild, and alarms kept silent for hours.
  it('does not say that a window was planned when it was only rebuilt', () => {
    const a = newWindow('t', place.source, T0, T0 + HOUR, NOW);
    expect(foldReceipts([receipt(a, 0)], place, fold)[0]).not.toHaveProperty('plannedMs');
  });

  it('brings gaps back with their reason', () => {
    const a = newWindow('t', place.source, T0, T0 + HOUR, NOW);
    expect(foldReceipts([receipt(a, 0, 'gap')], place, fold)).toMatchObject([
      { state: 'gap', settled: true, passes: 0, reason: 'because', dueMs: 0 },
    ]);
  });
});
