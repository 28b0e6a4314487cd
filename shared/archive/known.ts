import { DIGEST_BYTES } from '../record.ts';

export interface Known {
  /** One of them has the same text. */
  readonly exact: boolean;
  /** Numbers (from 0) of those with the same id; only the equal one where there is one. */
  readonly lines: readonly number[];
}

const NONE: Known = { exact: false, lines: [] };

/**
 * The records that some part of the archive holds, by digest (see `digestOf`): an open-addressing table over the
 * packed digests themselves, about 32 bytes a record, since a large tenant's hour is a million of them.
 */
export class DigestSet {
  readonly digests: Buffer;
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** @param filled how many of them are in the set from the beginning; `add` brings in others. */
  constructor(digests: Buffer, filled = digests.length / DIGEST_BYTES) {
    this.digests = digests;
    const count = digests.length / DIGEST_BYTES;
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, count * 2)));
    this.#mask = size - 1;
    this.#slots = new Int32Array(size).fill(-1);
    for (let i = 0; i < filled; i++) this.add(i);
  }

  get size(): number {
    return this.digests.length / DIGEST_BYTES;
  }

  /** Brings in the i-th of the digests. */
  add(i: number): void {
    let slot = this.digests.readUInt32LE(i * DIGEST_BYTES) & this.#mask;
    while (this.#slots[slot] !== -1) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = i;
  }

  /** Whether there are records of the id and the text of the digest that lies at `from`. */
  find(digests: Buffer, from = 0): Known {
    const [low, high] = [digests.readUInt32LE(from), digests.readUInt32LE(from + 4)];
    let lines: number[] | undefined;
    let slot = low & this.#mask;
    for (let i = this.#slots[slot]!; i !== -1; i = this.#slots[slot]!) {
      const at = i * DIGEST_BYTES;
      if (this.digests.readUInt32LE(at) === low && this.digests.readUInt32LE(at + 4) === high) {
        if (this.digests.compare(digests, from + 8, from + DIGEST_BYTES, at + 8, at + DIGEST_BYTES) === 0)
          return { exact: true, lines: [i] };
        (lines ??= []).push(i);
      }
      slot = (slot + 1) & this.#mask;
    }
    return lines ? { exact: false, lines } : NONE;
  }
}
