import { entityKeys, type EntityKeys } from '../indexing/entities/index.ts';
import type { Ticks } from '../instant.ts';
import { parseRecord, type ArchiveRecord } from '../record.ts';
import type { SourceId } from '../sources.ts';
import { TextStore } from './text-store.ts';

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

/** Records of so much text are kept parsed: most bundles are smaller, and several formats look at every record. */
const KEPT_TEXT = 12 * 1024 * 1024;

/**
 * The scope's records, so that formats can be written in time order, one after the other, without holding the records
 * in memory once they are many: about 30 bytes a record are.
 */
export class RecordFile {
  readonly #texts = new TextStore();
  #offsets = new Float64Array(1024);
  #lengths = new Float64Array(1024);
  #ticks = new BigInt64Array(1024);
  #sources = new Uint8Array(1024);
  readonly #sourceIds: SourceId[] = [];
  #count = 0;
  #bytes = 0;
  /** What each record says, by number; undefined where nobody asks again, or once there is too much of it. */
  #parsed: Known[] | undefined;

  /** @param ask.again whether what a record says is asked for again: small bundles are parsed once then */
  constructor(ask: { readonly again: boolean } = { again: true }) {
    this.#parsed = ask.again ? [] : undefined;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether what records say is kept, being little enough: then it costs nothing to hold on to it. */
  get keepsAll(): boolean {
    return this.#parsed !== undefined;
  }

  /** Copies the record's text; awaited before the next is given. */
  add(source: SourceId, { text, value, facts, keys }: ReadRecord): void | Promise<void> {
    if (this.#count === this.#offsets.length) this.#grow();
    const i = this.#count++;
    this.#lengths[i] = text.length;
    this.#ticks[i] = timeKey(facts.ticks);
    this.#sources[i] = this.#sourceIndex(source);
    this.#bytes += text.length;
    if (this.#bytes > KEPT_TEXT) this.#parsed = undefined;
    this.#parsed?.push({ value, facts, keys });
    const offset = this.#texts.add(text);
    if (typeof offset === 'number') this.#offsets[i] = offset;
    else
      return offset.then((known) => {
        this.#offsets[i] = known;
      });
  }

  /** After it, records can be read. */
  finish(): Promise<void> {
    return this.#texts.finish();
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

  /** The record's text, as a view that must not be changed. */
  async text(number: number): Promise<Buffer> {
    return this.#texts.read(this.#offsets[number]!, this.#lengths[number]!);
  }

  /** Texts of records in the order given, a line each: as many at once as lie together. Views, too. */
  async *lines(order: Iterable<number>): AsyncIterable<Buffer> {
    let [from, to] = [0, 0];
    for (const number of order) {
      const [offset, end] = [this.#offsets[number]!, this.#offsets[number]! + this.#lengths[number]! + 1];
      if (offset === to && TextStore.together(from, end)) {
        to = end;
        continue;
      }
      if (to > from) yield await this.#texts.read(from, to - from);
      [from, to] = [offset, end];
    }
    if (to > from) yield await this.#texts.read(from, to - from);
  }

  async record(number: number): Promise<ReadRecord> {
    const text = await this.text(number);
    const known = this.#parsed?.[number];
    return known ? { text, ...known } : readRecord(text);
  }

  dispose(): Promise<void> {
    return this.#texts.dispose();
  }
}
