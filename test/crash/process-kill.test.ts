import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAzurite, type Azurite } from '../../infra/local/azurite.ts';
import { startHostProcess, type HostProcess } from '../../infra/local/host/process.ts';
import { generateStory, DEFAULT_TENANT_ID } from '../../infra/local/story/index.ts';
import { between, seeded } from '../../infra/local/tenant/seeded.ts';
import type { PublishedRecord } from '../../infra/local/tenant/records.ts';
import { createTenant, type Tenant } from '../../infra/local/tenant/tenant.ts';
import { WindowTable } from '../../shared/archive/windows.ts';
import type { SubscriptionState } from '../../shared/collect/subscriptions.ts';
import { indexSegment } from '../../shared/indexing/index-segment.ts';
import { parseArchivePath, windowPartition } from '../../shared/layout.ts';
import type { SourceId } from '../../shared/sources.ts';
import { connectStorage, type StorageClients } from '../../shared/store/connect.ts';
import { MemoryTables } from '../../shared/store/memory.ts';
import type { TableStore } from '../../shared/store/stores.ts';
import { PROJECT } from '../support/project.ts';
import { archivedLines, publishedLines } from '../support/world.ts';

// The real thing, smaller: the built app in a process of its own on Azurite, killed with SIGKILL at seeded moments
// of its work. (Every single call is swept in-process by every-call.test.ts.)

const KILLS = 9;
const SEED = 20_261_124;
const SOURCES: readonly SourceId[] = [
  'signins-interactive',
  'directory-audits',
  'ual-exchange',
  'ual-general',
];
const HOUR = 3_600_000;
/**
 * The story ends with the hour before. A planner killed while it writes its first plan is followed by plans of whole
 * windows: what came within the running hour is collected when that is over, which the test does not wait for.
 */
const endMs = Math.floor(Date.now() / HOUR) * HOUR;
const story = { nowMs: endMs, days: 3, records: 2500, users: 30 };
const records = [...generateStory(story)].filter(byTheEnd).map(forGood);

/** Nothing becomes available while the test runs, however long it takes: it was one record too many on a busy machine. */
function byTheEnd({ source, availableMs }: PublishedRecord): boolean {
  return SOURCES.includes(source) && availableMs <= endMs;
}

/** Nor does anything vanish meanwhile for a later version that never comes. */
function forGood(record: PublishedRecord): PublishedRecord {
  const { goneMs, ...lasting } = record;
  return goneMs !== undefined && goneMs > endMs ? lasting : record;
}

let azurite: Azurite;
let tenant: Tenant;
let storage: StorageClients;

beforeAll(async () => {
  azurite = await startAzurite();
  tenant = await createTenant({ records, tenantId: DEFAULT_TENANT_ID });
  tenant.limits.set('graphReports', false);
  storage = connectStorage({ kind: 'connection-string', connectionString: azurite.connectionString });
  await storage.ensure();
});
afterAll(async () => {
  await tenant.stop();
  await azurite.stop();
});

const startCollector = (): Promise<HostProcess> =>
  startHostProcess({
    appDir: PROJECT,
    port: 0,
    timers: false,
    pollMs: 50,
    queueLeaseMs: 2000,
    env: {
      ...tenant.settings(),
      ARCHIVE_STORAGE: azurite.connectionString,
      AzureWebJobsStorage: azurite.connectionString,
      GRAPH_REPORT_BUDGET: '100000/10',
      SOURCES: SOURCES.join(','),
    },
  });

/**
 * What an hour does: messages that were lost with their sender count as lost, the sweep is due again, and a subscription
 * whose start was on record when the process died may be started, as a source refused without one may be asked.
 */
async function letTimePass(): Promise<void> {
  const { tables } = storage.stores;
  const windows = new WindowTable(tables);
  for (const source of SOURCES) {
    const partition = windowPartition(DEFAULT_TENANT_ID, source);
    const known = await tables.get('windows', partition, '~subscription');
    const state = JSON.parse(String(known?.cells['subscription'] ?? '{}')) as Partial<SubscriptionState>;
    const cells = { ...known?.cells, subscription: JSON.stringify({ ...state, triedMs: 0 }) };
    if (known) await tables.upsert('windows', partition, [{ row: known.row, cells }]);
    const note = await windows.note(DEFAULT_TENANT_ID, source);
    if (note?.unavailable) await windows.setNote(DEFAULT_TENANT_ID, source, { ...note, probeMs: 0 });
    for await (const row of windows.unsettled(DEFAULT_TENANT_ID, source))
      await windows.replace({ ...row, queuedMs: 0, dueMs: Math.min(row.dueMs, Date.now()) });
  }
  await tables.remove('slices', `${DEFAULT_TENANT_ID}|sweep`, ['all', 'recent']);
}

async function rowsOf(tables: TableStore): Promise<string[]> {
  const rows: string[] = [];
  for (const table of ['slices', 'sessions', 'users'])
    for await (const { partition, row, cells } of tables.scan(table))
      if (!partition.endsWith('|sweep'))
        rows.push(
          JSON.stringify([table, partition, row, Object.entries(cells).sort(([a], [b]) => (a < b ? -1 : 1))]),
        );
  return rows.sort();
}

async function rebuilt(): Promise<string[]> {
  const tables = new MemoryTables();
  const blobs = storage.stores.archive;
  for await (const { name } of blobs.list('v1/')) {
    const path = parseArchivePath(name);
    if (path?.kind === 'manifest') await indexSegment(path, { blobs, tables });
  }
  return rowsOf(tables);
}

describe('a collector process that is killed again and again', () => {
  it(`survives ${KILLS} times SIGKILL: archive = published, nothing twice, tables = rebuild`, async () => {
    const random = seeded(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      const host = await startCollector();
      const running = host.runTimer('collect').catch(() => undefined);
      await pause(between(random, 20, 700 + 150 * kill));
      host.kill('SIGKILL');
      expect(await host.exited).toEqual({ code: null, signal: 'SIGKILL' });
      await running;
      await letTimePass();
    }
    const host = await startCollector();
    for (let round = 0; round < 2; round++) {
      await letTimePass();
      await host.runTimer('collect');
      await host.idle();
    }
    await host.stop();
    const published = publishedLines(records, endMs);
    const archived = await archivedLines(storage);
    expect(published.length).toBeGreaterThan(500);
    const held = new Set(archived);
    expect(published.filter((line) => !held.has(line))).toEqual([]);
    expect(archived).toEqual(published);
    expect(await rowsOf(storage.stores.tables)).toEqual(await rebuilt());
  });
});
