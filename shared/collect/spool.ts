import type { AppendRequest, AppendResult } from '../archive/archive.ts';
import type { RequestRecord } from '../archive/manifest.ts';
import { dateOf, formatSeconds, msFromTicks, ticksFromMs, type Ticks } from '../instant.ts';
import type { SegmentRef } from '../layout.ts';
import { FACT_MEMBERS, parseRecord, readFacts, type ArchiveRecord } from '../record.ts';
import { memberNames } from '../json/scan-object.ts';
import type { SourceId } from '../sources.ts';
import type { Interval } from './spec.ts';

/** What a spool needs to know of a record, for whoever cuts records out of an answer. */
export const RECORD_MEMBERS = memberNames(FACT_MEMBERS);

/** Text held by all spools of this process, bytes: the bound is the process's, not the window's. */
export class SpoolMemory {
  total = 0;
  readonly limit: number;
  constructor(limit = 48 * 1024 * 1024) {
    this.limit = limit;
  }
}

/** One spool gives way at this size; below the second it keeps on even when memory is short (tiny segments cost more). */
const OWN_LIMIT = 8 * 1024 * 1024;
const DAY_MS = 86_400_000;
const WORTH_WRITING = 2 * 1024 * 1024;

export interface Counts {
  received: number;
  added: number;
  versions: number;
  duplicates: number;
  outside: number;
  unparsed: number;
}

export interface SpoolOptions {
  readonly tenant: string;
  readonly source: SourceId;
  readonly window: Interval;
  readonly pass: number;
  /** Records whose event time lies outside are another window's; undefined: all belong here (feed). */
  readonly owns?: Interval;
  readonly append: (request: AppendRequest) => Promise<AppendResult>;
  readonly memory: SpoolMemory;
}

/** Gathers a window's records and hands them to the archive by event date, in bounded memory. */
export class Spool {
  readonly counts: Counts = { received: 0, added: 0, versions: 0, duplicates: 0, outside: 0, unparsed: 0 };
  readonly segments: SegmentRef[] = [];
  /** Every request of the pass, for its receipt. */
  readonly requests: RequestRecord[] = [];
  readonly #o: SpoolOptions;
  readonly #owns: { from: Ticks; to: Ticks } | undefined;
  readonly #open = new Set<RequestRecord>();
  #byDate = new Map<string, ArchiveRecord[]>();
  #bytes = 0;
  #last = { day: NaN, date: '' };
  #reported = 0;

  constructor(options: SpoolOptions) {
    this.#o = options;
    this.#owns = options.owns && {
      from: ticksFromMs(options.owns.fromMs),
      to: ticksFromMs(options.owns.toMs),
    };
  }

  /**
   * Takes one record's text. Returns its event time, for the caller to judge how dense the window is.
   *
   * @param members its members named `RECORD_MEMBERS`, if somebody has read them and found it to be JSON.
   */
  add(text: Buffer, members?: Readonly<Record<string, unknown>>): Ticks | undefined {
    const record = members
      ? { text, value: null, facts: readFacts(members) }
      : withoutValue(parseRecord(text));
    const { ticks } = record.facts;
    this.counts.received++;
    if (record.value === undefined) this.counts.unparsed++;
    if (this.#owns && ticks !== undefined && (ticks < this.#owns.from || ticks >= this.#owns.to)) {
      this.counts.outside++;
      return ticks;
    }
    const date = this.#dateOf(ticks === undefined ? this.#o.window.fromMs : msFromTicks(ticks));
    const group = this.#byDate.get(date);
    if (group) group.push(record);
    else this.#byDate.set(date, [record]);
    this.#bytes += text.length;
    this.#o.memory.total += text.length;
    return ticks;
  }

  /** One record's date is nearly always that of the record before. */
  #dateOf(ms: number): string {
    const day = Math.floor(ms / DAY_MS);
    if (day !== this.#last.day) this.#last = { day, date: dateOf(ms) };
    return this.#last.date;
  }

  request(record: RequestRecord): void {
    this.requests.push(record);
  }

  /** Marks a request as feeding records while its body still arrives; the returned function ends that. */
  feeding(record: RequestRecord): () => void {
    this.#open.add(record);
    return () => this.#open.delete(record);
  }

  full(): boolean {
    if (this.#bytes >= OWN_LIMIT) return true;
    return this.#bytes >= WORTH_WRITING && this.#o.memory.total >= this.#o.memory.limit;
  }

  /** Nothing to wait for where there is room. */
  flushIfFull(): Promise<void> | undefined {
    return this.full() ? this.flush() : undefined;
  }

  /** Archives all that was gathered. */
  async flush(): Promise<void> {
    const groups = this.#byDate;
    const bytes = this.#bytes;
    const requests = [...this.requests.slice(this.#reported), ...this.#open];
    this.#byDate = new Map();
    this.#bytes = 0;
    this.#reported = this.requests.length;
    try {
      for (const [date, records] of groups) await this.#append(date, records, requests);
    } finally {
      this.#o.memory.total -= bytes;
    }
  }

  async #append(date: string, records: ArchiveRecord[], requests: RequestRecord[]): Promise<void> {
    const { tenant, source, window, pass } = this.#o;
    const result = await this.#o.append({
      tenant,
      source,
      date,
      records,
      window: { from: formatSeconds(window.fromMs), to: formatSeconds(window.toMs) },
      pass,
      requests: requests.filter((r) => r.records > 0),
    });
    this.segments.push(...result.segments);
    this.counts.added += result.added;
    this.counts.versions += result.versions;
    this.counts.duplicates += result.duplicates;
  }

  /** Gives back the memory of a spool that is not flushed because its pass failed. */
  discard(): void {
    this.#o.memory.total -= this.#bytes;
    this.#bytes = 0;
    this.#byDate = new Map();
  }
}

/**
 * The archive stores text and facts, and of the parsed value needs to know only whether there is one; thousands of
 * values would take several times the memory of their texts.
 */
const withoutValue = (record: ArchiveRecord): ArchiveRecord =>
  record.value === undefined ? record : { text: record.text, facts: record.facts, value: null };
