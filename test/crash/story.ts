import { expect } from 'vitest';
import {
  audit,
  canonical,
  DAY,
  HOUR,
  publishedNow,
  START,
  startCollectorWorld,
  ual,
  type CollectorWorld,
} from '../support/collector-world.ts';
import type { Death } from '../support/collector-world/perimeter.ts';

/**
 * A short story in which every write of collect, archive and index happens: first runs, a split, a late record, a
 * changed one, a content item that fails once, an interrupted subscription, a gap.
 */
const records = [
  ...[1, 2, 3].map((i) => audit(`audit${i}`, START - i * HOUR)),
  ...[1, 2, 3].map((i) => ual(`feed${i}`, START - i * HOUR)),
  audit('late', START - HOUR, { availableMs: START + 5 * HOUR }),
];

const steps: readonly ((world: CollectorWorld) => void)[] = [
  (world) => {
    // The first answer comes too late: its window is split.
    const fault = { kind: 'status', status: 504, endpoint: 'directoryAudits', bind: true, times: 2 } as const;
    world.tenant.fault(fault);
    world.tenant.fault({ kind: 'status', status: 500, endpoint: 'feed.audit', times: 6 });
  },
  (world) => {
    world.clock.advance(2 * HOUR);
    world.tenant.publish([ual('again', world.clock.now()), audit('changing', world.clock.now() - HOUR)]);
    world.tenant.redeliver({ source: 'ual-exchange', count: 2, afterMs: 0, reorderKeys: true });
  },
  (world) => {
    world.clock.advance(2 * HOUR);
    world.tenant.revise({ source: 'directory-audits', id: 'changing', set: { result: 'success' } });
  },
  (world) => {
    world.tenant.disableSubscription('Audit.Exchange');
    world.clock.advance(5 * HOUR);
  },
  // Longer than the feed keeps: a gap.
  (world) => world.clock.advance(9 * DAY),
];

export interface Ended {
  readonly calls: readonly string[];
  readonly died: boolean;
  readonly world: CollectorWorld;
}

/** Plays the story; the first instance dies where it is told, and another takes its place. */
export async function play(death?: Death): Promise<Ended> {
  const world = await startCollectorWorld({
    sources: ['directory-audits', 'ual-exchange'],
    settings: { backfillDays: 1, settleHours: [1, 6] },
    records,
  });
  const first = world.instances[0]!;
  if (death) first.perimeter.dieAt(death);
  for (const step of steps) {
    step(world);
    await world.run();
    if (world.instances[0]!.perimeter.dead) {
      world.start();
      await world.run();
    }
  }
  const [calls, died] = [[...first.perimeter.calls], first.perimeter.dead];
  await world.pass(DAY, 12 * HOUR);
  return { calls, died, world };
}

/** What holds at the end, wherever the crash was. */
export async function expectWhole(world: CollectorWorld): Promise<void> {
  const archived = canonical(world.archived());
  expect(archived).toEqual([...new Set(archived)]);
  // What was replaced or deleted meanwhile may be there as well; what is published now must be.
  const missing = publishedNow(world, 'directory-audits').filter((text) => !archived.includes(text));
  expect(missing).toEqual([]);
  const all = new Set(canonical([...world.tenant.published()].map((r) => r.text)));
  expect(archived.filter((text) => !all.has(text))).toEqual([]);
  const feed = world.archivedIds('ual-exchange');
  expect(feed).toEqual(['again', 'feed1', 'feed2', 'feed3']);
  const { tables, rebuilt } = await world.tablesAndRebuild();
  expect(tables).toEqual(rebuilt);
  expect(world.queues.poison).toEqual([]);
  await expectNoHole(world);
}

/** Every instant up to now has a window, and the gap is on record. */
async function expectNoHole(world: CollectorWorld): Promise<void> {
  for (const source of ['directory-audits', 'ual-exchange'] as const) {
    const { intervals } = await world.coverage(source, START - 12 * HOUR, world.clock.now() - HOUR);
    expect(intervals.filter((i) => i.reason === 'not collected yet')).toEqual([]);
    expect(intervals.some((i) => i.state === 'gap')).toBe(source === 'ual-exchange');
  }
}
