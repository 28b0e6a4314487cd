import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildBundle } from '../../shared/bundle/build-bundle.ts';
import { planBundle } from '../../shared/bundle/incident/plan.ts';
import { Archive } from '../../shared/archive/archive.ts';
import { parseManifest } from '../../shared/archive/manifest.ts';
import { SEGMENT_BYTES } from '../../shared/archive/segment-writer.ts';
import { systemClock } from '../../shared/clock.ts';
import { indexSegment } from '../../shared/indexing/index-segment.ts';
import { manifestPath } from '../../shared/layout.ts';
import { DIGEST_BYTES, parseRecord, type ArchiveRecord } from '../../shared/record.ts';
import { MemoryTables } from '../../shared/store/memory.ts';
import type { BlobInfo, BlobStore, PutOptions, StoredRow } from '../../shared/store/stores.ts';

/**
 * 180 days of one busy user in a busy archive, bundled: how long it takes, and how much memory. The archive is written
 * through its own door and kept on disk, so that what is measured is the bundle's memory, not the archive's.
 *
 *     node test/bench/bundle-memory.ts [records of the user] [records in the archive]
 *
 * Of the archive, as many records of others are written as of the user, among them. The rest is simulated where a
 * bundle meets it: in the manifests of the segments in which the user is, which list every chunk and every record.
 */
const OWN = Number(process.argv[2] ?? 200_000);
const ALL = Number(process.argv[3] ?? 20_000_000);
const OTHERS = 1;
const DAYS = 180;
const LIMIT = 300 * 1024 * 1024;
const TENANT = '11111111-1111-4111-8111-111111111111';
const FIRST = Date.UTC(2026, 4, 1);
const DAY = 86_400_000;

class DiskBlobs implements BlobStore {
  readonly #folder: string;
  readonly #known = new Map<string, BlobInfo>();
  constructor(folder: string) {
    this.#folder = folder;
  }
  async putNew(name: string, body: Uint8Array, options: PutOptions = {}): Promise<'created' | 'exists'> {
    if (this.#known.has(name)) return 'exists';
    await mkdir(dirname(join(this.#folder, name)), { recursive: true });
    await writeFile(join(this.#folder, name), body);
    this.#known.set(name, { name, size: body.length, metadata: options.metadata ?? {} });
    return 'created';
  }
  async replace(name: string, body: Uint8Array): Promise<void> {
    await writeFile(join(this.#folder, name), body);
  }
  async get(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.#folder, name));
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return undefined;
      throw error;
    }
  }
  async getRange(name: string, offset: number, length: number): Promise<Buffer> {
    const file = await open(join(this.#folder, name));
    try {
      const buffer = Buffer.alloc(length);
      await file.read(buffer, 0, length, offset);
      return buffer;
    } finally {
      await file.close();
    }
  }
  info(name: string): Promise<BlobInfo | undefined> {
    return Promise.resolve(this.#known.get(name));
  }
  async *list(prefix: string): AsyncIterable<BlobInfo> {
    for (const name of [...this.#known.keys()].sort())
      if (name.startsWith(prefix)) yield this.#known.get(name)!;
    await Promise.resolve();
  }
}

const OPERATIONS = ['MailItemsAccessed', 'Send', 'Create', 'SoftDelete', 'MoveToDeletedItems', 'Update'];

function record(day: number, n: number, perDay: number, user: string): ArchiveRecord {
  const time = new Date(FIRST + day * DAY + Math.floor((n * (DAY - 1000)) / perDay))
    .toISOString()
    .slice(0, 19);
  const value = {
    AppAccessContext: {
      AADSessionId: `44444444-4444-4444-8444-${String(day).padStart(12, '0')}`,
      UniqueTokenId: `t${day}-${n % 40}`,
    },
    CreationTime: time,
    Id: `${user}-${day}-${n}`,
    Operation: OPERATIONS[n % OPERATIONS.length],
    OrganizationId: TENANT,
    RecordType: 2,
    ResultStatus: 'Succeeded',
    Workload: 'Exchange',
    UserId: user,
    ClientIPAddress: `198.51.100.${n % 7}`,
    ClientInfoString: 'Client=MSExchangeRPC',
    Item: {
      Id: `RgAAAAD${n}`,
      InternetMessageId: `<${day}.${n}@x.example>`,
      ParentFolder: { Path: '\\Inbox' },
      Subject: `Subject number ${n} of day ${day}`,
      SizeInBytes: 1000 + n,
    },
    MailboxOwnerUPN: user,
    OrganizationName: 'x.example',
    OriginatingServer: 'AM0PR01 (15.20.0000.000)',
    // Ids of messages and requests hardly compress: real records are about one part in ten of their size.
    ClientRequestId: createHash('sha256').update(`${user}${day}.${n}`).digest('base64'),
  };
  return parseRecord(Buffer.from(JSON.stringify(value)));
}

const mb = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;

async function fill(blobs: DiskBlobs, tables: MemoryTables): Promise<number> {
  const perDay = Math.ceil(OWN / DAYS);
  let all = 0;
  for (let day = 0; day < DAYS; day++) {
    const archive = new Archive({ blobs, clock: systemClock });
    const own = Array.from({ length: Math.min(perDay, OWN - day * perDay) }, (_, n) =>
      record(day, n, perDay, 'busy@x.example'),
    );
    const others = Array.from({ length: own.length * OTHERS }, (_, n) =>
      record(day, n, perDay * OTHERS, `u${n % 200}@x.example`),
    );
    const records = [...own, ...others];
    all += records.length;
    const date = new Date(FIRST + day * DAY).toISOString().slice(0, 10);
    const { segments } = await archive.append({
      tenant: TENANT,
      source: 'ual-exchange',
      date,
      records,
      window: null,
      pass: 1,
      requests: [],
    });
    for (const ref of segments) {
      await indexSegment(ref, { blobs, tables });
      await blobs.replace(manifestPath(ref), grown(await blobs.get(manifestPath(ref))));
    }
  }
  return all;
}

/** The manifest of a segment that goes on with records of others, as far as a segment and the day's share go. */
function grown(body: Buffer | undefined): Buffer {
  const manifest = parseManifest('a manifest of the bench', body!);
  const most = Math.floor((SEGMENT_BYTES / manifest.bytes) * manifest.records);
  const records = Math.max(manifest.records, Math.min(Math.floor(ALL / DAYS), most));
  const last = manifest.chunks.at(-1)!;
  const chunks = [...manifest.chunks];
  for (let held = manifest.records; held < records; held += last.records) {
    const { offset, length } = chunks.at(-1)!;
    chunks.push({ ...last, offset: offset + length });
  }
  const digests = Buffer.concat([
    Buffer.from(manifest.digests, 'base64'),
    randomBytes((records - manifest.records) * DIGEST_BYTES),
  ]);
  return Buffer.from(JSON.stringify({ ...manifest, records, chunks, digests: digests.toString('base64') }));
}

const KEY = 'busy@x.example';

/** Writes the archive, and of the index what a table service would answer for this user. */
async function write(folder: string): Promise<void> {
  const [blobs, tables] = [new DiskBlobs(folder), new MemoryTables()];
  const written = await fill(blobs, tables);
  const rows = [];
  for (const table of ['slices', 'users'])
    for await (const row of tables.scan(table)) if (row.row.startsWith(KEY)) rows.push({ table, ...row });
  await writeFile(join(folder, 'index.json'), JSON.stringify({ written, rows }));
}

async function load(folder: string): Promise<{ written: number; blobs: DiskBlobs; tables: MemoryTables }> {
  const { written, rows } = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as {
    written: number;
    rows: (StoredRow & { table: string })[];
  };
  const tables = new MemoryTables();
  for (const { table, partition, row, cells } of rows)
    await tables.upsert(table, partition, [{ row, cells }]);
  return { written, tables, blobs: new DiskBlobs(folder) };
}

/** In a process of its own: what is measured is what a bundle takes, not what writing an archive left behind. */
async function bundle(folder: string): Promise<void> {
  const { written, blobs, tables } = await load(folder);
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  const started = performance.now();
  const scope = {
    tenant: TENANT,
    entities: { user: [KEY], session: [], ip: [], app: [] },
    fromMs: FIRST,
    toMs: FIRST + DAYS * DAY,
  };
  const plan = await planBundle({ scope, expand: 0 }, { blobs, tables, coverage: () => Promise.resolve([]) });
  const planned = (performance.now() - started) / 1000;
  const request = { id: '22222222-2222-4222-8222-222222222222', requester: 'bench', requestedMs: FIRST };
  const { records } = await buildBundle(
    { request, plan, snapshots: [] },
    blobs,
    createWriteStream(join(folder, 'bundle.zip')),
  );
  const seconds = (performance.now() - started) / 1000;
  clearInterval(watch);
  const bytes = plan.located.flatMap((l) => l.chunks).reduce((n, c) => n + c.length, 0);
  const zip = await stat(join(folder, 'bundle.zip'));
  console.log(
    `archive: ${ALL} records (${written} written), ${OWN} of one user; bundle of ${records} records in ${seconds.toFixed(1)} s (plan ${planned.toFixed(1)} s)`,
  );
  console.log(
    `${mb(bytes)} of chunks, a zip of ${mb(zip.size)}; ${Math.round(records / seconds)} records/s; ${Math.round(bytes / seconds)} compressed bytes/s`,
  );
  console.log(`memory: peak ${mb(peak)}, before ${mb(before)}; limit ${mb(LIMIT)}`);
  if (peak > LIMIT && OWN <= 200_000) process.exitCode = 1;
}

/** The Functions worker's own argument (`languageWorkers__node__arguments`): a small young generation. */
const AS_DEPLOYED = ['--max-semi-space-size=8'];

const steps: Readonly<Record<string, (folder: string) => Promise<void>>> = { write, bundle };
const [, script = '', , , step, folder] = process.argv;

if (step !== undefined && folder !== undefined) await steps[step]!(folder);
else {
  const made = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  try {
    for (const name of Object.keys(steps)) {
      const { status } = spawnSync(
        process.execPath,
        [...AS_DEPLOYED, script, String(OWN), String(ALL), name, made],
        {
          stdio: 'inherit',
        },
      );
      process.exitCode = status ?? 1;
      if (status !== 0) break;
    }
  } finally {
    await rm(made, { recursive: true });
  }
}
