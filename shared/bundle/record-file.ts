import { open, rm, type FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entityKeys, type EntityKeys } from '../indexing/entities/index.ts';
import type { Ticks } from '../instant.ts';
import { parseRecord, type ArchiveRecord } from '../record.ts';
import type { SourceId } from '../sources.ts';
import { MemoryMeter } from './release-memory.ts';

/** For ordering across sources: records without time come first. */
const timeKey = (ticks: Ticks | undefined): Ticks => ticks ?? -1n;

/** A record with the entities it names. */
export interface ReadRecord extends ArchiveRecord {
  readonly keys: EntityKeys;
}

type Known = Omit<ReadRecord, 'text'>;

export function readRecord(text: Buffer): ReadRecord {
  const record = parseRecord(text);
  return { ...record, keys: entityKeys(record.value) };
}

/** Bytes read at once, and how many such blocks are kept: 16 MiB. */
const BLOCK = 256 * 1024;
const KEPT_BLOCKS = 64;
/** Records of so much text are kept parsed: most bundles are smaller, and every format looks at every record. */
const KEPT_TEXT = 12 * 1024 * 1024;

/**
 * The scope's records on local disk, so that formats can be written in time order, one after the other, without
 * holding the records in memory: about 30 bytes a record are.
 */
export class RecordFile {
  readonly path: string;
  readonly #file: FileHandle;
  #offsets = new Float64Array(1024);
  #lengths = new Float64Array(1024);
  #ticks = new BigInt64Array(1024);
  #sources = new Uint8Array(1024);
  readonly #sourceIds: SourceId[] = [];
  #count = 0;
  #end = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** What each record says, by number; undefined once there is too much of it. */
  #parsed: Known[] | undefined = [];
  readonly #blocks = new Map<number, Promise<Buffer>>();

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async create(): Promise<RecordFile> {
    const path = join(tmpdir(), `holdfast-${randomUUID()}.ndjson`);
    return new RecordFile(path, await open(path, 'wx+', 0o600));
  }

  get count(): number {
    return this.#count;
  }

  async add(source: SourceId, { text, value, facts, keys }: ReadRecord): Promise<void> {
    if (this.#count === this.#offsets.length) this.#grow();
    const i = this.#count++;
    this.#offsets[i] = this.#end;
    this.#lengths[i] = text.length;
    this.#ticks[i] = timeKey(facts.ticks);
    this.#sources[i] = this.#sourceIndex(source);
    this.#end += text.length;
    if (this.#end > KEPT_TEXT) this.#parsed = undefined;
    this.#parsed?.push({ value, facts, keys });
    this.#pending.push(text);
    this.#pendingBytes += text.length;
    if (this.#pendingBytes >= 4 * 1024 * 1024) await this.finish();
  }

  /** Writes what is pending; after it, records can be read. */
  async finish(): Promise<void> {
    const bytes = Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    for (let at = 0; at < bytes.length;) at += (await this.#file.write(bytes, at)).bytesWritten;
  }

  #sourceIndex(source: SourceId): number {
    const found = this.#sourceIds.indexOf(source);
    return found === -1 ? this.#sourceIds.push(source) - 1 : found;
  }

  #grow(): void {
    const size = this.#offsets.length * 2;
    const larger = <T extends Float64Array | BigInt64Array | Uint8Array>(next: T, old: T): T => {
      (next as Uint8Array).set(old as Uint8Array);
      return next;
    };
    this.#offsets = larger(new Float64Array(size), this.#offsets);
    this.#lengths = larger(new Float64Array(size), this.#lengths);
    this.#ticks = larger(new BigInt64Array(size), this.#ticks);
    this.#sources = larger(new Uint8Array(size), this.#sources);
  }

  /** Sources present, sorted. */
  sources(): SourceId[] {
    return [...this.#sourceIds].sort();
  }

  /** Record numbers by time, then source, then archive order; of one source only if given. */
  inTimeOrder(source?: SourceId): Uint32Array {
    const only = source === undefined ? -1 : this.#sourceIds.indexOf(source);
    const numbers: number[] = [];
    for (let i = 0; i < this.#count; i++)
      if (source === undefined || this.#sources[i] === only) numbers.push(i);
    return Uint32Array.from(numbers).sort((a, b) => this.#compare(a, b));
  }

  #compare(a: number, b: number): number {
    const [x, y] = [this.#ticks[a]!, this.#ticks[b]!];
    if (x !== y) return x < y ? -1 : 1;
    const [s, t] = [this.#sourceIds[this.#sources[a]!]!, this.#sourceIds[this.#sources[b]!]!];
    if (s !== t) return s < t ? -1 : 1;
    return a - b;
  }

  #lines: Uint32Array | undefined;

  /** The record's line, from 1, in the bundle's file of its source. */
  lineOf(number: number): number {
    this.#lines ??= this.#countLines();
    return this.#lines[number]!;
  }

  #countLines(): Uint32Array {
    const lines = new Uint32Array(this.#count);
    for (const source of this.#sourceIds)
      for (const [i, number] of this.inTimeOrder(source).entries()) lines[number] = i + 1;
    return lines;
  }

  sourceOf(number: number): SourceId {
    return this.#sourceIds[this.#sources[number]!]!;
  }

  /** The record's text; records are read in an order near to that in which they were written, so by blocks. */
  async text(number: number): Promise<Buffer> {
    const [offset, length] = [this.#offsets[number]!, this.#lengths[number]!];
    const first = Math.floor(offset / BLOCK);
    if (offset + length > (first + 1) * BLOCK) return this.#read(offset, length);
    const block = await this.#block(first);
    const at = offset - first * BLOCK;
    if (at + length > block.length) throw endsEarly();
    // A view: copies by the hundred thousand fragment the process's memory.
    return block.subarray(at, at + length);
  }

  readonly #meter = new MemoryMeter();

  /** A block of the file, from the few that are kept. */
  #block(index: number): Promise<Buffer> {
    const known = this.#blocks.get(index);
    this.#blocks.delete(index);
    const block = known ?? this.#read(index * BLOCK, Math.min(BLOCK, this.#end - index * BLOCK));
    this.#blocks.set(index, block);
    if (this.#blocks.size > KEPT_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value!);
    return block;
  }

  async #read(offset: number, length: number): Promise<Buffer> {
    this.#meter.add(length);
    const buffer = Buffer.allocUnsafe(length);
    for (let got = 0; got < length;) {
      const { bytesRead } = await this.#file.read(buffer, got, length - got, offset + got);
      if (bytesRead === 0) throw endsEarly();
      got += bytesRead;
    }
    return buffer;
  }

  async record(number: number): Promise<ReadRecord> {
    const text = await this.text(number);
    const known = this.#parsed?.[number];
    return known ? { text, ...known } : readRecord(text);
  }

  async dispose(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }
}

const endsEarly = (): Error => new Error(`the bundle's temporary file ends early`);
