import { count, noCounts } from './counts.ts';
import type { FetchCounts } from './counts.ts';
import type { ContentBlobs } from './content-blobs.ts';
import type { Endpoint, Faults } from './faults.ts';
import type { LimitName, Limits, LimitUse } from './limits.ts';
import { PUBLISHED_SOURCES } from './records.ts';
import type { PublishedSource } from './records.ts';
import type { RecordStore } from './store.ts';

export interface TenantReport {
  readonly nowMs: number;
  /** First deliveries only. */
  readonly records: FetchCounts;
  readonly recordsBySource: Readonly<Partial<Record<PublishedSource, FetchCounts>>>;
  /** Re-deliveries of the feed. */
  readonly copies: FetchCounts;
  /** Content blobs. */
  readonly content: FetchCounts;
  /** Status 0: the connection was cut or never answered. */
  readonly requests: readonly {
    readonly endpoint: Endpoint;
    readonly status: number;
    readonly count: number;
  }[];
  readonly limits: Readonly<Record<LimitName, LimitUse>>;
  /** Feed requests by PublisherIdentifier; `(none)` for those without. */
  readonly publishers: Readonly<Record<string, number>>;
  /** Graph report requests without `Prefer: include-unknown-enum-members`. */
  readonly withoutPreferHeader: number;
  readonly faults: readonly { readonly id: number; readonly kind: string; readonly hits: number }[];
  /** Numbers of available records that were never served, the first few. */
  readonly unfetched: readonly { readonly source: PublishedSource; readonly text: string }[];
}

/** Counts requests; the counts of records are read off the store when asked. */
export class Ledger {
  readonly #requests = new Map<Endpoint, Map<number, number>>();
  readonly #publishers = new Map<string, number>();
  #withoutPrefer = 0;

  noteAnswer(endpoint: Endpoint, status: number): void {
    const statuses = this.#requests.get(endpoint) ?? new Map<number, number>();
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    this.#requests.set(endpoint, statuses);
  }

  notePublisher(id: string): void {
    const key = id === '' ? '(none)' : id;
    this.#publishers.set(key, (this.#publishers.get(key) ?? 0) + 1);
  }

  noteMissingPrefer(): void {
    this.#withoutPrefer++;
  }

  report(nowMs: number, parts: Parts, unfetched: number): TenantReport {
    const { store, blobs, limits, faults } = parts;
    return {
      nowMs,
      ...countRecords(store, nowMs),
      content: blobs.counts(nowMs),
      requests: this.#rows(),
      limits: limits.use(),
      publishers: Object.fromEntries(this.#publishers),
      withoutPreferHeader: this.#withoutPrefer,
      faults: faults.list(),
      unfetched: unfetchedRecords(store, nowMs, unfetched),
    };
  }

  #rows(): TenantReport['requests'] {
    return [...this.#requests].flatMap(([endpoint, statuses]) =>
      [...statuses].map(([status, count]) => ({ endpoint, status, count })),
    );
  }
}

interface Parts {
  readonly store: RecordStore;
  readonly blobs: ContentBlobs;
  readonly limits: Limits;
  readonly faults: Faults;
}

function countRecords(store: RecordStore, nowMs: number) {
  const bySource = new Map(PUBLISHED_SOURCES.map((source) => [source, noCounts()]));
  const records = noCounts();
  const copies = noCounts();
  for (let number = 0; number < store.count; number++) {
    const available = store.availableMs(number) <= nowMs;
    const fetched = store.fetched(number);
    if (store.isCopy(number)) {
      count(copies, available, fetched);
      continue;
    }
    count(records, available, fetched);
    count(bySource.get(store.source(number))!, available, fetched);
  }
  const used = [...bySource].filter(([, counts]) => counts.published > 0);
  return { records, copies, recordsBySource: Object.fromEntries(used) };
}

function unfetchedRecords(store: RecordStore, nowMs: number, most: number): TenantReport['unfetched'] {
  const found: { source: PublishedSource; text: string }[] = [];
  for (let number = 0; number < store.count && found.length < most; number++) {
    if (store.fetched(number) > 0 || store.availableMs(number) > nowMs) continue;
    found.push({ source: store.source(number), text: store.text(number) });
  }
  return found;
}
