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

/** What does not hold at the end, wherever the crash was. */
export async function wrongAtTheEnd(world: CollectorWorld): Promise<string[]> {
  const archived = canonical(world.archived());
  const published = new Set(canonical([...world.tenant.published()].map((r) => r.text)));
  const { tables, rebuilt } = await world.tablesAndRebuild();
  return [
    ...archived.filter((text, i) => text === archived[i - 1]).map((text) => `twice: ${text}`),
    ...archived.filter((text) => !published.has(text)).map((text) => `never published: ${text}`),
    ...missing(world).map((text) => `lost: ${text}`),
    ...(JSON.stringify(tables) === JSON.stringify(rebuilt)
      ? []
      : ['the tables are not what the archive makes']),
    ...world.queues.poison.map(({ queue }) => `poison in ${queue}`),
    ...(await holes(world)),
  ];
}

/** Of the reports what is shown now (versions come and go); of the feed everything. */
function missing(world: CollectorWorld): string[] {
  const archived = new Set(canonical(world.archived()));
  const feed = [...world.tenant.published()].filter((r) => r.source === 'ual-exchange').map((r) => r.text);
  const wanted = [...publishedNow(world, 'directory-audits'), ...canonical(feed)];
  return wanted.filter((text) => !archived.has(text));
}

/** Every instant up to now has a window, and the feed's gap, which no crash may hide, is on record. */
async function holes(world: CollectorWorld): Promise<string[]> {
  const problems: string[] = [];
  for (const source of ['directory-audits', 'ual-exchange'] as const) {
    const { intervals } = await world.coverage(source, START - 12 * HOUR, world.clock.now() - HOUR);
    for (const i of intervals.filter((each) => each.reason === 'not collected yet'))
      problems.push(`${source} has no window from ${i.from} to ${i.to}`);
    const gap = intervals.some((i) => i.state === 'gap');
    if (gap !== (source === 'ual-exchange')) problems.push(`${source}: gap ${gap}`);
  }
  return problems;
}
