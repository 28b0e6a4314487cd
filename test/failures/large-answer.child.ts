import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { httpClient } from '../../shared/collect/http-client.ts';
import { Archive } from '../../shared/archive/archive.ts';
import { newWindow, WindowTable } from '../../shared/archive/windows.ts';
import { systemClock } from '../../shared/clock.ts';
import { WindowCollector } from '../../shared/collect/collect-window.ts';
import { tenantApis } from '../../shared/collect/compose.ts';
import { sourceSpec } from '../../shared/collect/sources/index.ts';
import { startSubscription } from '../../shared/collect/feed.ts';
import { Subscriptions } from '../../shared/collect/subscriptions.ts';
import { silentLog } from '../../shared/log.ts';
import type { SourceId } from '../../shared/sources.ts';
import { MemoryQueues, MemoryTables } from '../../shared/store/memory.ts';
import type { BlobInfo, BlobStore } from '../../shared/store/stores.ts';

/** One collector process for one window, with an archive in a folder: its memory is the collector's alone. */

interface Order {
  readonly folder: string;
  readonly origin: string;
  readonly tenant: string;
  readonly source: SourceId;
  readonly fromMs: number;
}

/** Blobs as files, so that the archive does not lie in the memory that is measured. */
class FileBlobs implements BlobStore {
  readonly #folder: string;
  constructor(folder: string) {
    this.#folder = folder;
  }
  async putNew(name: string, body: Uint8Array): Promise<'created' | 'exists'> {
    if (await this.info(name)) return 'exists';
    await mkdir(dirname(join(this.#folder, name)), { recursive: true });
    await writeFile(join(this.#folder, name), body);
    return 'created';
  }
  async get(name: string): Promise<Buffer | undefined> {
    return (await this.info(name)) && readFile(join(this.#folder, name));
  }
  async getRange(name: string, offset: number, length: number): Promise<Buffer> {
    return (await readFile(join(this.#folder, name))).subarray(offset, offset + length);
  }
  async info(name: string): Promise<BlobInfo | undefined> {
    const found = await stat(join(this.#folder, name)).catch(() => undefined);
    return found && { name, size: found.size, metadata: {} };
  }
  async *list(prefix: string): AsyncIterable<BlobInfo> {
    const names = await readdir(join(this.#folder, prefix)).catch((): string[] => []);
    for (const name of names.toSorted((a, b) => (a < b ? -1 : 1))) yield (await this.info(prefix + name))!;
  }
}

async function peakBytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
}

async function collect(order: Order, blobs: BlobStore): Promise<void> {
  const tables = new MemoryTables();
  const [windows, clock] = [new WindowTable(tables), systemClock];
  const row = newWindow(order.tenant, order.source, order.fromMs, order.fromMs + 300_000, 0);
  await windows.createAll([row]);
  const token = (): Promise<string> => Promise.resolve('token');
  const apis = tenantApis({
    tenant: order.tenant,
    endpoints: { graph: order.origin, management: order.origin },
    publisherId: order.tenant,
    reportBudget: { requests: 1000, periodMs: 10_000 },
    tokens: { graph: token, management: token },
    fetch: httpClient(),
    tables,
    clock,
  });
  if (order.source.startsWith('ual-'))
    await startSubscription(apis.feed, 'Audit.Exchange', {
      deadlineMs: Infinity,
      onRequest: () => undefined,
    });
  const collector = new WindowCollector({
    archive: new Archive({ blobs, clock }),
    windows,
    queues: new MemoryQueues(),
    subscriptions: new Subscriptions({ tables, archive: blobs }, clock),
    apis: () => apis,
    specs: sourceSpec,
    settleHours: [1],
    clock,
    log: silentLog,
  });
  await collector.handle({ ...row, pass: 1 });
}

async function archived(folder: string): Promise<{ archived: number; plainBytes: number }> {
  const names = (await readdir(folder, { recursive: true })).filter((n) => n.endsWith('.ndjson.gz'));
  let [lines, plainBytes] = [0, 0];
  for (const name of names) {
    const plain = gunzipSync(await readFile(join(folder, name)));
    plainBytes += plain.length;
    for (let at = plain.indexOf(10); at !== -1; at = plain.indexOf(10, at + 1)) lines++;
  }
  return { archived: lines, plainBytes };
}

const order = JSON.parse(process.argv[2]!) as Order;
await collect(order, new FileBlobs(order.folder));
const peak = await peakBytes();
process.stdout.write(JSON.stringify({ peakBytes: peak, ...(await archived(order.folder)) }));
