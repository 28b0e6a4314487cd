import { Words } from './byte-words.ts';

/** One value that a member had. Many records may share it: it must not be changed. */
export class MemberValue {
  /** As it is spelled in the record. */
  readonly name: string;
  /** What those who ask have found out about it. */
  note: number | undefined = undefined;
  bits: number | undefined = undefined;
  made: unknown = undefined;
  /** Where a table keeps its text. */
  readonly start: number;
  readonly end: number;
  readonly #text: string;
  #value: unknown;

  /** @param text its JSON, the bytes one character each */
  constructor(name: string, text: string, start = 0, end = 0, value?: unknown) {
    this.name = name;
    this.#text = text;
    this.#value = value;
    this.start = start;
    this.end = end;
  }

  /** As JSON.parse gives it. */
  get value(): unknown {
    return this.#value === undefined ? (this.#value = parsed(this.#text)) : this.#value;
  }
}

const PLAIN = /^"[ !#-[\]-~]*"$/;

const parsed = (text: string): unknown =>
  PLAIN.test(text)
    ? text.slice(1, -1)
    : (JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as unknown);

const [SLOTS, TEXT_BYTES] = [16_384, 1_048_576] as const;

/** Values by their text. It forgets: its memory is bounded, whatever records hold. */
export class ValueTable {
  /** Made when the first value comes: most members' values are never looked for. */
  #kept: Kept | undefined;

  /** The value of this name with this text, when it is known. */
  find(name: string, hash: number, words: Words, start: number, end: number): MemberValue | undefined {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    const place = hash & (SLOTS - 1);
    if (kept.hashes[place] === hash) {
      const value = kept.values[place];
      if (value !== undefined && isSame(kept, value, name, words, start, end)) return value;
    }
    if (kept.hashes[place ^ 1] !== hash) return undefined;
    const value = kept.values[place ^ 1];
    return value !== undefined && isSame(kept, value, name, words, start, end) ? value : undefined;
  }

  add(name: string, hash: number, words: Words, start: number, end: number): MemberValue {
    const length = end - start;
    let kept = this.#kept;
    if (!kept || kept.used + length > TEXT_BYTES) this.#kept = kept = nothingKept();
    const at = kept.used;
    words.bytes.copy(kept.texts.bytes, at, start, end);
    kept.used += length;
    const made = new MemberValue(name, words.bytes.toString('latin1', start, end), at, at + length);
    const place = hash & (SLOTS - 1);
    // The newer of two that share a place comes first.
    kept.values[place ^ 1] = kept.values[place];
    kept.hashes[place ^ 1] = kept.hashes[place]!;
    kept.values[place] = made;
    kept.hashes[place] = hash;
    return made;
  }
}

interface Kept {
  readonly hashes: Int32Array;
  readonly values: (MemberValue | undefined)[];
  /** Texts of the values, one behind the other. */
  readonly texts: Words;
  used: number;
}

const nothingKept = (): Kept => ({
  hashes: new Int32Array(SLOTS),
  values: Array.from({ length: SLOTS }),
  texts: new Words(Buffer.allocUnsafeSlow(TEXT_BYTES)),
  used: 0,
});

const isSame = (
  { texts }: Kept,
  known: MemberValue,
  name: string,
  words: Words,
  start: number,
  end: number,
): boolean =>
  known.end - known.start === end - start &&
  known.name === name &&
  texts.isSame(known.start, words, start, end);
