import { gunzipMember, linesOf } from '../archive/segment-reader.ts';
import { dateOf, type Ticks } from '../instant.ts';
import { slicesOf } from '../indexing/query.ts';
import type { ChunkRange } from '../indexing/slice.ts';
import type { EntityKeys } from '../indexing/entities/index.ts';
import { ENTITY_KINDS, segmentPath, type SegmentRef } from '../layout.ts';
import { parseRecord, type RecordFacts } from '../record.ts';
import type { SourceId } from '../sources.ts';
import type { BlobStore, TableStore } from '../store/stores.ts';
import { matchMail, matchRecord, type MatchedBy, type WantedKeys } from './matcher.ts';
import { prefilterFor, type Prefilter } from './prefilter.ts';
import type { Scope } from './scope.ts';

/** A record of the scope with where it lies in the archive. */
export interface FoundRecord {
  readonly source: SourceId;
  readonly ref: SegmentRef;
  readonly text: Buffer;
  readonly value: unknown;
  readonly facts: RecordFacts;
  readonly keys: EntityKeys;
  readonly by: MatchedBy;
}

export interface SegmentChunks {
  readonly ref: SegmentRef;
  readonly chunks: readonly ChunkRange[];
}

export interface ReadDeps {
  readonly blobs: BlobStore;
  readonly tables: TableStore;
}

/** Where the scope's records lie, by the index: segments in order of source, date and number. */
export async function locate(scope: Scope, wanted: WantedKeys, tables: TableStore): Promise<SegmentChunks[]> {
  const found = new Map<string, { ref: SegmentRef; chunks: Map<number, ChunkRange> }>();
  const [fromDate, toDate] = [dateOf(scope.fromMs), dateOf(scope.toMs - 1)];
  for (const kind of ENTITY_KINDS) {
    for (const key of wanted[kind]) {
      for await (const { ref, chunks } of slicesOf(tables, scope.tenant, kind, key, fromDate, toDate)) {
        const path = segmentPath(ref);
        const entry = found.get(path) ?? { ref, chunks: new Map<number, ChunkRange>() };
        found.set(path, entry);
        for (const chunk of chunks) entry.chunks.set(chunk.index, chunk);
      }
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ref, chunks }]) => ({ ref, chunks: [...chunks.values()].sort((a, b) => a.index - b.index) }));
}

/** Neighbouring chunks are one ranged read, up to this many compressed bytes. */
const RUN_BYTES = 1024 * 1024;

export function runsOf(chunks: readonly ChunkRange[]): ChunkRange[][] {
  const runs: ChunkRange[][] = [];
  for (const chunk of chunks) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const near =
      run &&
      last &&
      last.offset + last.length === chunk.offset &&
      chunk.offset + chunk.length - run[0]!.offset <= RUN_BYTES;
    if (near) run.push(chunk);
    else runs.push([chunk]);
  }
  return runs;
}

/** Ranged reads under way at once: storage answers in milliseconds, of which there are many. */
const AHEAD = 6;

/** Reads located chunks by ranges and gives the records that belong to the scope. A few runs of chunks are in memory at a time. */
export async function* readRecords(
  located: readonly SegmentChunks[],
  scope: Scope,
  wanted: WantedKeys,
  blobs: BlobStore,
  messages: ReadonlySet<string> = NONE,
): AsyncIterable<FoundRecord> {
  // A mail's flow record holds none of the keys.
  const prefilter = messages.size > 0 ? everyLine : prefilterFor(wanted);
  const runs = located.flatMap(({ ref, chunks }) => runsOf(chunks).map((run) => ({ ref, run })));
  for await (const { ref, texts } of ahead(runs, AHEAD, (one) => readRun(one, blobs))) {
    for (const text of texts) yield* matching(text, ref, { scope, wanted, messages, prefilter });
  }
}

interface Run {
  readonly ref: SegmentRef;
  readonly run: readonly ChunkRange[];
}

async function readRun({ ref, run }: Run, blobs: BlobStore): Promise<{ ref: SegmentRef; texts: Buffer[] }> {
  const start = run[0]!.offset;
  const last = run.at(-1)!;
  const bytes = await blobs.getRange(segmentPath(ref), start, last.offset + last.length - start);
  const texts = await Promise.all(
    run.map((c) => gunzipMember(bytes.subarray(c.offset - start, c.offset - start + c.length), ref)),
  );
  return { ref, texts };
}

/** Results in order, the next few already under way. */
async function* ahead<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const under: Promise<R>[] = [];
  let next = 0;
  const start = (): void => {
    const one = task(items[next++]!);
    // It is awaited in its turn; a failure before then must not count as unhandled.
    one.catch(() => undefined);
    under.push(one);
  };
  while (next < items.length && under.length < width) start();
  while (under.length > 0) {
    const result = await under.shift()!;
    if (next < items.length) start();
    yield result;
  }
}

interface Wanted {
  readonly scope: Scope;
  readonly wanted: WantedKeys;
  /** Mails whose flow records belong to the scope too. */
  readonly messages: ReadonlySet<string>;
  readonly prefilter: Prefilter;
}

const NONE: ReadonlySet<string> = new Set();
const everyLine: Prefilter = () => () => true;

function* matching(text: Buffer, ref: SegmentRef, w: Wanted): Generator<FoundRecord> {
  const mayMatch = w.prefilter(text);
  for (const line of linesOf(text)) {
    if (!mayMatch(line)) continue;
    const { value, facts } = parseRecord(line);
    const match = matchRecord(value, facts.ticks, w.wanted, w.scope) ?? matchMail(value, w.messages);
    if (match) yield { source: ref.source, ref, text: line, value, facts, keys: match.keys, by: match.by };
  }
}

/** For ordering across sources: time, then source, then place; records without time come first. */
export const timeKey = (ticks: Ticks | undefined): Ticks => ticks ?? -1n;
