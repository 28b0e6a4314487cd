import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { generateStory, storyGroundTruth } from '../../infra/local/story/index.ts';
import { Archive } from '../../shared/archive/archive.ts';
import { buildBundle } from '../../shared/bundle/build-bundle.ts';
import { planBundle } from '../../shared/bundle/incident/plan.ts';
import type { Parts } from '../../shared/bundle/report/input.ts';
import { parseScope } from '../../shared/bundle/scope.ts';
import { systemClock } from '../../shared/clock.ts';
import { aliasesOf } from '../../shared/indexing/query.ts';
import { indexSegment } from '../../shared/indexing/index-segment.ts';
import { escapeKey } from '../../shared/layout.ts';
import { dateOf } from '../../shared/instant.ts';
import { parseRecord, type ArchiveRecord } from '../../shared/record.ts';
import type { SourceId } from '../../shared/sources.ts';
import { MemoryTables } from '../../shared/store/memory.ts';
import type { BlobInfo, BlobStore } from '../../shared/store/stores.ts';
import { timed, type Figure } from './figure.ts';

const RECORDS = Number(process.env['BENCH_RECORDS'] ?? 1_000_000);
const TENANT = '11111111-1111-4111-8111-111111111111';

/**
 * The archive as files: ripgrep and the bundle then read the same bytes from the same disk, both without a detour over
 * other threads for each piece.
 */
class FileBlobs implements BlobStore {
  readonly root: string;
  readonly #open = new Map<string, number>();
  constructor(root: string) {
    this.root = root;
  }
  async putNew(name: string, body: Uint8Array): Promise<'created' | 'exists'> {
    await mkdir(dirname(join(this.root, name)), { recursive: true });
    await writeFile(join(this.root, name), body, { flag: 'wx' });
    return 'created';
  }
  async get(name: string): Promise<Buffer | undefined> {
    return readFile(join(this.root, name)).catch(() => undefined);
  }
  getRange(name: string, offset: number, length: number): Promise<Buffer> {
    const file = this.#open.get(name) ?? openSync(join(this.root, name), 'r');
    this.#open.set(name, file);
    const bytes = Buffer.allocUnsafe(length);
    return Promise.resolve(bytes.subarray(0, readSync(file, bytes, 0, length, offset)));
  }
  close(): void {
    for (const file of this.#open.values()) closeSync(file);
    this.#open.clear();
  }
  info(): Promise<BlobInfo | undefined> {
    return Promise.resolve(undefined);
  }
  async *list(prefix: string): AsyncIterable<BlobInfo> {
    const names = await readdir(join(this.root, prefix)).catch(() => []);
    for (const name of names.sort((a, b) => (a < b ? -1 : 1)))
      yield { name: prefix + name, size: 0, metadata: {} };
  }
}

/** One user's thirty days out of a million records, against `rg -z` over the same archive. */
export async function benchBundle(): Promise<Figure[]> {
  const root = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const blobs = new FileBlobs(root);
  try {
    const story = { nowMs: Date.now(), records: RECORDS };
    const upn = storyGroundTruth({ nowMs: story.nowMs, records: 20_000 }).johanna.upn;
    const { records, tables } = await written(blobs, story, upn);
    const ask = { upn, nowMs: story.nowMs };
    // The index of the whole archive was made in this process's heap, and is no part of answering.
    globalThis.gc?.();
    const core = await best(10, () => bundleOf({ ...ask, parts: 'core' }, blobs, tables));
    const all = await best(3, () => bundleOf({ ...ask, parts: 'all' }, blobs, tables));
    const rg = await best(3, () => Promise.resolve(grep(upn, join(root, 'v1'))));
    const against = (bundle: typeof core): number => rg.wall / bundle.wall;
    return [
      {
        what: `rg -z / records, timeline, sessions and coverage of one user (parts=core), ${records} records`,
        value: against(core),
        unit: ' ×',
        reach: { value: 20, most: false },
        note: `rg ${rg.wall.toFixed(2)} s (${rg.result} lines), bundle ${core.wall.toFixed(2)} s (${core.result} records, zipped)`,
      },
      {
        what: 'rg -z / the whole bundle, with report, workbook and evidence',
        value: against(all),
        unit: ' ×',
        note: `bundle ${all.wall.toFixed(2)} s (${all.result} records)`,
      },
    ];
  } finally {
    blobs.close();
    await rm(root, { recursive: true });
  }
}

/** Writes the archive, and keeps of its index what a table service would answer: that is not in this process's heap. */
async function written(
  blobs: BlobStore,
  story: { nowMs: number; records: number },
  user: string,
): Promise<{ records: number; tables: MemoryTables }> {
  const [whole, tables] = [new MemoryTables(), new MemoryTables()];
  const records = await fill(blobs, whole, story);
  const prefixes = (await aliasesOf(whole, TENANT, user)).map((key) => `${escapeKey(key)}|`);
  for (const table of whole.tables.keys())
    for await (const { partition, row, cells } of whole.scan(table))
      if (prefixes.some((prefix) => row.startsWith(prefix)))
        await tables.upsert(table, partition, [{ row, cells }]);
  return { records, tables };
}

async function best<T>(times: number, work: () => Promise<T>): Promise<{ result: T; wall: number }> {
  let found: { result: T; wall: number } | undefined;
  for (let i = 0; i < times; i++) {
    const one = await timed(work);
    if (!found || one.wall < found.wall) found = one;
  }
  return found!;
}

async function fill(
  blobs: BlobStore,
  tables: MemoryTables,
  story: { nowMs: number; records: number },
): Promise<number> {
  const archive = new Archive({ blobs, clock: systemClock, graceMs: 0 });
  const groups = new Map<string, ArchiveRecord[]>();
  let [held, total] = [0, 0];
  const flush = async (): Promise<void> => {
    for (const [key, records] of groups) {
      const [source, date] = key.split('|') as [SourceId, string];
      const { segments, added } = await archive.append({
        tenant: TENANT,
        source,
        date,
        records,
        window: null,
        pass: 0,
        requests: [],
      });
      total += added;
      for (const ref of segments) await indexSegment(ref, { blobs, tables });
    }
    groups.clear();
    held = 0;
  };
  // The story comes day by day: one segment a source and day, as a collector that keeps up would write a few.
  let day = '';
  for (const { source, text, eventMs } of generateStory(story)) {
    const date = dateOf(eventMs);
    if (date !== day && held > 60_000_000) await flush();
    day = date;
    const record = parseRecord(Buffer.from(text));
    const group = groups.get(`${source}|${date}`);
    if (group) group.push(record);
    else groups.set(`${source}|${date}`, [record]);
    held += text.length;
  }
  await flush();
  return total;
}

async function bundleOf(
  { upn, nowMs, parts }: { upn: string; nowMs: number; parts: Parts },
  blobs: BlobStore,
  tables: MemoryTables,
): Promise<number> {
  const scope = parseScope(TENANT, { entities: { user: [upn] } }, nowMs + 86_400_000, 31);
  const sink = new Writable({ write: (_chunk, _encoding, next) => next() });
  const request = { id: 'bench', scope, requester: 'bench', requestedMs: nowMs, parts };
  const plan = await planBundle({ scope, expand: 0 }, { blobs, tables, coverage: () => Promise.resolve([]) });
  const { records } = await buildBundle({ request, plan, snapshots: [] }, blobs, sink);
  return records;
}

/** Lines that name the user, whatever their place. */
function grep(upn: string, root: string): number {
  const out = execFileSync(
    'rg',
    ['-z', '-i', '-F', '--no-filename', '--no-ignore', '-g', '*.ndjson.gz', upn, root],
    { maxBuffer: 1 << 30 },
  );
  return out.toString('latin1').split('\n').length - 1;
}
