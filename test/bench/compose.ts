import { Archive } from '../../shared/archive/archive.ts';
import { readManifest } from '../../shared/archive/manifest.ts';
import { WindowTable } from '../../shared/archive/windows.ts';
import { systemClock } from '../../shared/clock.ts';
import { LocalBudget } from '../../shared/collect/budget.ts';
import { classifyFeed, classifyGraph } from '../../shared/collect/classify.ts';
import { WindowCollector, type TenantApis } from '../../shared/collect/collect-window.ts';
import { httpClient, type Fetch } from '../../shared/collect/http-client.ts';
import { runCollect } from '../../shared/collect/run-collect.ts';
import { sourceSpec, SOURCES } from '../../shared/collect/sources/index.ts';
import { Subscriptions } from '../../shared/collect/subscriptions.ts';
import { graphTransport, tokenTransport } from '../../shared/collect/transport.ts';
import { VendorApi } from '../../shared/collect/vendor-api.ts';
import { indexSegment } from '../../shared/indexing/index-segment.ts';
import { parseArchivePath } from '../../shared/layout.ts';
import { silentLog } from '../../shared/log.ts';
import type { CollectMessage, IndexMessage } from '../../shared/messages.ts';
import { connectStorage } from '../../shared/store/connect.ts';
import type { QueueStore, Stores } from '../../shared/store/stores.ts';

/** The collector on Azurite, without the host: what a bench measures is ours alone. */
export interface BenchCollector {
  /** Plans and collects until no window is due. */
  collect(): Promise<void>;
  /** Indexes what was collected. */
  index(): Promise<void>;
  /** How many answers the tenant has given. */
  answers(): number;
  archived(): Promise<{ records: number; bytes: number; gzipBytes: number }>;
}

export interface StorageCounts {
  operations: number;
  byKind: Record<string, number>;
}

/** The stores, with every call counted. A list or query counts once for each started 5,000 blobs or 1,000 rows. */
export function counted(stores: Stores, counts: StorageCounts): Stores {
  const count = (kind: string, n = 1): void => {
    counts.operations += n;
    counts.byKind[kind] = (counts.byKind[kind] ?? 0) + n;
  };
  const { archive, tables, queues } = stores;
  return {
    archive: {
      putNew: (...a) => (count('blob put'), archive.putNew(...a)),
      get: (...a) => (count('blob get'), archive.get(...a)),
      getRange: (...a) => (count('blob get'), archive.getRange(...a)),
      info: (...a) => (count('blob get'), archive.info(...a)),
      list: (prefix) => paged(archive.list(prefix), 5000, () => count('blob list')),
    },
    tables: {
      upsert: (t, p, writes) => (
        count('table write', Math.ceil(writes.length / 100)),
        tables.upsert(t, p, writes)
      ),
      replaceAll: (...a) => (count('table write'), tables.replaceAll(...a)),
      insert: (...a) => (count('table write'), tables.insert(...a)),
      replace: (...a) => (count('table write'), tables.replace(...a)),
      get: (...a) => (count('table read'), tables.get(...a)),
      query: (...a) => paged(tables.query(...a), 1000, () => count('table read')),
      scan: (t) => paged(tables.scan(t), 1000, () => count('table read')),
      remove: (t, p, rows) => (count('table write', rows.length), tables.remove(t, p, rows)),
    },
    // A message is sent, received and deleted.
    queues: { send: (q, messages, o) => (count('queue', messages.length * 3), queues.send(q, messages, o)) },
  };
}

async function* paged<T>(items: AsyncIterable<T>, page: number, count: () => void): AsyncIterable<T> {
  let n = 0;
  count();
  for await (const item of items) {
    if (++n % page === 0) count();
    yield item;
  }
}

export async function composeCollector(options: {
  azurite: { connectionString: string };
  tenant: Record<string, string>;
  wrap: (stores: Stores) => Stores;
}): Promise<BenchCollector> {
  const storage = connectStorage({
    kind: 'connection-string',
    connectionString: options.azurite.connectionString,
  });
  await storage.ensure();
  const inbox: { collect: CollectMessage[]; index: IndexMessage[] } = { collect: [], index: [] };
  const queues: QueueStore = {
    send: (queue, messages) => {
      if (queue === 'collect-window') inbox.collect.push(...(messages as CollectMessage[]));
      else inbox.index.push(...(messages as IndexMessage[]));
      return Promise.resolve();
    },
  };
  const stores = options.wrap({ ...storage.stores, queues });
  const archive = new Archive({ blobs: stores.archive, clock: systemClock });
  const windows = new WindowTable(stores.tables);
  const subscriptions = new Subscriptions(stores, systemClock);
  let answers = 0;
  const client = httpClient();
  const apis = makeApis(options.tenant, (url, init) => {
    answers++;
    return client(url, init);
  });
  const deps = {
    archive,
    windows,
    queues: stores.queues,
    subscriptions,
    apis: () => apis,
    clock: systemClock,
    log: silentLog,
  };
  const collector = new WindowCollector({ ...deps, specs: sourceSpec, settleHours: [1, 6, 24, 72] });
  return {
    collect: async () => {
      do {
        await drain(inbox.collect, 8, (m) => collector.handle(m));
        await runCollect({
          ...deps,
          tenants: [options.tenant['TENANT_ID']!],
          specs: SOURCES,
          backfillDays: 6,
        });
      } while (inbox.collect.length > 0);
    },
    index: () =>
      drain(
        inbox.index,
        8,
        async (m) => void (await indexSegment(m, { blobs: stores.archive, tables: stores.tables })),
      ),
    answers: () => answers,
    archived: () => totals(storage.stores),
  };
}

function makeApis(tenant: Record<string, string>, fetch: Fetch): TenantApis {
  const endpoint = tenant['GRAPH_ENDPOINT']!;
  // No wait, and as many send times remembered as the budgets of a deployment remember.
  const free = new LocalBudget({ requests: 20, periodMs: 0 }, systemClock);
  const token = (): Promise<string> => Promise.resolve('bench');
  const common = { budget: free, clock: systemClock, origin: new URL(endpoint).origin };
  const graph = new VendorApi({
    ...common,
    transport: graphTransport(token, fetch),
    classify: classifyGraph,
  });
  const feed = new VendorApi({ ...common, transport: tokenTransport(token, fetch), classify: classifyFeed });
  const id = tenant['TENANT_ID']!;
  const place = { api: feed, endpoint, tenant: id, publisherId: id };
  return {
    reports: graph,
    identity: graph,
    graphEndpoint: endpoint,
    feed: place,
    feedOf: () => place,
  };
}

async function drain<T>(inbox: T[], width: number, handle: (message: T) => Promise<void>): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let m = inbox.shift(); m !== undefined; m = inbox.shift()) await handle(m);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function totals(stores: Stores): Promise<{ records: number; bytes: number; gzipBytes: number }> {
  const sum = { records: 0, bytes: 0, gzipBytes: 0 };
  for await (const blob of stores.archive.list('v1/')) {
    const path = parseArchivePath(blob.name);
    if (path?.kind !== 'manifest') continue;
    const manifest = await readManifest(stores.archive, path);
    sum.records += manifest!.records;
    sum.bytes += manifest!.bytes;
    sum.gzipBytes += manifest!.gzipBytes;
  }
  return sum;
}
