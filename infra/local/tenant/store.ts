import { bytesColumn, countsColumn, millisColumn, Texts } from './columns.ts';
import { PUBLISHED_SOURCES } from './records.ts';
import type { PublishedRecord, PublishedSource } from './records.ts';

/** A place in event-time order; records of one instant are ordered by their number. */
export interface Place {
  readonly ms: number;
  readonly number: number;
}

export interface Walk {
  readonly fromMs: number;
  readonly toMs: number;
  readonly descending: boolean;
  /** Start behind this place. */
  readonly after?: Place | undefined;
}

const SOURCE_NUMBER = new Map<string, number>(PUBLISHED_SOURCES.map((source, number) => [source, number]));

/** Every record ever published, by number: its bytes, its times and how often it was served. */
export class RecordStore {
  readonly #texts = new Texts();
  readonly #source = bytesColumn();
  readonly #copy = bytesColumn();
  readonly #eventMs = millisColumn();
  readonly #availableMs = millisColumn();
  readonly #goneMs = millisColumn();
  readonly #fetched = countsColumn();
  readonly #timelines = PUBLISHED_SOURCES.map(() => new Timeline((number) => this.#eventMs.get(number)));
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `copy` marks a re-delivery of a record published before: the report keeps it apart. */
  add(record: PublishedRecord, copy = false): number {
    const source = SOURCE_NUMBER.get(record.source);
    if (source === undefined) throw new RangeError(`nothing is published on source ${record.source}`);
    const number = this.#texts.add(record.text);
    this.#source.set(number, source);
    this.#copy.set(number, copy ? 1 : 0);
    this.#eventMs.set(number, record.eventMs);
    this.#availableMs.set(number, record.availableMs);
    this.#goneMs.set(number, record.goneMs ?? Infinity);
    this.#fetched.set(number, 0);
    this.#timelines[source]!.add(number);
    this.#count = number + 1;
    return number;
  }

  bytes(number: number): Buffer {
    return this.#texts.bytes(number);
  }

  text(number: number): string {
    return this.#texts.text(number);
  }

  source(number: number): PublishedSource {
    return PUBLISHED_SOURCES[this.#source.get(number)]!;
  }

  isCopy(number: number): boolean {
    return this.#copy.get(number) === 1;
  }

  eventMs(number: number): number {
    return this.#eventMs.get(number);
  }

  availableMs(number: number): number {
    return this.#availableMs.get(number);
  }

  goneMs(number: number): number {
    return this.#goneMs.get(number);
  }

  /** A later version takes over at `ms`. */
  retire(number: number, ms: number): void {
    this.#goneMs.set(number, ms);
  }

  visible(number: number, nowMs: number): boolean {
    return this.#availableMs.get(number) <= nowMs && nowMs < this.#goneMs.get(number);
  }

  fetched(number: number): number {
    return this.#fetched.get(number);
  }

  noteFetched(numbers: Iterable<number>): void {
    for (const number of numbers) this.#fetched.set(number, this.#fetched.get(number) + 1);
  }

  published(number: number): PublishedRecord {
    const gone = this.goneMs(number);
    return {
      source: this.source(number),
      text: this.text(number),
      eventMs: this.eventMs(number),
      availableMs: this.availableMs(number),
      ...(gone === Infinity ? {} : { goneMs: gone }),
    };
  }

  /** Record numbers of several sources, merged in event-time order. */
  *walk(sources: readonly PublishedSource[], walk: Walk): Generator<number> {
    const cursors = sources
      .map((source) => this.#timelines[SOURCE_NUMBER.get(source)!]!.cursor(walk))
      .filter((cursor) => cursor.number !== undefined);
    while (cursors.length > 0) {
      let first = cursors[0]!;
      for (const cursor of cursors) if (this.#before(cursor.number!, first.number!, walk)) first = cursor;
      yield first.number!;
      first.advance();
      if (first.number === undefined) cursors.splice(cursors.indexOf(first), 1);
    }
  }

  #before(a: number, b: number, { descending }: Walk): boolean {
    const order = this.#eventMs.get(a) - this.#eventMs.get(b) || a - b;
    return descending ? order > 0 : order < 0;
  }
}

/** One source's record numbers in event-time order; sorted when first asked after a change. */
class Timeline {
  readonly #eventMs: (number: number) => number;
  #numbers = new Uint32Array(256);
  #count = 0;
  #sorted = true;

  constructor(eventMs: (number: number) => number) {
    this.#eventMs = eventMs;
  }

  add(number: number): void {
    if (this.#count === this.#numbers.length) {
      const larger = new Uint32Array(this.#count * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    const last = this.#numbers[this.#count - 1];
    if (last !== undefined && this.#eventMs(last) > this.#eventMs(number)) this.#sorted = false;
    this.#numbers[this.#count++] = number;
  }

  cursor({ fromMs, toMs, descending, after }: Walk) {
    this.#sort();
    let low = this.#firstAtOrAfter({ ms: fromMs, number: 0 });
    let high = this.#firstAtOrAfter({ ms: toMs, number: Infinity }) - 1;
    if (after && descending) high = Math.min(high, this.#firstAtOrAfter(after) - 1);
    if (after && !descending)
      low = Math.max(low, this.#firstAtOrAfter({ ...after, number: after.number + 1 }));
    const numbers = this.#numbers;
    let at = descending ? high : low;
    const here = () => (at >= low && at <= high ? numbers[at] : undefined);
    return {
      number: here(),
      advance() {
        at += descending ? -1 : 1;
        this.number = here();
      },
    };
  }

  #sort(): void {
    if (this.#sorted) return;
    const eventMs = this.#eventMs;
    this.#numbers.subarray(0, this.#count).sort((a, b) => eventMs(a) - eventMs(b) || a - b);
    this.#sorted = true;
  }

  #firstAtOrAfter({ ms, number }: Place): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const candidate = this.#numbers[middle]!;
      const before = this.#eventMs(candidate) - ms || candidate - number;
      if (before < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
