import { DigestSet } from '../archive/known.ts';
import { auditDigest } from '../audit-record.ts';
import { DIGEST_BYTES } from '../record.ts';
import { FEED_SOURCES } from '../sources.ts';
import type { FoundRecord, SegmentChunks } from './read-records.ts';

/**
 * The audit search and the feed may both bring one audit record: the search first, and the feed later. The archive keeps
 * both, since each is what its source answered; a bundle shows the event once, in the feed's words. A search record is
 * a twin when a feed record of the same bundle has its `auditDigest`, which is of id and content.
 */
const SEARCH = 'ual-search';

/** In the order in which twins can be told: the feed's segments first. Else as they were. */
export const searchLast = (located: readonly SegmentChunks[]): SegmentChunks[] => [
  ...located.filter(({ ref }) => ref.source !== SEARCH),
  ...located.filter(({ ref }) => ref.source === SEARCH),
];

/** About 40 bytes a feed record, and nothing where the audit search brought nothing. */
export class Twins {
  #digests = Buffer.alloc(0);
  #size = 0;
  #known: DigestSet | undefined;
  readonly #wanted: boolean;

  constructor(located: readonly SegmentChunks[]) {
    this.#wanted = located.some(({ ref }) => ref.source === SEARCH);
  }

  /** True for a search record whose twin of the feed was given before. Any other record is remembered as one. */
  isTwin({ source, value }: Pick<FoundRecord, 'source' | 'value'>): boolean {
    if (!this.#wanted || (source !== SEARCH && !FEED_SOURCES.includes(source))) return false;
    const digest = auditDigest(value);
    if (!digest) return false;
    if (source !== SEARCH) {
      this.#add(digest);
      return false;
    }
    this.#known ??= new DigestSet(this.#digests.subarray(0, this.#size));
    return this.#known.find(digest).exact;
  }

  #add(digest: Buffer): void {
    if (this.#size === this.#digests.length) {
      const larger = Buffer.alloc(Math.max(1024, (this.#size * 2) / DIGEST_BYTES) * DIGEST_BYTES);
      this.#digests.copy(larger);
      this.#digests = larger;
    }
    digest.copy(this.#digests, this.#size);
    this.#size += DIGEST_BYTES;
  }
}

/** What a bundle says of records that are in its scope and not in it. */
export const leftOut = (twins: number): { source: string; records: number; reason: string }[] =>
  twins === 0
    ? []
    : [
        {
          source: SEARCH,
          records: twins,
          reason: "the same audit record, with the same content, is among the feed's records of this bundle",
        },
      ];
