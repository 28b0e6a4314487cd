import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { startAzurite, type Azurite } from '../../infra/local/azurite.ts';
import { startHost, type Host } from '../../infra/local/host/host.ts';
import type { PublishedRecord } from '../../infra/local/tenant/records.ts';
import { createTenant, type Tenant, type TenantOptions } from '../../infra/local/tenant/tenant.ts';
import { PROJECT } from './project.ts';
import { connectStorage, type StorageClients } from '../../shared/store/connect.ts';

/** A whole world for an end-to-end test: Azurite of its own, a simulated tenant, and the built app in the local host. */
export interface World {
  readonly tenant: Tenant;
  readonly host: Host;
  readonly azurite: Azurite;
  readonly storage: StorageClients;
  get(path: string): Promise<Response>;
  /** Runs the collect timer, then waits until every queue is empty. */
  collect(): Promise<void>;
  stop(): Promise<void>;
}

export async function startWorld(
  options: TenantOptions & { env?: Record<string, string> } = {},
): Promise<World> {
  const azurite = await startAzurite();
  const tenant = await createTenant(options);
  tenant.limits.set('graphReports', false);
  tenant.limits.set('identityProtection', false);
  tenant.limits.set('feed', false);
  const storage = connectStorage({ kind: 'connection-string', connectionString: azurite.connectionString });
  const host = await startHost({
    appDir: PROJECT,
    port: 0,
    timers: false,
    pollMs: 50,
    env: {
      ...tenant.settings(),
      ARCHIVE_STORAGE: azurite.connectionString,
      AzureWebJobsStorage: azurite.connectionString,
      GRAPH_REPORT_BUDGET: '100000/10',
      MANAGEMENT_BUDGET: '100000/10',
      ...options.env,
    },
  });
  return {
    tenant,
    host,
    azurite,
    storage,
    get: (path) => fetch(host.url + path, { redirect: 'manual' }),
    collect: async () => {
      await host.runTimer('collect');
      await host.idle();
    },
    stop: async () => {
      await host.stop();
      await tenant.stop();
      await azurite.stop();
    },
  };
}

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** Every line of every segment. */
export async function archivedTexts(storage: StorageClients): Promise<{ source: string; text: string }[]> {
  const texts: { source: string; text: string }[] = [];
  for await (const blob of storage.stores.archive.list('v1/')) {
    if (!blob.name.endsWith('.ndjson.gz')) continue;
    const source = /source=([^/]+)/.exec(blob.name)![1]!;
    const body = gunzipSync((await storage.stores.archive.get(blob.name))!);
    for (const text of body.toString('utf8').split('\n')) if (text) texts.push({ source, text });
  }
  return texts;
}

/** `source sha256` of every line of every segment, sorted: duplicates show. */
export const archivedLines = async (storage: StorageClients): Promise<string[]> =>
  (await archivedTexts(storage)).map(({ source, text }) => `${source} ${sha256(text)}`).sort();

/** What the archive must hold: each distinct text once, as the tenant serves it at `nowMs`. */
export function publishedLines(records: Iterable<PublishedRecord>, nowMs: number): string[] {
  const lines = new Set<string>();
  for (const { source, text, availableMs, goneMs } of records) {
    if (availableMs <= nowMs && (goneMs === undefined || goneMs > nowMs))
      lines.add(`${source} ${sha256(text)}`);
  }
  return [...lines].sort();
}
