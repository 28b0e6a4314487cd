import { gunzipSync } from 'node:zlib';
import { auditEnvelope } from '../../../infra/local/tenant/audit-envelope.ts';
import type { PublishedRecord } from '../../../infra/local/tenant/records.ts';
import type { Tenant, TenantOptions } from '../../../infra/local/tenant/tenant.ts';
import { httpClient } from '../../../shared/collect/http-client.ts';
import { Archive } from '../../../shared/archive/archive.ts';
import { WindowTable, type WindowRow } from '../../../shared/archive/windows.ts';
import { LocalBudget } from '../../../shared/collect/budget.ts';
import { classifyGraph } from '../../../shared/collect/classify.ts';
import { graphTransport } from '../../../shared/collect/transport.ts';
import { runSearch, type UalSearchDeps } from '../../../shared/collect/ual-search/run-search.ts';
import { SubmissionBudget } from '../../../shared/collect/ual-search/submissions.ts';
import { VendorApi } from '../../../shared/collect/vendor-api.ts';
import { dateOf } from '../../../shared/instant.ts';
import { parseRecord } from '../../../shared/record.ts';
import type { SourceId } from '../../../shared/sources.ts';
import { MemoryBlobs, MemoryQueues, MemoryTables } from '../../../shared/store/memory.ts';
import { ManualClock, MINUTE, startTenant } from '../tenant/harness.ts';

/** A clock that sleepers move: hours at the vendor pass in no time. */
export class SleepingClock extends ManualClock {
  sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    // Time-outs of requests are raced against answers; they never come first here.
    if (signal) return new Promise(() => undefined);
    this.advance(Math.max(0, ms));
    return Promise.resolve();
  };
}

export interface LogLine {
  readonly event: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface SearchWorld {
  readonly tenant: Tenant;
  readonly clock: SleepingClock;
  readonly blobs: MemoryBlobs;
  readonly tables: MemoryTables;
  readonly queues: MemoryQueues;
  readonly windows: WindowTable;
  readonly deps: UalSearchDeps;
  readonly log: LogLine[];
  /** So many runs of the timer, five minutes apart. */
  run(times?: number): Promise<void>;
  /** Archives records as their source, as if its collector had brought them. */
  collected(records: readonly PublishedRecord[]): Promise<void>;
  rows(): Promise<WindowRow[]>;
  /** Archived lines of a source, sorted. */
  lines(source?: SourceId): string[];
}

export async function searchWorld(
  options: TenantOptions & { readonly backfillDays?: number; readonly limited?: boolean } = {},
): Promise<SearchWorld> {
  const clock = new SleepingClock();
  const tenant = await startTenant({ ...options, clock });
  const blobs = new MemoryBlobs();
  const tables = new MemoryTables();
  const queues = new MemoryQueues();
  const windows = new WindowTable(tables);
  const log: LogLine[] = [];
  const note = (event: string, facts = {}): void => void log.push({ event, facts });
  const archive = new Archive({ blobs, clock, graceMs: 0 });
  const transport = graphTransport(() => Promise.resolve('token'), httpClient());
  const common = { transport, clock, classify: classifyGraph, origin: tenant.origin };
  const api = {
    submit: new VendorApi({ ...common, budget: new SubmissionBudget(tenant.tenantId, { tables, clock }) }),
    read: new VendorApi({ ...common, budget: new LocalBudget({ requests: 1000, periodMs: 1000 }, clock) }),
    endpoint: tenant.origin,
  };
  const deps: UalSearchDeps = {
    archive,
    windows,
    tables,
    queues,
    api: () => api,
    backfillDays: options.backfillDays ?? 10,
    clock,
    log: { info: note, warn: note },
  };
  return {
    tenant,
    clock,
    blobs,
    tables,
    queues,
    windows,
    deps,
    log,
    run: async (times = 1) => {
      for (let i = 0; i < times; i++) {
        await runSearch(deps, tenant.tenantId);
        clock.advance(5 * MINUTE);
      }
    },
    collected: (records) => archiveAll(archive, tenant.tenantId, records),
    rows: async () => {
      const rows: WindowRow[] = [];
      for await (const row of windows.overlapping(tenant.tenantId, 'ual-search', 0, clock.now()))
        rows.push(row);
      return rows;
    },
    lines: (source = 'ual-search') => linesOf(blobs, source),
  };
}

async function archiveAll(
  archive: Archive,
  tenant: string,
  records: readonly PublishedRecord[],
): Promise<void> {
  for (const { source, text, eventMs } of records)
    await archive.append({
      tenant,
      source,
      date: dateOf(eventMs),
      records: [parseRecord(Buffer.from(text))],
      window: null,
      pass: 1,
      requests: [],
    });
}

const linesOf = (blobs: MemoryBlobs, source: string): string[] =>
  [...blobs.blobs]
    .filter(([name]) => name.includes(`source=${source}/`) && name.endsWith('.ndjson.gz'))
    .flatMap(([, { body }]) => gunzipSync(body).toString('utf8').split('\n').filter(Boolean))
    .sort();

/** What the search sends of these records. */
export const envelopes = (records: readonly PublishedRecord[]): string[] =>
  [...new Set(records.map(({ text }) => auditEnvelope(text)))].sort();
