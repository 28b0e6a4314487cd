import { Archive } from '../shared/archive/archive.ts';
import { importCoverage } from '../shared/archive/coverage-import.ts';
import { readCoverage } from '../shared/archive/coverage-reader.ts';
import type { SourceCoverage } from '../shared/archive/coverage.ts';
import { WindowTable } from '../shared/archive/windows.ts';
import { AzureBundles } from '../shared/bundle/publish.ts';
import { systemClock } from '../shared/clock.ts';
import { classifyGraph } from '../shared/collect/classify.ts';
import { WindowCollector, type TenantApis } from '../shared/collect/collect-window.ts';
import { LocalBudget, type Budget } from '../shared/collect/budget.ts';
import { tenantApis } from '../shared/collect/compose.ts';
import { scheduleMs } from '../shared/collect/settle.ts';
import { SharedBudget } from '../shared/collect/shared-budget.ts';
import { sourceSpec, SOURCES } from '../shared/collect/sources/index.ts';
import { retentionDaysOf, watchedSources } from '../shared/collect/sources/watched.ts';
import { StateReader, type StateApis } from '../shared/collect/state.ts';
import { Subscriptions } from '../shared/collect/subscriptions.ts';
import { httpClient, type Fetch } from '../shared/collect/http-client.ts';
import { graphTransport, guarded } from '../shared/collect/transport.ts';
import type { SearchApi } from '../shared/collect/ual-search/audit-query.ts';
import { SubmissionBudget } from '../shared/collect/ual-search/submissions.ts';
import { VendorApi } from '../shared/collect/vendor-api.ts';
import { readSettings, type Settings } from '../shared/config.ts';
import { AzureUploads } from '../shared/import/azure-uploads.ts';
import type { Limit } from '../shared/limit.ts';
import { connectStorage } from '../shared/store/connect.ts';
import type { BlobStore } from '../shared/store/stores.ts';
import { azureCredential, credentialFacts, credentialMaker, tenantTokens } from './credentials.ts';
import { redactor, secretsOf } from '../shared/redact.ts';
import { counted, metrics } from '../shared/telemetry.ts';
import { functionLog } from './log.ts';
import { startMetrics } from './metrics.ts';

/** The composition root: the only place where clients are made. */

const settings = readSettings(process.env);
const clock = systemClock;
const redact = redactor(secretsOf(settings));
const log = counted(functionLog(redact));

const storage = connectStorage(
  settings.storage,
  settings.storage.kind === 'identity'
    ? azureCredential(settings.storage.clientId, settings.endpoints.authority)
    : undefined,
);
const stores = { ...storage.stores, archive: metered(storage.stores.archive) };

/** Counts what goes into the archive. */
function metered(blobs: BlobStore): BlobStore {
  return {
    putNew: async (name, body, options) => {
      const done = await blobs.putNew(name, body, options);
      if (done === 'created') metrics.bytes.add(body.length);
      return done;
    },
    get: (name) => blobs.get(name),
    getRange: (name, offset, length) => blobs.getRange(name, offset, length),
    info: (name) => blobs.info(name),
    list: (prefix) => blobs.list(prefix),
  };
}

const makeCredential = credentialMaker(credentialFacts(settings));

/** Requests carry tokens, so they go to the cloud's own APIs and to nothing else, whatever a link says. */
const vendorFetch = guarded(
  // Through the proxy where Node's own clients go through one.
  countedFetch(httpClient({ envProxy: process.env['NODE_USE_ENV_PROXY'] === '1' })),
  [settings.endpoints.graph, settings.endpoints.management],
  (host) => {
    metrics.refusedHosts.add(1);
    log.warn('outbound.refused', { host });
  },
);

/** Counts what is asked of the vendor's APIs. */
function countedFetch(fetch: Fetch): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    const api = { api: new URL(url).host };
    metrics.requests.add(1, { ...api, status: response.status });
    if (response.status === 429) metrics.throttled.add(1, api);
    return response;
  };
}

/** Polling and paging of audit searches have no documented limit of their own. */
const searchLimit = { requests: 20, periodMs: 1000 };

/** API-FACTS E: resource units, 3,500 per 10 s at least; snapshots are few, so a modest pace is enough. */
const directoryLimit = { requests: 50, periodMs: 10_000 };

function makeApis(s: Settings, tenant: string): TenantApis & StateApis & { readonly search: SearchApi } {
  const { graph, management } = s.endpoints;
  const tokens = {
    graph: tenantTokens(makeCredential, tenant, graph),
    management: tenantTokens(makeCredential, tenant, management),
  };
  const graphSend = graphTransport(tokens.graph, vendorFetch);
  const shared = (name: string, limit: Limit): SharedBudget =>
    new SharedBudget(`${tenant}|${name}`, limit, { tables: stores.tables, clock });
  const graphApi = (budget: Budget): VendorApi =>
    new VendorApi({
      transport: graphSend,
      budget,
      clock,
      classify: classifyGraph,
      origin: new URL(graph).origin,
    });
  const { publisherId, reportBudget, feedBudget, endpoints } = s;
  const parts = {
    tenant,
    endpoints,
    publisherId,
    reportBudget,
    ...(feedBudget && { feedBudget }),
    tokens,
    fetch: vendorFetch,
  };
  return {
    ...tenantApis({ ...parts, tables: stores.tables, clock }),
    directory: graphApi(shared('directory', directoryLimit)),
    search: {
      submit: graphApi(new SubmissionBudget(tenant, { tables: stores.tables, clock })),
      read: graphApi(new LocalBudget(searchLimit, clock)),
      endpoint: graph,
    },
  };
}

const made = new Map<string, ReturnType<typeof makeApis>>();
const apis = (tenant: string): ReturnType<typeof makeApis> => {
  const found = made.get(tenant) ?? makeApis(settings, tenant);
  made.set(tenant, found);
  return found;
};

const uploads = storage.blobService.getContainerClient('uploads');

/** What the timers collect, and what imported files add where there are any. */
async function coverageOf(tenant: string, fromMs: number, toMs: number): Promise<readonly SourceCoverage[]> {
  const collected = await readCoverage(windows, {
    tenant,
    fromMs,
    toMs,
    sources: settings.sources,
    nowMs: clock.now(),
    lateMs: scheduleMs(settings.settleHours),
    retentionDays: retentionDaysOf,
  });
  const imported = await importCoverage(stores.archive, tenant, { fromMs, toMs });
  return imported ? [...collected, imported] : collected;
}

const archive = new Archive({ blobs: stores.archive, clock });
const windows = new WindowTable(stores.tables);
const subscriptions = new Subscriptions(stores, clock);

let prepared: Promise<void> | undefined;

async function prepare(): Promise<void> {
  if (settings.metricsEndpoint) await startMetrics(settings.metricsEndpoint);
  for (const { name, code } of await storage.ensure()) log.warn('storage.not-created', { name, code });
}

/** Everything the triggers need. `ready` creates containers, tables and queues once per process. */
export const root = {
  settings,
  clock,
  log,
  redact,
  stores,
  archive,
  windows,
  subscriptions,
  apis,
  specs: SOURCES.filter((s) => settings.sources.includes(s.id)),
  watched: watchedSources(settings.sources),
  collector: new WindowCollector({
    archive,
    windows,
    queues: stores.queues,
    subscriptions,
    apis,
    specs: sourceSpec,
    settleHours: settings.settleHours,
    clock,
    log,
  }),
  bundles: new AzureBundles(storage.blobService, storage.blobService.getContainerClient('bundles'), () =>
    clock.now(),
  ),
  state: new StateReader(apis, clock),
  coverage: coverageOf,
  /** Files to import, and the state of imports that take long. */
  uploads: {
    files: new AzureUploads(uploads),
    state: new AzureBundles(storage.blobService, uploads, () => clock.now()),
  },
  ready: (): Promise<void> =>
    (prepared ??= prepare().catch((error: unknown) => {
      prepared = undefined;
      throw error;
    })),
};
