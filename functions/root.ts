import {
  AzureCliCredential,
  ChainedTokenCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  type TokenCredential,
} from '@azure/identity';
import { Archive } from '../shared/archive/archive.ts';
import { readCoverage } from '../shared/archive/coverage-reader.ts';
import { WindowTable } from '../shared/archive/windows.ts';
import { AzureBundles } from '../shared/bundle/publish.ts';
import { systemClock } from '../shared/clock.ts';
import { classifyFeed, classifyGraph } from '../shared/collect/classify.ts';
import { WindowCollector, type TenantApis } from '../shared/collect/collect-window.ts';
import { LocalBudget, SharedBudget } from '../shared/collect/budget.ts';
import { sourceSpec, SOURCES } from '../shared/collect/sources/index.ts';
import { Subscriptions } from '../shared/collect/subscriptions.ts';
import { graphTransport, tokenTransport, type TokenSource } from '../shared/collect/transport.ts';
import { VendorApi } from '../shared/collect/vendor-api.ts';
import { readSettings, type Settings } from '../shared/config.ts';
import { HoldfastError } from '../shared/errors.ts';
import { connectStorage } from '../shared/store/connect.ts';
import { consoleLog } from './log.ts';

/** The composition root: the only place where clients are made. */

const settings = readSettings(process.env);
const clock = systemClock;
const log = consoleLog;

function azureCredential(clientId: string | undefined): TokenCredential {
  // On Azure the platform's identity endpoint is there; elsewhere a developer's own sign-in is meant.
  if (process.env['IDENTITY_ENDPOINT']) return new ManagedIdentityCredential(clientId ? { clientId } : {});
  return new ChainedTokenCredential(new AzureCliCredential(), new DefaultAzureCredential());
}

const storage = connectStorage(
  settings.storage,
  settings.storage.kind === 'identity' ? azureCredential(settings.storage.clientId) : undefined,
);
const { stores } = storage;

const credential =
  settings.credential === 'none' ? undefined : azureCredential(settings.managedIdentityClientId);

/** Tokens for one API and tenant; the credential caches them. `renew` cannot force it, but an expired one is never given. */
function tokens(resource: string, tenantId: string): TokenSource {
  if (!credential) return () => Promise.resolve('simulated');
  return async () => {
    const token = await credential.getToken(`${resource}/.default`, { tenantId });
    if (token) return token.token;
    throw new HoldfastError('vendor-refused', `No token for ${resource}.`, {
      ids: { refusal: 'permission' },
    });
  };
}

const identityLimit = { requests: 1, periodMs: 1000 };
/** API-FACTS C: 2,000 a minute at least; a little below it. */
const feedLimit = { requests: 1900, periodMs: 60_000 };

function makeApis(s: Settings, tenant: string): TenantApis {
  const { graph, management } = s.endpoints;
  const graphSend = graphTransport(tokens(graph, tenant), fetch);
  const shared = (name: string, limit: { requests: number; periodMs: number }): SharedBudget =>
    new SharedBudget(`${tenant}|${name}`, limit, { tables: stores.tables, clock });
  const graphApi = (budget: SharedBudget): VendorApi =>
    new VendorApi({
      transport: graphSend,
      budget,
      clock,
      classify: classifyGraph,
      origin: new URL(graph).origin,
    });
  return {
    reports: graphApi(shared('reports', s.reportBudget)),
    identity: graphApi(shared('identity', identityLimit)),
    graphEndpoint: graph,
    feed: {
      api: new VendorApi({
        transport: tokenTransport(tokens(management, tenant), fetch),
        budget: new LocalBudget(feedLimit, clock),
        clock,
        classify: classifyFeed,
        origin: new URL(management).origin,
      }),
      endpoint: management,
      tenant,
      publisherId: s.publisherId,
    },
  };
}

const made = new Map<string, TenantApis>();
const apis = (tenant: string): TenantApis => {
  const found = made.get(tenant) ?? makeApis(settings, tenant);
  made.set(tenant, found);
  return found;
};

const archive = new Archive({ blobs: stores.archive, clock });
const windows = new WindowTable(stores.tables);
const subscriptions = new Subscriptions(stores.tables, clock);

let prepared: Promise<void> | undefined;

/** Everything the triggers need. `ready` creates containers, tables and queues once per process. */
export const root = {
  settings,
  clock,
  log,
  stores,
  archive,
  windows,
  subscriptions,
  apis,
  specs: SOURCES.filter((s) => settings.sources.includes(s.id)),
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
  coverage: (tenant: string, fromMs: number, toMs: number) =>
    readCoverage(windows, { tenant, fromMs, toMs, sources: settings.sources, nowMs: clock.now() }),
  ready: (): Promise<void> =>
    (prepared ??= storage.ensure().catch((error: unknown) => {
      prepared = undefined;
      throw error;
    })),
};
