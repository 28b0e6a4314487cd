import { describe, expect, it } from 'vitest';
import { readCoverage } from '../../../shared/archive/coverage-reader.ts';
import { newWindow, WindowTable, type WindowRow } from '../../../shared/archive/windows.ts';
import { formatSeconds } from '../../../shared/instant.ts';
import { MemoryTables } from '../../../shared/store/memory.ts';

const T = Date.parse('2026-11-10T00:00:00Z');
const DAY = 86_400_000;
const HOUR = 3_600_000;
const row = (
  source: WindowRow['source'],
  fromMs: number,
  toMs: number,
  over: Partial<WindowRow>,
): WindowRow => ({
  ...newWindow('t', source, fromMs, toMs, T),
  settled: true,
  dueMs: 0,
  passes: 1,
  ...over,
});

async function coverage(
  rows: WindowRow[],
  sources: WindowRow['source'][] = ['ual-exchange', 'signins-interactive', 'ual-search'],
) {
  const windows = new WindowTable(new MemoryTables());
  for (const one of rows) await windows.put(one);
  const found = await readCoverage(windows, {
    tenant: 't',
    fromMs: T,
    toMs: T + 4 * DAY,
    sources,
    nowMs: T + 10 * DAY,
    lateMs: 0,
  });
  return Object.fromEntries(
    found.map(({ source, state, intervals }) => [
      source,
      { state, intervals: intervals.map((i) => `${i.from} ${i.to} ${i.state} ${i.records}`) },
    ]),
  );
}

const at = (ms: number): string => formatSeconds(T + ms);

describe('coverage filled from the audit search', () => {
  const rows = [
    row('ual-search', T, T + DAY, { state: 'complete', reason: '', records: 9 }),
    row('ual-search', T + DAY, T + 2 * DAY, { state: 'complete', reason: '' }),
    row('ual-search', T + 2 * DAY, T + 3 * DAY, { state: 'partial', reason: 'cut' }),
    row('ual-exchange', T + 12 * HOUR, T + 3 * DAY, {
      state: 'partial',
      reason: 'the subscription began later',
      records: 7,
    }),
    row('ual-exchange', T + 3 * DAY, T + 4 * DAY, { state: 'complete', reason: '', records: 3 }),
    row('signins-interactive', T, T + 4 * DAY, { state: 'gap', reason: 'lost' }),
  ];

  it('is complete where the search has answered, cut at its bounds, and for the feed alone', async () => {
    expect(await coverage(rows)).toEqual({
      'ual-exchange': {
        state: 'partial',
        intervals: [
          `${at(0)} ${at(12 * HOUR)} complete 0`,
          `${at(12 * HOUR)} ${at(2 * DAY)} complete 7`,
          `${at(2 * DAY)} ${at(3 * DAY)} partial 0`,
          `${at(3 * DAY)} ${at(4 * DAY)} complete 3`,
        ],
      },
      'signins-interactive': { state: 'gap', intervals: [`${at(0)} ${at(4 * DAY)} gap 0`] },
      'ual-search': {
        state: 'partial',
        intervals: [
          `${at(0)} ${at(2 * DAY)} complete 9`,
          `${at(2 * DAY)} ${at(3 * DAY)} partial 0`,
          `${at(3 * DAY)} ${at(4 * DAY)} pending 0`,
        ],
      },
    });
  });

  it('is as the feed says where there is no search', async () => {
    const { 'ual-exchange': feed } = await coverage(rows, ['ual-exchange']);
    expect(feed).toEqual({
      state: 'gap',
      intervals: [
        `${at(0)} ${at(12 * HOUR)} gap 0`,
        `${at(12 * HOUR)} ${at(3 * DAY)} partial 7`,
        `${at(3 * DAY)} ${at(4 * DAY)} complete 3`,
      ],
    });
  });
});
