import { gunzipSync } from 'node:zlib';
import type { PublishedRecord } from '../../infra/local/tenant/records.ts';
import { createTenant, type Tenant, type TenantOptions } from '../../infra/local/tenant/tenant.ts';
import { httpClient } from '../../shared/collect/http-client.ts';
import { readCoverage } from '../../shared/archive/coverage-reader.ts';
import type { CoverageInterval, SourceCoverage } from '../../shared/archive/coverage.ts';
import { WindowTable, type WindowRow } from '../../shared/archive/windows.ts';
import { scheduleMs } from '../../shared/collect/settle.ts';
import type { SourceSpec } from '../../shared/collect/spec.ts';
import { SOURCES } from '../../shared/collect/sources/index.ts';
import { indexSegment } from '../../shared/indexing/index-segment.ts';
import { parseArchivePath } from '../../shared/layout.ts';
import { canonicalOf } from '../../shared/record.ts';
import type { SourceId } from '../../shared/sources.ts';
import { MemoryBlobs, MemoryTables } from '../../shared/store/memory.ts';
import type { StoredRow, TableStore } from '../../shared/store/stores.ts';
import { Instance, type InstanceSettings } from './collector-world/instance.ts';
import type { Death } from './collector-world/perimeter.ts';
import { WorldQueues, type Delivery } from './collector-world/queue.ts';
import { VirtualClock } from './collector-world/virtual-clock.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** The world's first instant: not on any grid. */
export const START = Date.UTC(2026, 10, 24, 13, 47, 11, 500);

export interface WorldOptions extends TenantOptions {
  readonly sources?: readonly SourceId[];
  readonly settings?: Partial<InstanceSettings>;
  /** Keep the vendor's request limits (5 in 10 s, 2,000 a minute); lifted by default, and the budgets with them. */
  readonly limited?: boolean;
}

/**
 * A simulated tenant on real sockets, the real collector on memory stores, and one clock that both share: time
 * passes only while everybody sleeps.
 */
export class CollectorWorld {
  readonly clock: VirtualClock;
  readonly tenant: Tenant;
  readonly queues: WorldQueues;
  readonly blobs = new MemoryBlobs();
  readonly tables = new MemoryTables();
  readonly specs: readonly SourceSpec[];
  readonly settings: InstanceSettings;
  readonly windows = new WindowTable(this.tables);
  readonly #fetch = httpClient();
  /** Everything that was logged, for messages of failing tests. */
  readonly logged: string[] = [];
  instances: Instance[] = [];

  constructor(tenant: Tenant, clock: VirtualClock, options: WorldOptions) {
    this.tenant = tenant;
    this.clock = clock;
    this.queues = new WorldQueues(clock);
    this.specs = SOURCES.filter((s) => options.sources?.includes(s.id) ?? true);
    this.settings = {
      backfillDays: 180,
      settleHours: [1, 6, 24, 72],
      reportBudget: options.limited
        ? { requests: 5, periodMs: 10_000 }
        : { requests: 100_000, periodMs: 10_000 },
      ...(!options.limited && { feedBudget: { requests: 1_000_000, periodMs: 1000 } }),
      ...options.settings,
    };
    if (!options.limited) {
      tenant.limits.set('graphReports', false);
      tenant.limits.set('identityProtection', false);
      tenant.limits.set('feed', false);
    }
    this.start();
  }

  /** A further collector process on the same storage. */
  start(death?: Death): Instance {
    const outside = {
      stores: { archive: this.blobs, tables: this.tables, queues: this.queues },
      fetch: this.#fetch,
      clock: this.clock,
    };
    const instance = new Instance({ ...outside, world: this, log: (line) => this.logged.push(line) }, death);
    this.instances = [...this.instances.filter((i) => !i.perimeter.dead), instance];
    return instance;
  }

  /** Runs the timer collect on one instance, then delivers messages until none is left. */
  async run(instance = this.instances[0]!): Promise<void> {
    await this.clock.drive(this.#run(instance));
  }

  async #run(instance: Instance): Promise<void> {
    await Promise.race([instance.timer(), instance.perimeter.died]);
    await this.#deliverAll();
  }

  /** Delivers messages until none is left, without the timer. */
  async drain(): Promise<void> {
    await this.clock.drive(this.#deliverAll());
  }

  async #deliverAll(): Promise<void> {
    while (this.queues.length > 0) {
      const alive = this.instances.filter((i) => !i.perimeter.dead);
      if (alive.length === 0) return;
      const batch = this.queues.take(8 * alive.length);
      await Promise.all(batch.map((m, i) => this.#deliver(m, alive[i % alive.length]!)));
      const nextMs = this.queues.nextVisibleMs();
      if (batch.length === 0 && nextMs !== undefined) await this.clock.sleep(nextMs - this.clock.now());
    }
  }

  async #deliver(delivery: Delivery, instance: Instance): Promise<void> {
    try {
      const end = await Promise.race([
        instance.handle(delivery.queue, delivery.message),
        instance.perimeter.died,
      ]);
      if (end === 'died') this.queues.back(delivery, new Error('died'));
      else this.queues.done(delivery);
    } catch (error) {
      this.queues.back(delivery, error);
    }
  }

  /** Lets time pass in steps, with a run of the timer after each. */
  async pass(ms: number, stepMs: number): Promise<void> {
    const untilMs = this.clock.now() + ms;
    while (this.clock.now() < untilMs) {
      this.clock.advance(Math.min(stepMs, untilMs - this.clock.now()));
      await this.run();
    }
  }

  async coverage(source: SourceId, fromMs: number, toMs: number): Promise<SourceCoverage> {
    const ask = {
      tenant: this.tenant.tenantId,
      fromMs,
      toMs,
      sources: [source],
      nowMs: this.clock.now(),
      lateMs: scheduleMs(this.settings.settleHours),
    };
    const [coverage] = await readCoverage(this.windows, ask);
    return coverage!;
  }

  /** The state of one instant. */
  async stateAt(source: SourceId, ms: number): Promise<CoverageInterval> {
    return (await this.coverage(source, ms, ms + 1000)).intervals[0]!;
  }

  async rows(source: SourceId): Promise<WindowRow[]> {
    const rows: WindowRow[] = [];
    for await (const w of this.windows.overlapping(this.tenant.tenantId, source, 0, 8.64e12)) rows.push(w);
    return rows;
  }

  /** Every archived line of a source, or of all. */
  archived(source?: SourceId): string[] {
    return [...this.blobs.blobs]
      .filter(([name]) => name.startsWith('v1/') && name.endsWith('.ndjson.gz'))
      .filter(([name]) => !source || name.includes(`/source=${source}/`))
      .flatMap(([, { body }]) => gunzipSync(body).toString('utf8').split('\n').filter(Boolean));
  }

  /** Ids of the archived records of a source, in order; twice means twice. */
  archivedIds(source?: SourceId): string[] {
    return this.archived(source).map(idOf).sort();
  }

  /** Tables as they are, and as the archive alone makes them. */
  async tablesAndRebuild(): Promise<{ tables: string[]; rebuilt: string[] }> {
    const fresh = new MemoryTables();
    for (const name of this.blobs.blobs.keys()) {
      const path = parseArchivePath(name);
      if (path?.kind === 'manifest') await indexSegment(path, { blobs: this.blobs, tables: fresh });
    }
    return { tables: await dump(this.tables), rebuilt: await dump(fresh) };
  }

  async stop(): Promise<void> {
    for (const instance of this.instances) instance.perimeter.kill();
    await this.tenant.stop();
  }
}

export async function startCollectorWorld(options: WorldOptions = {}): Promise<CollectorWorld> {
  const clock = new VirtualClock(START);
  // The tenant may set its clock on; here every clock is the same one.
  const tenant = await createTenant({ blobbing: { bucketMs: 1000 }, ...options, clock });
  return new CollectorWorld(tenant, clock, options);
}

/** Runs a test in a world of its own. */
export const inWorld =
  (options: WorldOptions, test: (world: CollectorWorld) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const world = await startCollectorWorld(options);
    try {
      await test(world);
    } finally {
      await world.stop();
    }
  };

export const idOf = (line: string): string => {
  const record = JSON.parse(line) as { id?: string; Id?: string };
  return record.id ?? record.Id ?? '';
};

/** Canonical texts, sorted: what an archive holds or must hold, whatever the spelling. */
export const canonical = (texts: Iterable<string>): string[] => [...texts].map(canonicalText).sort();

const known = new Map<string, string>();

function canonicalText(text: string): string {
  const found = known.get(text) ?? canonicalOf(Buffer.from(text));
  known.set(text, found);
  return found;
}

/** What the tenant shows or has shown by now, each distinct record once: the end state of every version. */
export const publishedNow = (world: CollectorWorld, source?: SourceId): string[] => {
  const now = world.clock.now();
  const visible = [...world.tenant.published()].filter(
    (r) => (!source || r.source === source) && r.availableMs <= now && (r.goneMs ?? Infinity) > now,
  );
  return [...new Set(canonical(visible.map((r) => r.text)))];
};

async function dump(tables: TableStore): Promise<string[]> {
  const rows: StoredRow[] = [];
  for (const table of ['slices', 'sessions', 'users'])
    for await (const row of tables.scan(table)) if (!row.partition.endsWith('|sweep')) rows.push(row);
  return rows.map(({ partition, row, cells }) => JSON.stringify([partition, row, cells])).sort();
}

const seconds = (ms: number): string => new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19);

/** A sign-in, as `/beta/auditLogs/signIns` writes it. */
export const signIn = (id: string, eventMs: number, over: Partial<PublishedRecord> = {}): PublishedRecord =>
  graphRecord('signins-interactive', id, eventMs, over, {
    createdDateTime: `${seconds(eventMs)}Z`,
    userPrincipalName: `user${id.length % 3}@contoso.example`,
    userId: '5b9d2f0e-0000-4000-8000-000000000001',
    appId: '00000003-0000-0000-c000-000000000000',
    ipAddress: '203.0.113.7',
    sessionId: `session-${id}`,
    signInEventTypes: ['interactiveUser'],
    riskState: 'none',
    status: { errorCode: 0 },
  });

/** A directory audit. */
export const audit = (id: string, eventMs: number, over: Partial<PublishedRecord> = {}): PublishedRecord =>
  graphRecord('directory-audits', id, eventMs, over, {
    activityDateTime: `${seconds(eventMs)}Z`,
    activityDisplayName: 'Update user',
    initiatedBy: { user: { id: 'u-1', userPrincipalName: 'admin@contoso.example' } },
  });

const graphRecord = (
  source: SourceId,
  id: string,
  eventMs: number,
  over: Partial<PublishedRecord>,
  body: Record<string, unknown>,
): PublishedRecord => ({
  source,
  text: JSON.stringify({ id, ...body }),
  eventMs,
  availableMs: eventMs,
  ...over,
});

/** A record of the Management Activity API, which writes no zone. */
export const ual = (
  id: string,
  eventMs: number,
  availableMs = eventMs,
  source: SourceId = 'ual-exchange',
  over: Record<string, unknown> = {},
): PublishedRecord => ({
  source,
  eventMs,
  availableMs,
  text: JSON.stringify({
    CreationTime: seconds(eventMs),
    Id: id,
    Operation: 'Send',
    RecordType: 2,
    UserId: 'mailbox@contoso.example',
    ClientIP: '198.51.100.9',
    ...over,
  }),
});
