import type { Archive } from '../../archive/archive.ts';
import type { RequestRecord } from '../../archive/manifest.ts';
import type { Clock } from '../../clock.ts';
import { describeError, isHoldfastError } from '../../errors.ts';
import { msFromTicks } from '../../instant.ts';
import { parseRecord } from '../../record.ts';
import type { Outcome } from '../outcome.ts';
import type { Interval } from '../spec.ts';
import { SMALLEST_MS, splitInterval } from '../split.ts';
import type { Counts, Spool } from '../spool.ts';
import { readRecords, type AuditQuery, type SearchApi } from './audit-query.ts';
import type { Comparison } from './comparison.ts';
import { FeedIndex } from './feed-index.ts';
import type { Job } from './jobs.ts';
import { Tally } from './tally.ts';

export interface SearchWindowDeps {
  readonly archive: Archive;
  readonly api: SearchApi;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** The work began with nearly all of its time: what does not fit now never will. */
  readonly fullTime: boolean;
}

export interface SearchResult {
  readonly outcome: Outcome | { readonly kind: 'later' };
  readonly counts: Counts;
  readonly comparison: Comparison | undefined;
}

/** The same query, read twice, has brought materially different counts: it is read until two readings agree. */
const MAX_READINGS = 4;
const MAX_RESTARTS = 3;

/** Reads the records of a query that has succeeded, and archives what the feed's archive does not hold. */
export async function searchWindow(
  job: Job,
  query: AuditQuery,
  truncated: boolean,
  d: SearchWindowDeps & { readonly tenant: string },
): Promise<SearchResult> {
  const reading = new Reading(job, d, new Tally(await FeedIndex.read(d.archive.blobs, d.tenant, job)));
  const outcome = await reading.all(query, truncated);
  await d.spool.flush();
  const comparison =
    outcome.kind === 'collected' || outcome.kind === 'partial'
      ? await reading.tally.finish(d.archive.blobs, d.tenant, job)
      : undefined;
  return { outcome, counts: reading.counts(), comparison };
}

class Reading {
  readonly tally: Tally;
  readonly #job: Job;
  readonly #d: SearchWindowDeps;
  #received = 0;
  #held = 0;
  #outside = 0;

  constructor(job: Job, d: SearchWindowDeps, tally: Tally) {
    this.#job = job;
    this.#d = d;
    this.tally = tally;
  }

  async all(query: AuditQuery, truncated: boolean): Promise<SearchResult['outcome']> {
    try {
      const short = await this.#untilStable(query.approximateReturnedRecordCount ?? 0);
      if (truncated)
        return {
          kind: 'partial',
          reason: 'more records in one second than the service returns',
          final: true,
        };
      return short ? { kind: 'partial', reason: short, final: false } : { kind: 'collected' };
    } catch (error) {
      return this.#afterError(error);
    }
  }

  /**
   * Undefined when the readings agree; else what is amiss. The promised count is approximate: less than it is the
   * answer once another reading brings nothing new.
   */
  async #untilStable(promised: number): Promise<string | undefined> {
    for (let i = 0; i < MAX_READINGS; i++) {
      const before = this.tally.distinct;
      this.#outside = 0;
      await this.#read();
      const { distinct } = this.tally;
      if (distinct + this.#outside >= promised || (i > 0 && distinct === before)) return undefined;
    }
    return `the service counted ${promised} records; ${MAX_READINGS} readings of them differ, with ${this.tally.distinct} in all`;
  }

  async #read(): Promise<number> {
    const { version, query } = this.#job;
    for (let restarts = 0; ; restarts++) {
      try {
        return await readRecords(this.#d.api, version, query, this.#sink(), {
          deadlineMs: this.#d.deadlineMs,
          onRequest: (r) => this.#d.spool.request(r),
        });
      } catch (error) {
        if (!isHoldfastError(error, 'page-token-expired') || restarts >= MAX_RESTARTS) throw error;
      }
    }
  }

  #sink(): Parameters<typeof readRecords>[3] {
    return {
      onRecord: (text) => this.#take(text),
      onPiece: () => this.#d.spool.flushIfFull(),
      feeding: (url, status) => this.#d.spool.feeding(openRequest(url, status, this.#d.clock.now())),
    };
  }

  #take(text: Buffer): void {
    this.#received++;
    const { value, facts } = parseRecord(text);
    const ms = facts.ticks === undefined ? undefined : msFromTicks(facts.ticks);
    const { fromMs, toMs } = this.#job;
    if (ms !== undefined && (ms < fromMs || ms >= toMs)) this.#outside++;
    else if (ms === undefined || this.tally.take(value, ms)) this.#d.spool.add(text);
    else this.#held++;
  }

  /** `duplicates` counts what the feed's archive, or an earlier reading, holds already. */
  counts(): Counts {
    const { added, versions, duplicates, unparsed } = this.#d.spool.counts;
    return {
      received: this.#received,
      added,
      versions,
      duplicates: duplicates + this.#held,
      outside: this.#outside,
      unparsed,
    };
  }

  /** What asking for less can cure is a split; what only time can cure is for later. */
  #afterError(error: unknown): SearchResult['outcome'] {
    if (!isHoldfastError(error)) throw error;
    const tooLong = error.code === 'deadline';
    if (tooLong && !this.#d.fullTime) return { kind: 'later' };
    const curable = ['vendor-timeout', 'vendor-malformed', 'page-token-expired'].includes(error.code);
    if (!tooLong && (!curable || 'foreignOrigin' in error.ids)) throw error;
    const window: Interval = this.#job;
    if (window.toMs - window.fromMs <= SMALLEST_MS)
      return {
        kind: 'partial',
        reason: `cannot be split below one second: ${describeError(error)}`,
        final: false,
      };
    const parts = splitInterval(window, error.code === 'vendor-malformed' ? 4 : 2);
    return { kind: 'split', parts, reason: error.message };
  }
}

const openRequest = (url: string, status: number, nowMs: number): RequestRecord => ({
  url,
  fetchedAt: new Date(nowMs).toISOString(),
  status,
  bytes: 0,
  records: 1,
  error: 'still arriving when this segment was written; its hash is in the receipt of the pass',
});
