import { hash } from 'node:crypto';
import type { ReconciliationGroup } from '../../archive/reconciliation.ts';
import { KeySet } from '../../archive/sealed-set.ts';
import { auditDigest, classicRecordOf } from '../../audit-record.ts';
import { isObject, textOf } from '../../record.ts';
import type { BlobStore } from '../../store/stores.ts';
import type { SourceId } from '../../sources.ts';
import type { Interval } from '../spec.ts';
import { recordsWithin } from './archived-lines.ts';
import { differing, type Comparison, type LoginHour } from './comparison.ts';
import { hourOf, keyOf, recordTypeOf, type FeedIndex } from './feed-index.ts';

const LOGINS = new Set(['userloggedin', 'userloginfailed']);
const SIGN_INS: readonly SourceId[] = ['signins-interactive', 'signins-noninteractive'];
/** The two logs stamp one login a little differently. */
const SKEW_MS = 10 * 60_000;
const EXAMPLES = 5;

type Group = { -readonly [K in keyof ReconciliationGroup]: ReconciliationGroup[K] };

interface Login {
  readonly hour: string;
  readonly keys: readonly bigint[];
}

/** Counts what a window's search brings against the feed's index, and says of each record whether it is to be archived. */
export class Tally {
  readonly #feed: FeedIndex;
  readonly #seen = new KeySet();
  readonly #contents = new KeySet();
  readonly #groups = new Map<string, Group>();
  readonly #logins: Login[] = [];
  #onlySearch = 0;

  constructor(feed: FeedIndex) {
    this.#feed = feed;
  }

  /** Distinct ids so far. */
  get distinct(): number {
    return this.#seen.size;
  }

  /** True when the feed's archive does not hold this record with this content. */
  take(value: unknown, ms: number): boolean {
    const digest = auditDigest(value);
    if (!digest) return true;
    const found = this.#feed.find(digest);
    // The same page-through may send a record twice, and a second page-through sends all of them again.
    if (this.#seen.add(keyOf(digest))) this.#count(value, ms, found === 'none');
    return found !== 'same' && this.#contents.add(digest.readBigUInt64LE(8));
  }

  #count(value: unknown, ms: number, missing: boolean): void {
    const group = this.#group(`${recordTypeOf(value)}|${hourOf(ms)}`);
    group.search++;
    const record = classicRecordOf(value) ?? {};
    if (LOGINS.has((textOf(record['Operation']) ?? '').toLowerCase())) this.#logins.push(loginOf(record, ms));
    if (!missing) return;
    this.#onlySearch++;
    group.onlySearch++;
    const id = textOf(record['Id']);
    if (id !== undefined && group.examples.length < EXAMPLES) group.examples.push(id.slice(0, 100));
  }

  #group(key: string): Group {
    const [recordType, hour] = key.split('|') as [string, string];
    const group = this.#groups.get(key) ?? {
      recordType: Number(recordType),
      hour,
      feed: 0,
      search: 0,
      onlySearch: 0,
      onlyFeed: 0,
      examples: [],
    };
    this.#groups.set(key, group);
    return group;
  }

  /** Once all has been taken. Reads the archived sign-ins of the time. */
  async finish(blobs: BlobStore, tenant: string, window: Interval): Promise<Comparison> {
    let [feed, onlyFeed] = [0, 0];
    for (const { key, group: name } of this.#feed.ids()) {
      const group = this.#group(name);
      feed++;
      group.feed++;
      if (this.#seen.has(key)) continue;
      onlyFeed++;
      group.onlyFeed++;
    }
    const { signIns, logins } = await compareLogins(blobs, tenant, window, this.#logins);
    const found = differing([...this.#groups.values()]);
    return {
      feed,
      search: this.#seen.size,
      onlySearch: this.#onlySearch,
      onlyFeed,
      ...found,
      signIns,
      logins,
    };
  }
}

/** A login names its sign-in by request id (IntraSystemId) and correlation id (InterSystemsId). */
const loginOf = (record: Readonly<Record<string, unknown>>, ms: number): Login => ({
  hour: hourOf(ms),
  keys: keysOf(record, 'IntraSystemId', 'InterSystemsId'),
});

const keysOf = (record: Readonly<Record<string, unknown>>, ...names: string[]): bigint[] =>
  names
    .map((name) => textOf(record[name])?.toLowerCase())
    .filter((text) => text !== undefined)
    .map((text) => hash('sha256', text, 'buffer').readBigUInt64LE(0));

async function compareLogins(
  blobs: BlobStore,
  tenant: string,
  window: Interval,
  logins: readonly Login[],
): Promise<{ signIns: number; logins: LoginHour[] }> {
  if (logins.length === 0) return { signIns: 0, logins: [] };
  const known = new KeySet();
  let signIns = 0;
  const around = { fromMs: window.fromMs - SKEW_MS, toMs: window.toMs + SKEW_MS };
  for (const source of SIGN_INS) {
    for await (const { record } of recordsWithin(blobs, { tenant, source }, around)) {
      if (!isObject(record.value)) continue;
      signIns++;
      for (const key of keysOf(record.value, 'id', 'correlationId')) known.add(key);
    }
  }
  const hours = new Map<string, { hour: string; logins: number; unmatched: number }>();
  for (const { hour, keys } of logins) {
    const counted = hours.get(hour) ?? { hour, logins: 0, unmatched: 0 };
    hours.set(hour, counted);
    counted.logins++;
    // No sign-in at all: the reports are not readable, which coverage says; nothing can be compared.
    if (signIns > 0 && !keys.some((key) => known.has(key))) counted.unmatched++;
  }
  return { signIns, logins: [...hours.values()] };
}
