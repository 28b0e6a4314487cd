import {
  gunzipMembers,
  linesOf,
  MEMBERS_TEXT,
  statedSize,
  type MemberOf,
} from '../archive/segment-reader.ts';
import { dateOf } from '../instant.ts';
import { slicesOf } from '../indexing/query.ts';
import { rowTest, type RowRuns } from '../indexing/rows.ts';
import { unionChunks, type ChunkRange } from '../indexing/slice.ts';
import type { EntityKeys } from '../indexing/entities/index.ts';
import { ENTITY_KINDS, segmentPath, type SegmentRef } from '../layout.ts';
import { ahead } from '../parallel.ts';
import { parseRecord, type RecordFacts } from '../record.ts';
import type { SourceId } from '../sources.ts';
import type { BlobStore, TableStore } from '../store/stores.ts';
import { matchMail, matchRecord, type MatchedBy, type WantedKeys } from './matcher.ts';
import { MemoryMeter } from './release-memory.ts';
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
  const found: SegmentChunks[] = [];
  const [fromDate, toDate] = [dateOf(scope.fromMs), dateOf(scope.toMs - 1)];
  for (const kind of ENTITY_KINDS) {
    for (const key of wanted[kind]) {
      for await (const { ref, chunks } of slicesOf(tables, scope.tenant, kind, key, fromDate, toDate))
        found.push({ ref, chunks });
    }
  }
  return unionSegments(found);
}

/** Each segment once with all its chunks and lines, in order of source, date and number. */
export function unionSegments(parts: readonly SegmentChunks[]): SegmentChunks[] {
  const byPath = new Map<string, SegmentChunks[]>();
  for (const part of parts) {
    const path = segmentPath(part.ref);
    const same = byPath.get(path);
    if (same) same.push(part);
    else byPath.set(path, [part]);
  }
  return [...byPath]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, same]) => ({ ref: same[0]!.ref, chunks: unionChunks(...same.map((part) => part.chunks)) }));
}

/** Neighbouring chunks are one ranged read, up to this many compressed bytes. */
const RUN_BYTES = 512 * 1024;

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
const READS = 16;
/** Text of chunks that are decompressed as one, and so many times that while records are looked at. */
const GROUP_TEXT = MEMBERS_TEXT;
const GROUPS = 2;

export interface ReadOptions {
  /** Mails whose flow records belong to the scope too. */
  readonly messages?: ReadonlySet<string>;
  /** Told of the text that is gone through. */
  readonly meter?: MemoryMeter;
}

/**
 * Reads located chunks by ranges and gives the records that belong to the scope, chunk by chunk. A few runs of
 * compressed chunks are in memory at a time, and the plain text of some dozens.
 */
export async function* readRecords(
  located: readonly SegmentChunks[],
  scope: Scope,
  wanted: WantedKeys,
  blobs: BlobStore,
  { messages = NONE, meter = new MemoryMeter() }: ReadOptions = {},
): AsyncIterable<Iterable<FoundRecord>> {
  const runs = located.flatMap(({ ref, chunks }) => runsOf(chunks).map((run) => ({ ref, run })));
  const members = membersOf(ahead(runs, READS, (one) => readRun(one, blobs)));
  for await (const { group, texts } of ahead(groupsOf(members), GROUPS, unpack)) {
    for (const [i, { ref, rows }] of group.entries()) {
      const text = texts[i]!;
      meter.add(text.length);
      yield matching(linesOf(text, rowTest(rows)), ref, { scope, wanted, messages });
    }
  }
}

interface Run {
  readonly ref: SegmentRef;
  readonly run: readonly ChunkRange[];
}

/** A chunk as it lies in its segment, and the lines that are looked for in it. */
interface WantedMember extends MemberOf {
  readonly rows: RowRuns | undefined;
}

async function readRun({ ref, run }: Run, blobs: BlobStore): Promise<Run & { bytes: Buffer }> {
  const start = run[0]!.offset;
  const last = run.at(-1)!;
  return {
    ref,
    run,
    bytes: await blobs.getRange(segmentPath(ref), start, last.offset + last.length - start),
  };
}

async function* membersOf(
  read: AsyncIterable<Run & { readonly bytes: Buffer }>,
): AsyncIterable<WantedMember> {
  for await (const { ref, run, bytes } of read)
    for (const { offset, length, rows } of run) {
      const at = offset - run[0]!.offset;
      yield { ref, rows, bytes: bytes.subarray(at, at + length) };
    }
}

/** Members to be decompressed as one. */
async function* groupsOf(members: AsyncIterable<WantedMember>): AsyncIterable<WantedMember[]> {
  let [group, size]: [WantedMember[], number] = [[], 0];
  for await (const member of members) {
    const more = statedSize(member.bytes);
    if (group.length > 0 && size + more > GROUP_TEXT) {
      yield group;
      [group, size] = [[], 0];
    }
    group.push(member);
    size += more;
  }
  if (group.length > 0) yield group;
}

async function unpack(group: WantedMember[]): Promise<{ group: WantedMember[]; texts: Buffer[] }> {
  return { group, texts: await gunzipMembers(group) };
}

interface Wanted {
  readonly scope: Scope;
  readonly wanted: WantedKeys;
  /** Mails whose flow records belong to the scope too. */
  readonly messages: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

function* matching(lines: Iterable<Buffer>, ref: SegmentRef, w: Wanted): Generator<FoundRecord> {
  for (const line of lines) {
    const { value, facts } = parseRecord(line);
    const match = matchRecord(value, facts.ticks, w.wanted, w.scope) ?? matchMail(value, w.messages);
    if (match) yield { source: ref.source, ref, text: line, value, facts, keys: match.keys, by: match.by };
  }
}
