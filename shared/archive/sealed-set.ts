import { createHash } from 'node:crypto';

/**
 * The paths that seals list, as 64-bit hashes in an open-addressing table: about 16 bytes a path, since an archive
 * of years has millions. Two paths with one hash would leave a blob unsealed, and `verify` says so of any.
 */
export class SealedSet {
  #slots = new BigUint64Array(1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when the path was there already. */
  add(path: string): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    if (!place(this.#slots, keyOf(path))) return false;
    this.#size++;
    return true;
  }

  has(path: string): boolean {
    const key = keyOf(path);
    const mask = this.#slots.length - 1;
    let slot = Number(key & BigInt(mask));
    while (this.#slots[slot] !== 0n && this.#slots[slot] !== key) slot = (slot + 1) & mask;
    return this.#slots[slot] === key;
  }

  #grow(): void {
    const larger = new BigUint64Array(this.#slots.length * 2);
    for (const key of this.#slots) if (key !== 0n) place(larger, key);
    this.#slots = larger;
  }
}

function place(slots: BigUint64Array, key: bigint): boolean {
  const mask = slots.length - 1;
  let slot = Number(key & BigInt(mask));
  while (slots[slot] !== 0n) {
    if (slots[slot] === key) return false;
    slot = (slot + 1) & mask;
  }
  slots[slot] = key;
  return true;
}

/** Zero marks an empty slot. */
const keyOf = (path: string): bigint => createHash('sha256').update(path).digest().readBigUInt64LE(0) || 1n;
