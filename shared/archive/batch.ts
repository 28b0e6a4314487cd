import { DigestSet } from './known.ts';
import { digestsOf, type DigestedRecord } from './segment-writer.ts';

const NO_TWINS: readonly DigestedRecord[] = [];

/** Those of the records of one request that are taken for new so far, found by id. */
export class Batch {
  readonly #records: readonly DigestedRecord[];
  readonly #known: DigestSet;

  constructor(records: readonly DigestedRecord[]) {
    this.#records = records;
    this.#known = new DigestSet(digestsOf(records), 0);
  }

  /** Takes the i-th record for new. */
  add(i: number): void {
    this.#known.add(i);
  }

  /** Those with the record's id; only the equal one where there is one. */
  twins({ digests, at }: DigestedRecord): readonly DigestedRecord[] {
    const { lines } = this.#known.find(digests, at);
    return lines.length === 0 ? NO_TWINS : lines.map((i) => this.#records[i]!);
  }
}
