import { gunzipMember, linesOf } from '../archive/segment-reader.ts';
import { dateOf, type Ticks } from '../instant.ts';
import { slicesOf } from '../indexing/query.ts';
import type { ChunkRange } from '../indexing/slice.ts';
import type { EntityKeys } from '../indexing/entities/index.ts';
import { ENTITY_KINDS, segmentPath, type SegmentRef } from '../layout.ts';
import { parseRecord, type RecordFacts } from '../record.ts';
import type { SourceId } from '../sources.ts';
import type { BlobStore, TableStore } from '../store/stores.ts';
import { matchRecord, type MatchedBy, type WantedKeys } from './matcher.ts';
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
const RUN_BYTES = 4 * 1024 * 1024;

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

/** Reads located chunks by ranges and gives the records that belong to the scope. One run of chunks is in memory at a time. */
export async function* readRecords(
  located: readonly SegmentChunks[],
  scope: Scope,
  wanted: WantedKeys,
  blobs: BlobStore,
): AsyncIterable<FoundRecord> {
  for (const { ref, chunks } of located) {
    for (const run of runsOf(chunks)) {
      const start = run[0]!.offset;
      const last = run.at(-1)!;
      const bytes = await blobs.getRange(segmentPath(ref), start, last.offset + last.length - start);
      for (const chunk of run) {
        const text = await gunzipMember(
          bytes.subarray(chunk.offset - start, chunk.offset - start + chunk.length),
          ref,
        );
        yield* matching(text, ref, scope, wanted);
      }
    }
  }
}

function* matching(text: Buffer, ref: SegmentRef, scope: Scope, wanted: WantedKeys): Generator<FoundRecord> {
  for (const line of linesOf(text)) {
    const { value, facts } = parseRecord(line);
    const match = matchRecord(value, facts.ticks, wanted, scope);
    if (match) yield { source: ref.source, ref, text: line, value, facts, keys: match.keys, by: match.by };
  }
}

/** For ordering across sources: time, then source, then place; records without time come first. */
export const timeKey = (ticks: Ticks | undefined): Ticks => ticks ?? -1n;
