import { readManifest } from '../archive/manifest.ts';
import { readReceipt, writeReceipt, type Receipt, type ReceiptKey } from '../archive/receipt.ts';
import { formatSeconds } from '../instant.ts';
import { datePrefix, parseArchivePath, receiptPath, type SegmentRef } from '../layout.ts';
import { QUEUE } from '../messages.ts';
import type { BlobStore, QueueStore } from '../store/stores.ts';
import { shownName } from './broken.ts';
import type { FileFacts } from './check-file.ts';
import { fileRequest, type ImportAsk, type StoreProgress } from './store-file.ts';

export interface FinishDeps {
  readonly blobs: BlobStore;
  readonly queues: QueueStore;
}

export interface Finished {
  /** Every segment that holds records of the file, also those of an earlier import or attempt. */
  readonly segments: readonly SegmentRef[];
  /** Path of the receipt. */
  readonly receipt: string;
  /** The same file was imported before, and this time brought nothing new. */
  readonly before?: { readonly importer: string; readonly importedAt: string };
}

const REASON = 'an imported file proves what is in it, never that it is complete';
const MAX_PASSES = 10_000;
const MESSAGES = 500;

/**
 * The receipt of an import, then its index messages; first those of segments that dead collectors have left. Both may be repeated. A file that was imported before and brought
 * nothing new leaves no second receipt.
 */
export async function finishImport(
  ask: ImportAsk,
  facts: FileFacts,
  stored: StoreProgress,
  nowMs: number,
  deps: FinishDeps,
): Promise<Finished> {
  const adopted = stored.adopted.map((ref): SegmentRef => ({ tenant: ask.tenant, ...ref }));
  if (adopted.length > 0) await deps.queues.send(QUEUE.index, adopted);
  const segments = await segmentsOf(ask.tenant, facts, stored, deps.blobs);
  const body = { ...stored, segments: segments.map(({ date, segment }) => ({ date, segment })) };
  const { key, known } = await putReceipt(ask, facts, body, nowMs, deps.blobs);
  const receipt = receiptPath(key.tenant, key.source, key.fromMs, key.toMs, key.pass);
  if (known && known.id !== ask.id)
    return { segments, receipt, before: { importer: known.importer, importedAt: known.importedAt } };
  for (let at = 0; at < segments.length; at += MESSAGES)
    await deps.queues.send(QUEUE.index, segments.slice(at, at + MESSAGES));
  return { segments, receipt };
}

const SECOND = 1000;

async function putReceipt(
  ask: ImportAsk,
  facts: FileFacts,
  stored: StoreProgress,
  nowMs: number,
  blobs: BlobStore,
): Promise<{ key: ReceiptKey; known?: NonNullable<Receipt['import']> }> {
  const fromMs = Math.floor(Date.parse(facts.from) / SECOND) * SECOND;
  const toMs = Math.floor(Date.parse(facts.to) / SECOND) * SECOND + SECOND;
  for (let pass = 1; pass < MAX_PASSES; pass++) {
    const key = { tenant: ask.tenant, source: 'import', fromMs, toMs, pass } as const;
    const known = (await readReceipt(blobs, key))?.import;
    if (known?.sha256 === facts.sha256 && (known.id === ask.id || stored.added === 0)) return { key, known };
    if (known) continue;
    if ((await writeReceipt(blobs, key, receiptOf(ask, facts, stored, nowMs))) === 'created') return { key };
    // Another import of the same span was faster with this number: it may be this very one.
    pass--;
  }
  throw new Error(`more than ${MAX_PASSES} imports of one span of time`);
}

const receiptOf = (
  ask: ImportAsk,
  facts: FileFacts,
  stored: StoreProgress,
  nowMs: number,
): Omit<Receipt, 'format' | 'tenant' | 'source' | 'window' | 'pass' | 'software'> => ({
  outcome: 'partial',
  reason: REASON,
  startedAt: formatSeconds(ask.importedMs),
  finishedAt: formatSeconds(nowMs),
  counts: {
    received: facts.records,
    added: stored.added,
    versions: stored.versions,
    duplicates: stored.duplicates + stored.collected,
    outside: 0,
    unparsed: 0,
  },
  segments: stored.segments,
  settled: true,
  requests: [fileRequest(ask, facts)],
  import: {
    id: ask.id,
    file: shownName(ask.name),
    sha256: facts.sha256,
    bytes: facts.bytes,
    format: ask.format,
    importer: ask.importer,
    importedAt: formatSeconds(ask.importedMs),
    contents: facts.contents.map((c) => ({ ...c, name: shownName(c.name) })),
    kinds: facts.kinds,
    tables: facts.tables,
    tenants: facts.tenants,
    untimed: facts.untimed,
    collected: stored.collected,
  },
});

/**
 * Where the file's records lie. What this import has written is known; what an earlier one, or an attempt that died, has
 * written is found by the file's hash in the manifests of its days.
 */
async function segmentsOf(
  tenant: string,
  facts: FileFacts,
  stored: StoreProgress,
  blobs: BlobStore,
): Promise<SegmentRef[]> {
  const found = new Map<string, SegmentRef>();
  const note = (ref: Pick<SegmentRef, 'date' | 'segment'>): void => {
    found.set(`${ref.date}/${ref.segment}`, {
      tenant,
      source: 'import',
      date: ref.date,
      segment: ref.segment,
    });
  };
  for (const ref of stored.segments) note(ref);
  if (stored.duplicates > 0)
    for (const date of datesOf(facts))
      for await (const { name } of blobs.list(datePrefix(tenant, 'import', date))) {
        const path = parseArchivePath(name);
        if (path?.kind !== 'manifest' || found.has(`${date}/${path.segment}`)) continue;
        const manifest = await readManifest(blobs, path);
        if (manifest?.requests.some(({ sha256 }) => sha256 === facts.sha256)) note(path);
      }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
}

const DAY = 86_400_000;
/** Spans longer than this are not listed day by day: a wrong year in one record must not cost a million listings. */
const MAX_DAYS = 4000;

function datesOf({ from, to }: FileFacts): string[] {
  const first = Date.parse(`${from.slice(0, 10)}T00:00:00Z`);
  const days = Math.min(MAX_DAYS, Math.floor((Date.parse(to) - first) / DAY) + 1);
  return Array.from({ length: days }, (_, i) => new Date(first + i * DAY).toISOString().slice(0, 10));
}
