import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverageOf, withDeletion } from '../../../shared/archive/coverage.ts';
import { newWindow, type WindowRow, type WindowState } from '../../../shared/archive/windows.ts';

const T0 = Date.UTC(2026, 10, 1);
const HOUR = 3_600_000;
const states: WindowState[] = ['complete', 'partial', 'pending', 'gap', 'unavailable'];
const window = (hour: number, hours: number, state: WindowState): WindowRow => ({
  ...newWindow('t', 'ual-entra', T0 + hour * HOUR, T0 + (hour + hours) * HOUR, 0),
  state,
  passes: 1,
  reason: state === 'complete' ? '' : `because ${state}`,
  records: 10,
});

describe('coverage', () => {
  it('has a state for every instant and a reason for all that is not complete, whatever the windows', () => {
    const windows = fc
      .array(
        fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 5 }), fc.constantFrom(...states)),
        { maxLength: 12 },
      )
      .map((list) => list.map(([h, n, s]) => window(h, n, s)).sort((a, b) => a.fromMs - b.fromMs));
    fc.assert(
      fc.property(
        windows,
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (rows, from, length) => {
          const asked = { fromMs: T0 + from * HOUR, toMs: T0 + (from + length) * HOUR };
          const overlapping = rows.filter((w) => w.toMs > asked.fromMs && w.fromMs < asked.toMs);
          const { intervals } = coverageOf('ual-entra', asked, overlapping, { nowMs: T0 + 100 * HOUR });
          expect(Date.parse(intervals[0]!.from)).toBe(asked.fromMs);
          expect(Date.parse(intervals.at(-1)!.to)).toBe(asked.toMs);
          intervals.slice(1).forEach((x, i) => expect(x.from).toBe(intervals[i]!.to));
          expect(intervals.filter((x) => x.state !== 'complete' && !x.reason)).toEqual([]);
          for (const x of intervals.filter((i) => i.state === 'complete')) {
            expect(overlapping.some((w) => w.state === 'complete' && w.fromMs <= Date.parse(x.from))).toBe(
              true,
            );
          }
        },
      ),
    );
  });

  it('merges neighbours of the same state and says what lies outside', () => {
    const rows = [window(2, 1, 'complete'), window(3, 1, 'complete'), window(4, 1, 'gap')];
    const asked = { fromMs: T0, toMs: T0 + 8 * HOUR };
    const { state, intervals } = coverageOf('ual-entra', asked, rows, {
      nowMs: T0 + 6 * HOUR,
      firstMs: T0 + 2 * HOUR,
    });
    expect(intervals.map((i) => [i.state, i.records])).toEqual([
      ['gap', 0],
      ['complete', 20],
      ['gap', 10],
      ['pending', 0],
    ]);
    expect(state).toBe('gap');
  });

  it('shows a refused source as unavailable with its reason wherever nothing was collected', () => {
    const rows = [window(0, 1, 'complete'), { ...window(1, 1, 'pending'), passes: 0 }];
    const asked = { fromMs: T0, toMs: T0 + 3 * HOUR };
    const { intervals } = coverageOf('ual-entra', asked, rows, {
      nowMs: T0 + 3 * HOUR,
      firstMs: T0,
      unavailable: 'no licence: buy one',
    });
    expect(intervals.map((i) => [i.state, i.reason])).toEqual([
      ['complete', undefined],
      ['unavailable', 'no licence: buy one'],
    ]);
  });

  it('says until when the vendor keeps what is not proven yet, and nothing of what is settled', () => {
    const rows = [
      window(0, 1, 'complete'),
      window(1, 1, 'partial'),
      window(2, 1, 'gap'),
      window(3, 1, 'pending'),
    ];
    const asked = { fromMs: T0, toMs: T0 + 4 * HOUR };
    const { intervals } = withDeletion(coverageOf('ual-entra', asked, rows, { nowMs: T0 + 4 * HOUR }), 7);
    expect(intervals.map((i) => i.vendorDeletesAt)).toEqual([
      undefined,
      '2026-11-08T01:00:00Z',
      undefined,
      '2026-11-08T03:00:00Z',
    ]);
  });
});
