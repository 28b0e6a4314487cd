import { createHash, hash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { formatTicks, type Ticks } from '../instant.ts';
import { DIGEST_BYTES, writeDigest, type ArchiveRecord } from '../record.ts';
import type { SourceId } from '../sources.ts';
import type { Chunk } from './manifest.ts';

/**
 * A chunk closes at this much text. Half of it (the least that readers are promised) costs 7 % more bytes, twice as much
 * saves 4 % and makes whoever reads one user read that much more (test/bench/collect.ts).
 */
export const CHUNK_BYTES = 256 * 1024;
/** Rules look for rare operations among a mailbox's everyday ones: smaller chunks, and far less is read for them. */
const SMALLER: ReadonlySet<SourceId> = new Set(['ual-exchange', 'ual-search']);

export const chunkBytesOf = (source: SourceId): number =>
  SMALLER.has(source) ? CHUNK_BYTES / 2 : CHUNK_BYTES;
/** A segment closes at this much text. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;
/** A larger table of places to look at takes a tenth less time, and as many bytes (measured). */
const GZIP = { level: 6, memLevel: 9 };
const LINE_FEED = 0x0a;

export interface BuiltSegment {
  readonly body: Buffer;
  readonly chunks: readonly Chunk[];
  readonly records: number;
  readonly unparsed: number;
  readonly untimed: number;
  readonly minTime: string | null;
  readonly maxTime: string | null;
  readonly bytes: number;
  readonly sha256: string;
  readonly plainSha256: string;
  readonly digests: Buffer;
}

/** A record and its digest: the 24 bytes of `digests` from `at`. A buffer for each would cost more than they hold. */
export interface DigestedRecord extends ArchiveRecord {
  readonly digests: Buffer;
  readonly at: number;
}

export function digested(records: readonly ArchiveRecord[]): DigestedRecord[] {
  const digests = Buffer.allocUnsafeSlow(records.length * DIGEST_BYTES);
  return records.map((record, i) => {
    const at = i * DIGEST_BYTES;
    writeDigest(record, digests, at);
    return { text: record.text, value: record.value, facts: record.facts, digests, at };
  });
}

/** The digests of the records, in their order. */
export function digestsOf(records: readonly DigestedRecord[]): Buffer {
  const all = Buffer.allocUnsafeSlow(records.length * DIGEST_BYTES);
  let to = 0;
  for (const { digests, at } of records) to += digests.copy(all, to, at, at + DIGEST_BYTES);
  return all;
}

/** By user, then time, then text: a total order, so that the same records always make the same bytes. */
export function segmentOrder(a: ArchiveRecord, b: ArchiveRecord): number {
  if (a.facts.user !== b.facts.user) return a.facts.user < b.facts.user ? -1 : 1;
  const [x, y] = [a.facts.ticks ?? -1n, b.facts.ticks ?? -1n];
  if (x !== y) return x < y ? -1 : 1;
  return Buffer.compare(a.text, b.text);
}

/** Chunks compressed between two breaths: a millisecond or so each. */
const CHUNKS_PER_BREATH = 8;

/**
 * Sorts, chunks and compresses records into one segment. Pure. Compressing a chunk in zlib's own thread costs half
 * as much again as compressing it here (measured), so the loop stays and lets others in between.
 */
export async function buildSegment(
  records: readonly DigestedRecord[],
  source: SourceId,
): Promise<BuiltSegment> {
  const sorted = [...records].sort(segmentOrder);
  const plain = createHash('sha256');
  const members: Buffer[] = [];
  const chunks: Chunk[] = [];
  // One for all chunks: V8 marks its whole heap whenever 64 MB of buffers have come and gone.
  let buffer = Buffer.alloc(0);
  let offset = 0;
  for (const draft of draftChunks(sorted, chunkBytesOf(source))) {
    if (draft.bytes > buffer.length) buffer = Buffer.allocUnsafeSlow(draft.bytes);
    const text = draft.writeTo(buffer);
    plain.update(text);
    const member = gzipSync(text, GZIP);
    members.push(member);
    chunks.push(draft.close(offset, member));
    offset += member.length;
    if (members.length % CHUNKS_PER_BREATH === 0) await breathe();
  }
  const body = Buffer.concat(members, offset);
  const [minTime, maxTime] = timeBounds(sorted);
  return {
    body,
    chunks,
    records: sorted.length,
    unparsed: sorted.reduce((n, r) => n + (r.value === undefined ? 1 : 0), 0),
    untimed: sorted.reduce((n, r) => n + (r.facts.ticks === undefined ? 1 : 0), 0),
    minTime,
    maxTime,
    bytes: chunks.reduce((n, c) => n + c.bytes, 0),
    sha256: hash('sha256', body, 'hex'),
    plainSha256: plain.digest('hex'),
    digests: digestsOf(sorted),
  };
}

/** Splits sorted records at the chunk size. */
function* draftChunks(sorted: Iterable<ArchiveRecord>, chunkBytes: number): Generator<ChunkDraft> {
  let draft = new ChunkDraft();
  for (const record of sorted) {
    draft.add(record);
    if (draft.bytes >= chunkBytes) {
      yield draft;
      draft = new ChunkDraft();
    }
  }
  if (draft.records > 0) yield draft;
}

export class ChunkDraft {
  bytes = 0;
  records = 0;
  readonly #lines: Buffer[] = [];
  readonly #operations = new Map<string, number>();
  #min: Ticks | undefined;
  #max: Ticks | undefined;

  add({ text, facts }: ArchiveRecord): void {
    this.#lines.push(text);
    this.bytes += text.length + 1;
    this.records++;
    this.#operations.set(facts.operation, (this.#operations.get(facts.operation) ?? 0) + 1);
    if (facts.ticks === undefined) return;
    if (this.#min === undefined || facts.ticks < this.#min) this.#min = facts.ticks;
    if (this.#max === undefined || facts.ticks > this.#max) this.#max = facts.ticks;
  }

  /** The chunk's text, in a buffer that has room for it. */
  writeTo(buffer: Buffer): Buffer {
    let at = 0;
    for (const line of this.#lines) {
      at += line.copy(buffer, at);
      buffer[at++] = LINE_FEED;
    }
    return buffer.subarray(0, at);
  }

  close(offset: number, member: Buffer): Chunk {
    return {
      offset,
      length: member.length,
      records: this.records,
      bytes: this.bytes,
      minTime: this.#min === undefined ? null : formatTicks(this.#min),
      maxTime: this.#max === undefined ? null : formatTicks(this.#max),
      sha256: hash('sha256', member, 'hex'),
      operations: Object.fromEntries([...this.#operations].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }
}

export function timeBounds(records: Iterable<ArchiveRecord>): [string | null, string | null] {
  let [min, max]: [Ticks | undefined, Ticks | undefined] = [undefined, undefined];
  for (const { facts } of records) {
    if (facts.ticks === undefined) continue;
    if (min === undefined || facts.ticks < min) min = facts.ticks;
    if (max === undefined || facts.ticks > max) max = facts.ticks;
  }
  return [min === undefined ? null : formatTicks(min), max === undefined ? null : formatTicks(max)];
}
