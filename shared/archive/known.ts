import { DIGEST_BYTES } from '../record.ts';

/**
 * The records that some part of the archive holds, by digest (see `digestOf`): an open-addressing table over the
 * packed digests themselves, about 32 bytes a record, since a large tenant's hour is a million of them.
 */
export class DigestSet {
  readonly digests: Buffer;
  readonly #slots: Int32Array;
  readonly #mask: number;

  constructor(digests: Buffer) {
    this.digests = digests;
    const count = digests.length / DIGEST_BYTES;
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, count * 2)));
    this.#mask = size - 1;
    this.#slots = new Int32Array(size).fill(-1);
    for (let i = 0; i < count; i++) this.#place(i);
  }

  get size(): number {
    return this.digests.length / DIGEST_BYTES;
  }

  #start(digest: Buffer, at: number): number {
    return digest.readUInt32LE(at) & this.#mask;
  }

  #place(i: number): void {
    let slot = this.#start(this.digests, i * DIGEST_BYTES);
    while (this.#slots[slot] !== -1) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = i;
  }

  /** Line numbers (from 0) of the records with the same id; `exact` when one of them has the same text. */
  find(digest: Buffer): { exact: boolean; lines: number[] } {
    const lines: number[] = [];
    let slot = this.#start(digest, 0);
    for (let i = this.#slots[slot]!; i !== -1; i = this.#slots[slot]!) {
      const at = i * DIGEST_BYTES;
      if (digest.compare(this.digests, at, at + 8, 0, 8) === 0) {
        if (digest.compare(this.digests, at + 8, at + DIGEST_BYTES, 8) === 0)
          return { exact: true, lines: [i] };
        lines.push(i);
      }
      slot = (slot + 1) & this.#mask;
    }
    return { exact: false, lines };
  }
}
