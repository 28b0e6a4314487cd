import { between, seeded, type Random } from '../../infra/local/tenant/seeded.ts';
import { DAY, HOUR, START, startCollectorWorld, type CollectorWorld } from '../support/collector-world.ts';
import { falseClaims, wrongAtTheEnd } from './invariants.ts';
import { MISCHIEF, someRecords, unreliable } from './mischief.ts';

export interface ChaosResult {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly records: number;
  readonly kills: number;
  readonly requests: number;
  /** What was done, round by round: for whoever looks into a failing seed. */
  readonly diary: readonly string[];
}

const MINUTE = 60_000;
const STEPS = [5 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 5 * HOUR];
const SOURCES = ['signins-interactive', 'directory-audits', 'ual-exchange', 'ual-general'] as const;

/** One run: rounds of mischief, then calm until all must have settled. */
export async function chaos(seed: number, rounds: number): Promise<ChaosResult> {
  const random = seeded(seed);
  const world = await startCollectorWorld({
    sources: SOURCES,
    seed,
    limited: random() < 0.3,
    settings: { backfillDays: 3 },
    blobbing: { bucketMs: 1000, mostLanes: 2 },
    records: someRecords(random, START - HOUR, 60),
  });
  try {
    // As if an earlier deployment had subscribed: what came before a first start could never be called complete.
    world.tenant.subscribe();
    return await play(world, random, seed, rounds);
  } finally {
    await world.stop();
  }
}

async function play(
  world: CollectorWorld,
  random: Random,
  seed: number,
  rounds: number,
): Promise<ChaosResult> {
  const diary: string[] = [];
  const problems: string[] = [];
  const kills = { count: 0 };
  world.queues.copies = unreliable(random);
  for (let round = 0; round < rounds && problems.length === 0; round++) {
    const done = MISCHIEF.filter(({ chance }) => random() < chance);
    for (const { act } of done) act(world, random);
    diary.push(`${new Date(world.clock.now()).toISOString()} ${done.map(({ name }) => name).join(', ')}`);
    await oneRound(world, random, kills);
    problems.push(...(await falseClaims(world)).map((p) => `round ${round}: ${p}`));
  }
  const untilMs = world.clock.now();
  await calm(world);
  problems.push(...(await wrongAtTheEnd(world, untilMs)));
  const report = world.tenant.report();
  const requests = report.requests.reduce((n, r) => n + r.count, 0);
  return { seed, problems, records: report.records.published, kills: kills.count, requests, diary };
}

async function oneRound(world: CollectorWorld, random: Random, kills: { count: number }): Promise<void> {
  world.clock.advance(STEPS[between(random, 0, STEPS.length - 1)]!);
  const alive = world.instances.filter((i) => !i.perimeter.dead);
  await world.run(alive[between(random, 0, alive.length - 1)]);
  kills.count += world.instances.filter((i) => i.perimeter.dead).length;
  if (world.instances.every((i) => i.perimeter.dead)) world.start();
  world.instances = world.instances.filter((i) => !i.perimeter.dead);
}

/** The faults are over, nobody dies any more, and more time passes than any record or retry can take. */
async function calm(world: CollectorWorld): Promise<void> {
  for (const { perimeter } of world.instances) perimeter.kill();
  world.start();
  world.tenant.clearFaults();
  world.tenant.set({ licence: 'P2', revoked: [], tokens: { maxRequests: Infinity, expiresAtMs: Infinity } });
  world.queues.copies = () => 1;
  await world.pass(2 * HOUR, HOUR / 4);
  // An event of the feed is settled when all content of the three days after it is, three days later.
  await world.pass(7 * DAY, 8 * HOUR);
}
