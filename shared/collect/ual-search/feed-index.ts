import { DigestSet } from '../../archive/known.ts';
import { KeySet } from '../../archive/sealed-set.ts';
import { auditDigest, classicRecordOf } from '../../audit-record.ts';
import { DIGEST_BYTES } from '../../record.ts';
import { FEED_SOURCES } from '../../sources.ts';
import type { BlobStore } from '../../store/stores.ts';
import type { Interval } from '../spec.ts';
import { recordsWithin } from './archived-lines.ts';

/** `Number` where the record has one (feed and auditData), else −1. */
export const recordTypeOf = (value: unknown): number => {
  const type = Number(classicRecordOf(value)?.['RecordType'] ?? -1);
  return Number.isInteger(type) ? type : -1;
};

export const hourOf = (ms: number): string => new Date(ms).toISOString().slice(0, 13);
export const keyOf = (digest: Buffer): bigint => digest.readBigUInt64LE(0);

/** What the feed's archive holds of an interval: about 40 bytes a record. */
export class FeedIndex {
  #digests = Buffer.alloc(0);
  #groups = new Uint32Array(0);
  #count = 0;
  readonly #groupNames: string[] = [];
  readonly #groupNumbers = new Map<string, number>();
  #set: DigestSet | undefined;

  static async read(blobs: BlobStore, tenant: string, window: Interval): Promise<FeedIndex> {
    const index = new FeedIndex();
    for (const source of FEED_SOURCES) {
      for await (const { record, ms } of recordsWithin(blobs, { tenant, source }, window)) {
        const digest = auditDigest(record.value);
        if (digest) index.#add(digest, `${recordTypeOf(record.value)}|${hourOf(ms)}`);
      }
    }
    index.#set = new DigestSet(index.#digests.subarray(0, index.#count * DIGEST_BYTES));
    return index;
  }

  get count(): number {
    return this.#count;
  }

  #add(digest: Buffer, group: string): void {
    if (this.#count === this.#groups.length) this.#grow();
    digest.copy(this.#digests, this.#count * DIGEST_BYTES);
    let number = this.#groupNumbers.get(group);
    if (number === undefined) {
      number = this.#groupNames.push(group) - 1;
      this.#groupNumbers.set(group, number);
    }
    this.#groups[this.#count++] = number;
  }

  #grow(): void {
    const size = Math.max(1024, this.#count * 2);
    const digests = Buffer.alloc(size * DIGEST_BYTES);
    this.#digests.copy(digests);
    this.#digests = digests;
    const groups = new Uint32Array(size);
    groups.set(this.#groups);
    this.#groups = groups;
  }

  /** `same`: this record with this content. `version`: its id with another content. */
  find(digest: Buffer): 'same' | 'version' | 'none' {
    const { exact, lines } = this.#set!.find(digest);
    if (exact) return 'same';
    return lines.length > 0 ? 'version' : 'none';
  }

  /** Every distinct id with its group, `recordType|hour`. */
  *ids(): Iterable<{ readonly key: bigint; readonly group: string }> {
    const seen = new KeySet();
    for (let i = 0; i < this.#count; i++) {
      const key = this.#digests.readBigUInt64LE(i * DIGEST_BYTES);
      if (seen.add(key)) yield { key, group: this.#groupNames[this.#groups[i]!]! };
    }
  }
}
