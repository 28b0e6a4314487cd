import { createHash } from 'node:crypto';

/** 64-bit keys in an open-addressing table: about 16 bytes a key. */
export class KeySet {
  #slots = new BigUint64Array(1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when the key was there already. */
  add(key: bigint): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    if (!place(this.#slots, nonZero(key))) return false;
    this.#size++;
    return true;
  }

  has(key: bigint): boolean {
    const wanted = nonZero(key);
    const mask = this.#slots.length - 1;
    let slot = Number(wanted & BigInt(mask));
    while (this.#slots[slot] !== 0n && this.#slots[slot] !== wanted) slot = (slot + 1) & mask;
    return this.#slots[slot] === wanted;
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
const nonZero = (key: bigint): bigint => key || 1n;

/**
 * The paths that seals list, as 64-bit hashes, since an archive of years has millions. Two paths with one hash would
 * leave a blob unsealed, and `verify` says so of any.
 */
export class SealedSet {
  readonly #keys = new KeySet();

  get size(): number {
    return this.#keys.size;
  }

  /** False when the path was there already. */
  add(path: string): boolean {
    return this.#keys.add(keyOf(path));
  }

  has(path: string): boolean {
    return this.#keys.has(keyOf(path));
  }
}

const keyOf = (path: string): bigint => createHash('sha256').update(path).digest().readBigUInt64LE(0);
