/** Growing typed arrays and text arenas: a million records cost their bytes and about 40 more each. */
type Numbers = Uint8Array | Uint32Array | Float64Array;

export class Column<T extends Numbers> {
  readonly #make: (length: number) => T;
  #values: T;

  constructor(make: (length: number) => T) {
    this.#make = make;
    this.#values = make(1024);
  }

  get(at: number): number {
    return this.#values[at]!;
  }

  set(at: number, value: number): void {
    if (at >= this.#values.length) this.#grow(at);
    this.#values[at] = value;
  }

  #grow(at: number): void {
    const larger = this.#make(Math.max(at + 1, this.#values.length * 2));
    larger.set(this.#values);
    this.#values = larger;
  }
}

export const bytesColumn = () => new Column((length) => new Uint8Array(length));
export const countsColumn = () => new Column((length) => new Uint32Array(length));
export const millisColumn = () => new Column((length) => new Float64Array(length));

const ARENA_BYTES = 64 * 1024 * 1024;

/** Texts by number, outside the JavaScript heap. */
export class Texts {
  readonly #arenas: Buffer[] = [];
  readonly #arena = countsColumn();
  readonly #start = countsColumn();
  readonly #length = countsColumn();
  #used = 0;
  #count = 0;

  /** Stores a text and returns its number. */
  add(text: string): number {
    const arena = this.#arenaFor(text);
    const number = this.#count++;
    const written = arena.write(text, this.#used, 'utf8');
    this.#arena.set(number, this.#arenas.length - 1);
    this.#start.set(number, this.#used);
    this.#length.set(number, written);
    this.#used += written;
    return number;
  }

  bytes(number: number): Buffer {
    const start = this.#start.get(number);
    return this.#arenas[this.#arena.get(number)]!.subarray(start, start + this.#length.get(number));
  }

  text(number: number): string {
    return this.bytes(number).toString('utf8');
  }

  #arenaFor(text: string): Buffer {
    const last = this.#arenas.at(-1);
    // Three bytes a UTF-16 unit is the bound; the exact size is only computed near the arena's end.
    if (last && this.#used + text.length * 3 <= last.length) return last;
    const needed = Buffer.byteLength(text);
    if (last && this.#used + needed <= last.length) return last;
    // The first arenas are small, so that a test's tenant of ten records does not take 64 MB.
    const size = Math.min(ARENA_BYTES, 1024 * 1024 * 4 ** Math.min(4, this.#arenas.length));
    const fresh = Buffer.allocUnsafeSlow(Math.max(size, needed));
    this.#arenas.push(fresh);
    this.#used = 0;
    return fresh;
  }
}
