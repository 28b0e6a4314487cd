import { startAzurite } from '../../../infra/local/azurite.ts';
import { DEFAULT_TENANT_ID, generateStory } from '../../../infra/local/story/index.ts';
import { createTenant } from '../../../infra/local/tenant/tenant.ts';
import { httpClient } from '../../../shared/collect/http-client.ts';
import { SOURCES } from '../../../shared/collect/sources/index.ts';
import { connectStorage } from '../../../shared/store/connect.ts';
import type { Stores } from '../../../shared/store/stores.ts';
import { Instance } from '../../support/collector-world/instance.ts';
import { WorldQueues } from '../../support/collector-world/queue.ts';
import { BenchClock } from './bench-clock.ts';
import { countRequests, KINDS, type Counted } from './count.ts';

const HOUR = 3_600_000;
const END = Date.UTC(2026, 10, 24, 23, 59);
/** Three days of passes are under way by then, as they always are; the fourth is measured. */
const WARM_DAYS = 3;
const DAYS = WARM_DAYS + 1;
const TIMER_RUNS = 288;
const DAY_RUNS = 48;
const IDLE_RUNS = 6;

export interface MeasuredDay {
  readonly users: number;
  readonly records: number;
  readonly counted: Counted;
  /** Runs of timers and queue triggers. */
  readonly runs: number;
  /** CPU seconds of this process: the collector, and the simulated tenant that answers it. */
  readonly cpuSeconds: number;
}

/** One working day of a tenant in steady state, collected and indexed: timer every 5 minutes, all later passes of days before. */
export async function measureDay(users: number, recordsPerDay: number): Promise<MeasuredDay> {
  const azurite = await startAzurite();
  const clock = new BenchClock(END - DAYS * 24 * HOUR);
  const records = generateStory({ nowMs: END, days: DAYS + 1, records: recordsPerDay * (DAYS + 1), users });
  const tenant = await createTenant({ records, tenantId: DEFAULT_TENANT_ID, clock });
  tenant.limits.set('graphReports', false);
  tenant.limits.set('identityProtection', false);
  const counter = countRequests(azurite);
  try {
    const { stores, ensure } = connectStorage({
      kind: 'connection-string',
      connectionString: azurite.connectionString,
    });
    await ensure();
    const work = new Work({ ...stores, queues: new WorldQueues(clock) }, clock, tenant);
    await work.pass(WARM_DAYS * 24 * HOUR, 2 * HOUR);
    const before = await archived(stores);
    // A day in half hours does all the windows and passes of a day; what the timer costs besides is measured on its own.
    const day = await watched(counter, work, () => work.pass(24 * HOUR, HOUR / 2));
    const records = (await archived(stores)) - before;
    const idle = await watched(counter, work, () => work.look(IDLE_RUNS));
    return { users, records, ...withRuns(day, idle, (TIMER_RUNS - DAY_RUNS) / IDLE_RUNS) };
  } finally {
    counter.stop();
    await tenant.stop();
    await azurite.stop();
  }
}

type Watched = Pick<MeasuredDay, 'counted' | 'runs' | 'cpuSeconds'>;

async function watched(
  counter: ReturnType<typeof countRequests>,
  work: Work,
  run: () => Promise<void>,
): Promise<Watched> {
  counter.reset();
  const [runs, cpu] = [work.runs, process.cpuUsage()];
  work.messages = 0;
  await run();
  const used = process.cpuUsage(cpu);
  const counted = counter.counted();
  // A message is sent, received and deleted.
  counted.operations.queue = 3 * work.messages;
  return { counted, runs: work.runs - runs, cpuSeconds: (used.user + used.system) / 1e6 };
}

/** The day with so many times the idle runs on top. */
function withRuns(day: Watched, idle: Watched, times: number): Watched {
  const sum = (a: number, b: number): number => Math.round(a + b * times);
  const operations = Object.fromEntries(
    KINDS.map((kind) => [kind, sum(day.counted.operations[kind], idle.counted.operations[kind])]),
  ) as Counted['operations'];
  return {
    counted: {
      operations,
      blobBytes: sum(day.counted.blobBytes, idle.counted.blobBytes),
      tableBytes: sum(day.counted.tableBytes, idle.counted.tableBytes),
    },
    runs: sum(day.runs, idle.runs),
    cpuSeconds: day.cpuSeconds + idle.cpuSeconds * times,
  };
}

class Work {
  runs = 0;
  messages = 0;
  readonly #instance: Instance;
  readonly #queues: WorldQueues;
  readonly #clock: BenchClock;

  constructor(
    stores: Stores & { queues: WorldQueues },
    clock: BenchClock,
    tenant: { tenantId: string; origin: string },
  ) {
    const settings = {
      backfillDays: 1,
      settleHours: [1, 6, 24, 72],
      reportBudget: { requests: 100_000, periodMs: 10_000 },
    };
    const world = { tenant, specs: SOURCES, settings };
    this.#instance = new Instance({ stores, fetch: httpClient(), clock, world, log: () => undefined });
    this.#queues = stores.queues;
    this.#clock = clock;
  }

  /** Runs the timer so often while no time passes: nothing is due. */
  async look(times: number): Promise<void> {
    for (let i = 0; i < times; i++) await this.#once();
  }

  async pass(ms: number, stepMs: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.#clock.advance(stepMs);
      await this.#once();
    }
  }

  async #once(): Promise<void> {
    await this.#instance.timer();
    this.runs++;
    for (let batch = this.#queues.take(16); batch.length > 0; batch = this.#queues.take(16)) {
      await Promise.all(
        batch.map(async (delivery) => {
          await this.#instance.handle(delivery.queue, delivery.message);
          this.#queues.done(delivery);
        }),
      );
      this.runs += batch.length;
      this.messages += batch.length;
    }
  }
}

/** Records in the archive, from the manifests' blob metadata or, lacking that, their bodies. */
async function archived(stores: Stores): Promise<number> {
  let records = 0;
  for await (const blob of stores.archive.list('v1/')) {
    if (!blob.name.endsWith('.manifest.json')) continue;
    records += (JSON.parse((await stores.archive.get(blob.name))!.toString('utf8')) as { records: number })
      .records;
  }
  return records;
}
