import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compact, reserve, SharedBudget, type Reservations } from '../../../shared/collect/budget.ts';
import { MemoryTables } from '../../../shared/store/memory.ts';

const limit = { requests: 5, periodMs: 10_000 };

describe('the request budget', () => {
  it('never lets more than the limit into any period, and wastes less than five per cent', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 30, maxLength: 80 }), (pauses) => {
        let last: Reservations = { times: [], pausedMs: 0 };
        let now = 0;
        const sends: number[] = [];
        for (const pause of pauses) {
          now += pause;
          const slot = reserve(last, now, limit);
          last = slot.last;
          sends.push(slot.atMs);
        }
        for (const at of sends)
          expect(sends.filter((s) => s > at - limit.periodMs && s <= at).length).toBeLessThanOrEqual(
            limit.requests,
          );
      }),
    );
    let last: Reservations = { times: [], pausedMs: 0 };
    let end = 0;
    for (let i = 0; i < 1000; i++) {
      const slot = reserve(last, 0, limit);
      last = slot.last;
      end = slot.atMs;
    }
    expect(1000 / (end / 1000)).toBeGreaterThan(0.95 * 0.5);
  });

  it('keeps to a pause that the service asked for', () => {
    expect(reserve({ times: [100], pausedMs: 7000 }, 200, limit).atMs).toBe(7000);
  });

  it('keeps the rate when it shortens a wide limit', () => {
    const { requests, periodMs } = compact({ requests: 1900, periodMs: 60_000 });
    expect(requests).toBeLessThanOrEqual(20);
    expect(requests / periodMs).toBeLessThanOrEqual(1900 / 60_000);
    expect(requests / periodMs).toBeGreaterThan(0.94 * (1900 / 60_000));
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

  it('refuses a slot beyond the deadline', async () => {
    const clock = { now: () => 0, sleep: () => Promise.resolve() };
    const budget = new SharedBudget(
      'b',
      { requests: 1, periodMs: 10_000 },
      { tables: new MemoryTables(), clock },
    );
    await budget.acquire(1000);
    await expect(budget.acquire(1000)).rejects.toMatchObject({ code: 'deadline' });
  });
});
