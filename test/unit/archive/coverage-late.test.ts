import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverageOf } from '../../../shared/archive/coverage.ts';
import { readCoverage } from '../../../shared/archive/coverage-reader.ts';
import { newWindow, WindowTable, type WindowRow, type WindowState } from '../../../shared/archive/windows.ts';
import { MemoryTables } from '../../../shared/store/memory.ts';
import type { SourceId } from '../../../shared/sources.ts';

const T0 = Date.UTC(2026, 10, 1);
const HOUR = 3_600_000;
const LATE = 6;
const NOW = T0 + 1000 * HOUR;
const hourOf = (text: string): number => (Date.parse(text) - T0) / HOUR;

function rowsOf(states: readonly WindowState[], source: SourceId = 'ual-exchange'): WindowRow[] {
  return states.map((state, hour) => ({
    ...newWindow('t', source, T0 + hour * HOUR, T0 + (hour + 1) * HOUR, 0),
    state,
    passes: 1,
    reason: state === 'complete' ? '' : `because ${state}`,
    records: 1,
  }));
}

const settled = (hours: number): WindowState[] =>
  Array.from({ length: hours }, (): WindowState => 'complete');

function cover(states: readonly WindowState[], fromHour: number, toHour: number): string[] {
  const asked = { fromMs: T0 + fromHour * HOUR, toMs: T0 + toHour * HOUR };
  const context = { nowMs: NOW, lateMs: LATE * HOUR };
  return coverageOf('ual-exchange', asked, rowsOf(states), context).intervals.map(
    (i) => `${hourOf(i.from)}-${hourOf(i.to)} ${i.state}`,
  );
}

describe('coverage of the feed on event time', () => {
  it.each([
    ['partial', 'partial'],
    ['gap', 'partial'],
    ['unavailable', 'partial'],
    ['pending', 'pending'],
  ] as const)(
    'a later window that is %s makes the time before it %s, as far as records come late',
    (state, is) => {
      const states = [...settled(10), state, ...settled(20)];
      expect(cover(states, 0, 20)).toEqual(
        state === 'pending'
          ? ['0-4 complete', '4-10 pending', '10-11 pending', '11-20 complete']
          : ['0-4 complete', `4-10 ${is}`, `10-11 ${state}`, '11-20 complete'],
      );
    },
  );

  it('is not complete where content that may hold its late records is yet to become available', () => {
    expect(cover(settled(10), 0, 10)).toEqual(['0-4 complete', '4-10 pending']);
  });

  it('says loss before patience where both lie ahead', () => {
    const states = [...settled(8), 'pending', 'complete', 'gap', ...settled(20)] as const;
    expect(cover(states, 0, 8)).toEqual(['0-2 complete', '2-4 pending', '4-8 partial']);
  });

  it('names the content that is not whole, and its reason', () => {
    const rows = rowsOf([...settled(4), 'gap', 'complete', 'pending', ...settled(9)]);
    const asked = { fromMs: T0, toMs: T0 + 6 * HOUR };
    const { intervals, state } = coverageOf('ual-exchange', asked, rows, { nowMs: NOW, lateMs: HOUR });
    expect(intervals.map((i) => [i.state, i.records, i.reason])).toEqual([
      ['complete', 3, undefined],
      [
        'partial',
        1,
        'late records may be missing: content that became available from 2026-11-01T04:00:00Z to 2026-11-01T05:00:00Z is gap: because gap',
      ],
      ['gap', 1, 'because gap'],
      [
        'pending',
        1,
        'late records are still possible: content that becomes available from 2026-11-01T06:00:00Z on is not settled yet',
      ],
    ]);
    expect(state).toBe('gap');
  });

  it('never says complete of an instant while any window from it on is not, within the time of late records', () => {
    const states = fc.array(
      fc.constantFrom<WindowState>(
        'complete',
        'complete',
        'complete',
        'partial',
        'pending',
        'gap',
        'unavailable',
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(states, fc.nat(30), fc.integer({ min: 1, max: 12 }), (list, from, length) => {
        const asked = { fromMs: T0 + from * HOUR, toMs: T0 + (from + length) * HOUR };
        const context = { nowMs: NOW, lateMs: LATE * HOUR };
        const { intervals } = coverageOf('ual-exchange', asked, rowsOf(list), context);
        for (let hour = from; hour < from + length; hour++) {
          // Half past: within this window and the five after it, and half of the sixth.
          const at = T0 + (hour + 0.5) * HOUR;
          const said = intervals.find((i) => Date.parse(i.from) <= at && at < Date.parse(i.to))!;
          const ahead = Array.from({ length: LATE + 1 }, (_, i) => list[hour + i]);
          const proven = ahead.every((state) => state === 'complete');
          expect([said.state === 'complete', Boolean(said.reason)]).toEqual([proven, !proven]);
        }
      }),
    );
  });

  it('is read with the windows behind what is asked; reports lie on event time and need none', async () => {
    const windows = new WindowTable(new MemoryTables());
    for (const source of ['ual-exchange', 'signins-interactive'] as const)
      for (const row of rowsOf([...settled(5), 'gap', ...settled(20)], source)) await windows.put(row);
    const found = await readCoverage(windows, {
      tenant: 't',
      fromMs: T0,
      toMs: T0 + 4 * HOUR,
      sources: ['ual-exchange', 'signins-interactive'],
      nowMs: NOW,
      lateMs: 3 * HOUR,
    });
    expect(found.map((c) => c.intervals.map((i) => `${hourOf(i.from)}-${hourOf(i.to)} ${i.state}`))).toEqual([
      ['0-2 complete', '2-4 partial'],
      ['0-4 complete'],
    ]);
  });
});
