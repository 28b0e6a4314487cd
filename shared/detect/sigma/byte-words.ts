/** Bytes, of which four can be looked at together: several times as fast as one after the other. */
export class Words {
  readonly bytes: Buffer;
  readonly #view: DataView;
  /** Four bytes can be read from every place up to here. */
  readonly #last: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#last = bytes.length - 4;
  }

  /** Behind the string that begins at `at`; -1 when it does not end before `to`. The bytes are known to be JSON. */
  stringEnd(at: number, to: number): number {
    const view = this.#view;
    const last = Math.min(this.#last, to - 4);
    const bytes = this.bytes;
    let i = at + 1;
    for (;;) {
      for (; i <= last; i += 4) {
        const word = view.getInt32(i, true);
        const [quote, backslash] = [word ^ QUOTES, word ^ BACKSLASHES];
        // A byte is zero where borrowing from it sets its highest bit.
        if ((((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash)) & HIGHEST) break;
      }
      for (; i < to && bytes[i] !== BACKSLASH; i++) if (bytes[i] === QUOTE) return i + 1;
      if (i >= to) return -1;
      i += 2;
    }
  }

  /** Behind the object or list that begins at `at`; -1 when it does not end before `to`. */
  bracketsEnd(at: number, to: number): number {
    const bytes = this.bytes;
    let depth = 0;
    for (let i = at; i < to; i++) {
      const c = bytes[i]!;
      if (c === QUOTE) {
        i = this.stringEnd(i, to) - 1;
        if (i < 0) return -1;
      } else if (c === OPEN || c === OPEN_ARRAY) depth++;
      else if ((c === CLOSE || c === CLOSE_ARRAY) && --depth === 0) return i + 1;
    }
    return -1;
  }

  /** Are the bytes from `at` those of `other` from `from` to `to`? */
  isSame(at: number, other: Words, from: number, to: number): boolean {
    const length = to - from;
    if (at + length > this.bytes.length) return false;
    if (length < 4) {
      for (let i = 0; i < length; i++) if (this.bytes[at + i] !== other.bytes[from + i]) return false;
      return true;
    }
    const [view, others] = [this.#view, other.#view];
    // Texts of one length differ at their ends rather than where they begin.
    for (let i = length - 4; i > 0; i -= 4)
      if (view.getInt32(at + i, true) !== others.getInt32(from + i, true)) return false;
    return view.getInt32(at, true) === others.getInt32(from, true);
  }

  /** The same for equal texts, and mostly another for others: of long ones, samples are taken. */
  hash(from: number, to: number): number {
    const length = to - from;
    let hash = length;
    if (length < 4) {
      for (let i = from; i < to; i++) hash = Math.imul(hash ^ this.bytes[i]!, PRIME);
      return hash ^ (hash >>> 15);
    }
    const view = this.#view;
    const last = to - 4;
    const step = Math.max(4, (length - 4) >> 3);
    for (let i = from; i < last; i += step)
      hash = Math.imul(hash ^ view.getInt32(i, true), PRIME) ^ (hash >>> 13);
    hash = Math.imul(hash ^ view.getInt32(last, true), PRIME);
    return hash ^ (hash >>> 15);
  }
}

const [QUOTE, OPEN_ARRAY, BACKSLASH, CLOSE_ARRAY, OPEN, CLOSE] = [
  0x22, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d,
] as const;
const [QUOTES, BACKSLASHES, ONES, HIGHEST] = [0x22222222, 0x5c5c5c5c, 0x01010101, 0x80808080] as const;
const PRIME = 0x01000193;
