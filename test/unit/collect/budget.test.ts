import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LocalBudget,
  paced,
  reserve,
  reserveBlock,
  stretched,
  type Reservations,
} from '../../../shared/collect/budget.ts';
import { SharedBudget } from '../../../shared/collect/shared-budget.ts';
import { MemoryTables } from '../../../shared/store/memory.ts';

const limit = { requests: 5, periodMs: 10_000 };
const none: Reservations = { times: [], pausedMs: 0 };
const most = (times: readonly number[], periodMs: number): number =>
  Math.max(...times.map((at) => times.filter((t) => t > at - periodMs && t <= at).length));

describe('the request budget', () => {
  it('never lets more than the limit into any period, and wastes less than five per cent', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 30, maxLength: 80 }), (pauses) => {
        let last = none;
        let now = 0;
        const sends: number[] = [];
        for (const pause of pauses) {
          now += pause;
          const slot = reserve(last, now, limit);
          last = slot.last;
          sends.push(slot.atMs);
        }
        expect(most(sends, limit.periodMs)).toBeLessThanOrEqual(limit.requests);
      }),
    );
    const end = reserveBlock(none, 0, stretched(limit), 1000).times.at(-1)!;
    expect(1000 / (end / 1000)).toBeGreaterThan(0.95 * 0.5);
  });

  it('keeps to a pause that the service asked for', () => {
    expect(reserve({ times: [100], pausedMs: 7000 }, 200, limit).atMs).toBe(7000);
  });

  it('does not wait for what a wrong clock has reserved', () => {
    const wrong = { times: Array.from({ length: 5 }, (_, i) => 3_600_000 + i), pausedMs: 0 };
    expect(reserve(wrong, 1000, limit).atMs).toBe(1000);
  });

  it('holds in the long period what it paces in short ones, however late within bounds a request leaves', () => {
    const wide = fc.record({
      requests: fc.integer({ min: 1, max: 400 }),
      periodMs: fc.integer({ min: 1000, max: 60_000 }),
    });
    fc.assert(
      fc.property(wide, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (w, late) => {
        const lateMs = w.periodMs / 60;
        const { times } = reserveBlock(none, 0, paced(stretched(w, lateMs)), 3 * w.requests);
        const sent = times.map((at, i) => at + late[i % late.length]! * lateMs).sort((a, b) => a - b);
        expect(most(sent, w.periodMs)).toBeLessThanOrEqual(w.requests);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the rate when it shortens a wide limit', () => {
    const { requests, periodMs } = paced({ requests: 2000, periodMs: 60_000 });
    expect(requests).toBeLessThanOrEqual(40);
    expect(requests / periodMs).toBeCloseTo(2000 / 60_000, 6);
  });

  it('is shared: several instances together stay within it', async () => {
    const tables = new MemoryTables();
    const sends: number[] = [];
    const clock = {
      now: () => 0,
      sleep: (ms: number) => (ms > 25 ? void sends.push(ms) : undefined, Promise.resolve()),
    };
    const budgets = Array.from({ length: 4 }, () => new SharedBudget('b', limit, { tables, clock }));
    await Promise.all(Array.from({ length: 40 }, (_, i) => budgets[i % 4]!.acquire(Infinity)));
    const times = [...Array.from({ length: 40 - sends.length }, () => 0), ...sends].sort((a, b) => a - b);
    expect(times).toHaveLength(40);
    times.forEach((t, i) => expect(t - (times[i - 5] ?? -Infinity)).toBeGreaterThanOrEqual(10_000));
  });

  it('refuses a slot beyond the deadline, and reserves none', async () => {
    const clock = { now: () => 0, sleep: () => Promise.resolve() };
    const tables = new MemoryTables();
    const budget = new SharedBudget('b', { requests: 1, periodMs: 10_000 }, { tables, clock });
    await budget.acquire(1000);
    const row = await tables.get('budgets', 'b', 'log');
    await expect(budget.acquire(1000)).rejects.toMatchObject({ code: 'deadline', retryable: true });
    expect(await tables.get('budgets', 'b', 'log')).toEqual(row);
    const local = new LocalBudget({ requests: 1, periodMs: 10_000 }, clock);
    await local.acquire(1000);
    await expect(local.acquire(1000)).rejects.toMatchObject({ code: 'deadline' });
  });

  it('takes a row that cannot be read for none', async () => {
    const clock = { now: () => 0, sleep: () => Promise.resolve() };
    const tables = new MemoryTables();
    await tables.insert('budgets', 'b', { row: 'log', cells: { state: '{"times":["soon"]}' } });
    await new SharedBudget('b', limit, { tables, clock }).acquire(0);
    expect((await tables.get('budgets', 'b', 'log'))?.cells['state']).toBe('{"times":[0],"pausedMs":0}');
  });
});
