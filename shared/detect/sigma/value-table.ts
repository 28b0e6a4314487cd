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

const [SLOTS, ARENA_BYTES] = [16_384, 1_048_576] as const;

/** Values by their text. It forgets: its memory is bounded, whatever records hold. */
export class ValueTable {
  readonly #slots: (MemberValue | undefined)[] = Array.from({ length: SLOTS });
  /** Texts of the values, one behind the other. */
  #arena: Words | undefined;
  #used = 0;

  /** The value of this name with this text, when it is known. */
  find(name: string, hash: number, words: Words, start: number, end: number): MemberValue | undefined {
    const place = hash & (SLOTS - 1);
    const first = this.#slots[place];
    if (first !== undefined && this.#is(first, name, words, start, end)) return first;
    const second = this.#slots[place ^ 1];
    return second !== undefined && this.#is(second, name, words, start, end) ? second : undefined;
  }

  add(name: string, hash: number, words: Words, start: number, end: number): MemberValue {
    const length = end - start;
    this.#arena ??= new Words(Buffer.allocUnsafeSlow(ARENA_BYTES));
    if (this.#used + length > ARENA_BYTES) this.#clear();
    const at = this.#used;
    words.bytes.copy(this.#arena.bytes, at, start, end);
    this.#used += length;
    const made = new MemberValue(name, words.bytes.toString('latin1', start, end), at, at + length);
    const place = hash & (SLOTS - 1);
    // The newer of two that share a place comes first.
    this.#slots[place ^ 1] = this.#slots[place];
    this.#slots[place] = made;
    return made;
  }

  #clear(): void {
    this.#slots.fill(undefined);
    this.#used = 0;
  }

  #is(known: MemberValue, name: string, words: Words, start: number, end: number): boolean {
    return (
      known.end - known.start === end - start &&
      known.name === name &&
      this.#arena!.isSame(known.start, words, start, end)
    );
  }
}
