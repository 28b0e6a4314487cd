import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { startAzurite } from '../../infra/local/azurite.ts';
import { DEFAULT_TENANT_ID, generateStory } from '../../infra/local/story/index.ts';
import { counted, composeCollector, type StorageCounts } from './compose.ts';
import { measure, type Figure } from './figure.ts';
import { floorFigures } from './floor.ts';
import { PROJECT } from '../support/project.ts';

/** Records of the bench's story: six days, so that the feed's seven hold them all. */
const STORY = { records: 500_000, days: 6 };

/** What one collection of a tenant costs, against compressing the same bytes with zlib level 6. */
export async function benchCollect(): Promise<Figure[]> {
  const azurite = await startAzurite();
  const tenant = await startTenant();
  try {
    const counts: StorageCounts = { operations: 0, byKind: {} };
    const collector = await composeCollector({
      azurite,
      tenant: tenant.settings,
      wrap: (stores) => counted(stores, counts),
    });
    const collect = await measure(() => collector.collect());
    const collectOps = { ...counts.byKind };
    const index = await measure(() => collector.index());
    const archived = await collector.archived();
    const texts = lay(archivedInArrivalOrder(tenant.nowMs));
    const gzip = await measure(() => gzipSize(texts));
    const floor = await floorFigures(texts, collector.answers(), gzip.cpu);
    const millions = archived.records / 1e6;
    return [
      {
        what: 'CPU to collect and archive / CPU of zlib level 6',
        value: collect.cpu / (gzip.cpu * (archived.bytes / gzip.result.plain)),
        unit: ' ×',
        reach: { value: 2.5, most: true },
      },
      ...floor,
      {
        what: 'archive size / gzip -6 of arrival order',
        value: archived.gzipBytes / (gzip.result.gzip * (archived.bytes / gzip.result.plain)),
        unit: ' ×',
        reach: { value: 0.8, most: true },
      },
      { what: 'CPU to index / CPU of zlib level 6', value: index.cpu / gzip.cpu, unit: ' ×' },
      {
        what: 'records collected',
        value: archived.records,
        unit: '',
        note: `${(archived.bytes / 1e6).toFixed(0)} MB of text, ${collect.wall.toFixed(0)} s`,
      },
      {
        what: 'storage operations per million records, collect and archive',
        value: sum(collectOps) / millions,
        unit: '',
        note: show(collectOps, millions),
      },
      {
        what: 'storage operations per million records, with the index',
        value: counts.operations / millions,
        unit: '',
        note: show(counts.byKind, millions),
      },
    ];
  } finally {
    tenant.stop();
    await azurite.stop();
  }
}

const sum = (byKind: Record<string, number>): number => Object.values(byKind).reduce((a, b) => a + b, 0);
const show = (byKind: Record<string, number>, millions: number): string =>
  Object.entries(byKind)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, n]) => `${kind} ${Math.round(n / millions)}`)
    .join(', ');

export interface TenantProcess {
  readonly settings: Record<string, string>;
  readonly nowMs: number;
  stop(): void;
}

/** The simulated tenant in a process of its own: its CPU and memory are not the collector's. */
export async function startTenant(story: { records: number; days: number } = STORY): Promise<TenantProcess> {
  const nowMs = Date.now();
  const child: ChildProcess = spawn(
    process.execPath,
    [join(PROJECT, 'test/bench/tenant-child.ts'), JSON.stringify({ ...story, nowMs })],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await new Promise<string[]>((resolve, reject) => {
    lines.once('line', (text) => resolve([text]));
    child.once('exit', (code) => reject(new Error(`the tenant ended with ${code}`)));
  })) as [string];
  return { settings: JSON.parse(line) as Record<string, string>, nowMs, stop: () => child.kill('SIGKILL') };
}

/** What a collector without our order would write: each source's records as they become available. */
function archivedInArrivalOrder(nowMs: number): Buffer[] {
  const current = [...generateStory({ ...STORY, nowMs, tenantId: DEFAULT_TENANT_ID })].filter(
    ({ availableMs, goneMs }) => availableMs <= nowMs && (goneMs === undefined || goneMs > nowMs),
  );
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  current.sort((a, b) => order(a.source, b.source) || a.availableMs - b.availableMs);
  return current.map(({ text }) => Buffer.from(`${text}\n`));
}

/** Sizes of a gzip -6 stream of the texts. */
async function gzipSize(parts: readonly Buffer[]): Promise<{ plain: number; gzip: number }> {
  let gzip = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, next) {
      gzip += chunk.length;
      next();
    },
  });
  await pipeline(Readable.from(parts), createGzip({ level: 6 }), sink);
  return { plain: parts.reduce((n, p) => n + p.length, 0), gzip };
}

/** In memory, in blocks of a megabyte: generating the texts must not count as compressing them. */
function lay(texts: Iterable<Buffer>): Buffer[] {
  const blocks: Buffer[] = [];
  let [block, size]: [Buffer[], number] = [[], 0];
  for (const text of texts) {
    block.push(text);
    size += text.length;
    if (size < 1 << 20) continue;
    blocks.push(Buffer.concat(block, size));
    [block, size] = [[], 0];
  }
  return [...blocks, Buffer.concat(block, size)];
}
