import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inBlocks, SharedBudget } from '../../../shared/collect/shared-budget.ts';
import { MemoryTables } from '../../../shared/store/memory.ts';
import type { TableStore } from '../../../shared/store/stores.ts';
import { VirtualClock } from '../../support/collector-world/virtual-clock.ts';
import { BudgetFarm, type FarmOptions } from './budget-farm.ts';

// What the Management Activity API allows a tenant.
const FEED = { requests: 2000, periodMs: 60_000 };
const SMALL = { requests: 60, periodMs: 10_000 };

async function farmed(options: Partial<FarmOptions>, at: Parameters<BudgetFarm['run']>[0] = {}) {
  const farm = new BudgetFarm({ seed: 1, limit: FEED, instances: [{}], seconds: 240, ...options });
  await farm.run(at);
  return farm;
}

/** Of what the limit allows, the part that was used in these seconds. */
const use = (farm: BudgetFarm, from: number, to: number, where: Parameters<BudgetFarm['count']>[0] = {}) =>
  farm.count(where, from, to) / ((to - from) * (FEED.requests / 60));
const refused = (farm: BudgetFarm): number => farm.sent.filter((s) => s.refused).length;

describe('a wide budget that instances share in blocks', () => {
  it.each([
    ['two instances, one source', [{ a: 24 }, { a: 24 }], 100],
    ['two instances with little at a time', [{ a: 6 }, { a: 6 }], 100],
    [
      'three instances, five sources',
      [
        { a: 24, b: 6, c: 6 },
        { a: 24, d: 12 },
        { b: 6, e: 6, a: 12 },
      ],
      150,
    ],
    ['ten instances, two sources', Array.from({ length: 10 }, () => ({ a: 12, b: 12 })), 600],
  ] as const)('%s: at least 95 %% used, nothing refused', async (_, instances, operations) => {
    const farm = await farmed({ instances });
    expect(use(farm, 60, 240)).toBeGreaterThan(0.95);
    expect(refused(farm)).toBe(0);
    expect(farm.peak()).toBeLessThanOrEqual(FEED.requests);
    // Storage operations per 1,000 requests; a reservation for each would cost 2,000.
    expect((farm.operations.length / farm.sent.length) * 1000).toBeLessThan(operations);
  });

  it('never lets more than the limit into any period, whoever works, stalls, dies or has a clock that is a little wrong', async () => {
    const workload = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 30 }), {
      minKeys: 1,
    });
    const options = fc.record({
      seed: fc.integer(),
      instances: fc.array(workload, { minLength: 2, maxLength: 5 }),
      answerMs: fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 100, max: 1500 })),
      restMs: fc.tuple(fc.constant(0), fc.integer({ min: 0, max: 3000 })),
      skewMs: fc.array(fc.integer({ min: -25, max: 25 }), { minLength: 5, maxLength: 5 }),
      stalls: fc.constantFrom(0, 0.02, 0.2),
    });
    await fc.assert(
      fc.asyncProperty(options, fc.integer({ min: 1, max: 25 }), async (o, dies) => {
        const farm = new BudgetFarm({ ...o, limit: SMALL, seconds: 40 });
        await farm.run({ [dies]: () => farm.dead.add(0) });
        expect(farm.sent.length).toBeGreaterThan(0);
        expect(farm.peak()).toBeLessThanOrEqual(SMALL.requests);
        expect(refused(farm)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('a dead holder wastes its block and stops nobody', async () => {
    const instances = [{ a: 48 }, { a: 48 }];
    const farm: BudgetFarm = new BudgetFarm({ seed: 2, limit: FEED, instances, seconds: 120 });
    await farm.run({ 20: () => farm.dead.add(0) });
    expect(farm.count({ instance: 0 }, 0, 20)).toBeGreaterThan(100);
    expect(farm.count({ instance: 0 }, 21, 120)).toBe(0);
    // A block is a thirtieth of the limit, two seconds' worth; here the one in use and the next.
    expect(use(farm, 18, 28)).toBeGreaterThan(0.6);
    expect(use(farm, 28, 120)).toBeGreaterThan(0.95);
    expect(refused(farm)).toBe(0);
  });

  it('a source that asks for much, on many instances, does not starve one that asks for little', async () => {
    const alone = await farmed({ instances: [{ little: 4 }], seconds: 120 });
    const crowd = Array.from({ length: 4 }, () => ({ much: 48 }));
    const farm = await farmed({ instances: [...crowd, { little: 4 }], seconds: 120 });
    const [wanted, got] = [use(alone, 60, 120), use(farm, 60, 120, { lane: 'little' })];
    // Its four requests at a time use a part of each turn.
    expect(got).toBeGreaterThan(wanted / 3);
    expect(use(farm, 60, 120)).toBeGreaterThan(0.95);
    // With equal demand, a source on one instance gets as much as one on four.
    const equal = await farmed({ instances: [...crowd, { other: 48 }], seconds: 120 });
    expect(use(equal, 30, 120, { lane: 'other' })).toBeGreaterThan(0.45);
  });

  it('Retry-After for one instance holds for all, within about two seconds, and all go on after it', async () => {
    const instances = [{ a: 24 }, { a: 24 }, { b: 24 }];
    const farm: BudgetFarm = new BudgetFarm({ seed: 3, limit: FEED, instances, seconds: 120 });
    await farm.run({
      20: () => farm.budgets[0]!.lane('a').pause(farm.clock.now() + 30_000),
    });
    for (const instance of [0, 1, 2]) {
      expect(farm.count({ instance }, 10, 20)).toBeGreaterThan(20);
      expect(farm.count({ instance }, 22.5, 50)).toBe(0);
      expect(farm.count({ instance }, 50, 60)).toBeGreaterThan(20);
    }
    expect(use(farm, 55, 120)).toBeGreaterThan(0.95);
  });

  it('after a refusal without any wait that it knew of, keeps to the wait that it is given', async () => {
    // Somebody else uses half of what the vendor allows.
    const farm = new BudgetFarm({ seed: 4, limit: FEED, instances: [{ a: 24 }, { a: 24 }], seconds: 180 });
    farm.limits.set('feed', { requests: 1000, perMs: 60_000 });
    await farm.run();
    expect(refused(farm)).toBeGreaterThan(0);
    expect(farm.count({}, 60, 180) - refused(farm)).toBeGreaterThan(0.9 * 2000);
    expect(refused(farm)).toBeLessThan(0.05 * farm.sent.length);
  });

  // A send time may lie minutes ahead: the pause may have come after its reservation.
  it('a request that has waited long for its turn hears of a pause before it is sent', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 10, 24), 0);
    const beganMs = clock.now();
    const tables = new MemoryTables();
    const slow = { requests: 1, periodMs: 10_000 };
    const [one, other] = [0, 1].map(() => new SharedBudget('b', slow, { tables, clock }));
    await clock.drive(one!.acquire(Infinity));
    const waiting = other!.acquire(Infinity);
    await clock.drive(clock.sleep(5000));
    await clock.drive(one!.pause(beganMs + 60_000));
    await clock.drive(waiting);
    expect(clock.now() - beganMs).toBeGreaterThanOrEqual(60_000);
  });

  it('a pause that has lost the race for the row gets there with the next reservation', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 10, 24), 0);
    const beganMs = clock.now();
    const tables = new MemoryTables();
    let operations = 0;
    let lost = false;
    const busy = Object.assign(new MemoryTables(), {
      get: tables.get.bind(tables),
      insert: tables.insert.bind(tables),
      replace: (...args: Parameters<TableStore['replace']>) => {
        operations++;
        if (lost) return tables.replace(...args);
        lost = true;
        return Promise.resolve('changed');
      },
    });
    const budget = new SharedBudget('b', FEED, { tables: busy, clock }, inBlocks(FEED));
    await clock.drive(budget.acquire(Infinity));
    await clock.drive(Promise.all([budget.pause(beganMs + 10_000), budget.acquire(Infinity)]));
    expect(lost).toBe(true);
    expect(operations).toBeLessThan(4);
    expect(clock.now() - beganMs).toBeGreaterThanOrEqual(10_000);
  });

  // A send time that was reserved for now was over before its reservation was known: hardly anything was sent.
  it('storage that takes longer than a send time is valid stops nothing', async () => {
    const farm = await farmed({ instances: [{ a: 24 }], seconds: 120, storageMs: [700, 900] });
    expect(use(farm, 30, 120)).toBeGreaterThan(0.1);
    expect(refused(farm)).toBe(0);
  });

  it('an instance whose clock is far ahead blocks none of the others', async () => {
    const instances = [{ a: 12 }, { a: 12 }];
    const farm = await farmed({ instances, seconds: 60, skewMs: [20 * 60_000, 0] });
    expect(farm.count({ instance: 1 }, 0, 60)).toBeGreaterThan(500);
  });

  it('a clock that is set back leaves no reservation in the way', async () => {
    const farm = new BudgetFarm({ seed: 5, limit: FEED, instances: [{ a: 24 }], seconds: 7200 });
    const budget = farm.budgets[0]!.lane('a');
    await farm.clock.drive(budget.acquire(farm.clock.now() + 60_000));
    farm.clock.advance(-3_600_000);
    const beganMs = farm.clock.now();
    await farm.clock.drive(budget.acquire(beganMs + 60_000));
    expect(farm.clock.now() - beganMs).toBeLessThan(5000);
  });
});
