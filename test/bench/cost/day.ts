import { startAzurite } from '../../../infra/local/azurite.ts';
import { DEFAULT_TENANT_ID, generateStory } from '../../../infra/local/story/index.ts';
import { createTenant } from '../../../infra/local/tenant/tenant.ts';
import { SOURCES } from '../../../shared/collect/sources/index.ts';
import { connectStorage } from '../../../shared/store/connect.ts';
import type { Stores } from '../../../shared/store/stores.ts';
import { Instance } from '../../support/collector-world/instance.ts';
import { WorldQueues } from '../../support/collector-world/queue.ts';
import { VirtualClock } from '../../support/collector-world/virtual-clock.ts';
import { countRequests, type Counted } from './count.ts';

const HOUR = 3_600_000;
const END = Date.UTC(2026, 10, 24, 23, 59);
/** Three days of passes are under way by then, as they always are; the fourth is measured. */
const WARM_DAYS = 3;
const DAYS = WARM_DAYS + 1;

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
  const clock = new VirtualClock(END - DAYS * 24 * HOUR);
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
    // Before the measured day only the windows matter, not how often the timer looked.
    await work.pass(WARM_DAYS * 24 * HOUR, HOUR / 2);
    counter.reset();
    const before = { archived: await archived(stores), runs: work.runs, cpu: process.cpuUsage() };
    counter.reset();
    await work.pass(24 * HOUR, HOUR / 12);
    const counted = counter.counted();
    const cpu = process.cpuUsage(before.cpu);
    // A message is sent, received and deleted.
    counted.operations.queue = 3 * work.messages;
    return {
      users,
      records: (await archived(stores)) - before.archived,
      counted,
      runs: work.runs - before.runs,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
    };
  } finally {
    counter.stop();
    await tenant.stop();
    await azurite.stop();
  }
}

class Work {
  runs = 0;
  messages = 0;
  readonly #instance: Instance;
  readonly #queues: WorldQueues;
  readonly #clock: VirtualClock;

  constructor(
    stores: Stores & { queues: WorldQueues },
    clock: VirtualClock,
    tenant: { tenantId: string; origin: string },
  ) {
    const settings = {
      backfillDays: 1,
      settleHours: [1, 6, 24, 72],
      reportBudget: { requests: 100_000, periodMs: 10_000 },
    };
    const world = { tenant, specs: SOURCES, settings };
    this.#instance = new Instance({ stores, fetch, clock, world, log: () => undefined });
    this.#queues = stores.queues;
    this.#clock = clock;
  }

  async pass(ms: number, stepMs: number): Promise<void> {
    this.messages = 0;
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.#clock.advance(stepMs);
      await this.#clock.drive(this.#once());
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
