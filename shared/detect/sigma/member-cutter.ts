import { Words } from './byte-words.ts';
import { MemberValue, ValueTable } from './value-table.ts';

/**
 * Cuts the members that are asked for out of one record's JSON text, without parsing the rest. Exact or silent: what it
 * gives is what JSON.parse would give, and of a text that is not written as vendors write it it gives nothing. Records
 * of a source resemble each other, and neighbours are mostly one person's: so it expects the member that came there the
 * last time, with the value that it had.
 */

export interface Wanted {
  /** In lower case, ASCII; found in any case, and with spaces. */
  readonly names: readonly string[];
  /** Names, found as they are spelled here, whose values are new in every record. */
  readonly fresh: readonly string[];
  /** A member, one of the names, of which no more is given than the members of these names. */
  readonly inner?: { readonly name: string; readonly names: readonly string[] } | undefined;
}

/** A stretch of a record before, of the same bytes. */
interface Stretch {
  start: number;
  end: number;
}

interface Member {
  readonly name: string;
  /** As it stands before the value. */
  readonly token: Words;
  readonly length: number;
  /** Its place among the names wanted, the fresh ones behind the others; or one of the two below. */
  readonly number: number;
  readonly isFresh: boolean;
  readonly isInner: boolean;
  readonly salt: number;
  /** The last list or object that was read here. */
  readonly composite: Stretch;
  /** The last value that was asked for. */
  readonly asked: Stretch;
  last: MemberValue | undefined;
  /** How often a value was looked for among those known, and found. */
  searches: number;
  finds: number;
  /** What came behind it the last time. */
  next: Member | undefined;
}

const UNWANTED = -1;
/** It may be another spelling of a fresh name, or stand for something below one of the names. */
const DOUBTFUL = -2;

const [QUOTE, COMMA, COLON, OPEN_ARRAY, OPEN, CLOSE] = [0x22, 0x2c, 0x3a, 0x5b, 0x7b, 0x7d] as const;
const NAME = /^[ -[\]-~]{1,200}$/;
const MAX_NAME = 200;
const NOWHERE = -1;
// Vendors' records have below a hundred; hostile ones must not fill memory.
const MAX_MEMBERS = 1_000;
const MAX_KNOWN_BYTES = 1_024;
// After so many values of which hardly any was known, the next is not looked for either.
const MIN_SEARCHES = 1_024;
// Shorter texts are sooner read than compared.
const MIN_COMPARED = 24;

export class MemberCutter {
  readonly #wanted: Wanted;
  readonly #members = new Map<string, Member>();
  readonly #start = memberOf('', { names: [], fresh: [] });
  readonly #table: ValueTable;
  // Of the record that was cut last.
  #words = new Words(Buffer.alloc(0));
  readonly #found: (Member | undefined)[];
  /** Its values, once they were asked for. */
  readonly #values: (MemberValue | undefined)[];
  readonly #inner: MemberCutter | undefined;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;

  constructor(wanted: Wanted, table = new ValueTable()) {
    const count = wanted.names.length + wanted.fresh.length;
    this.#wanted = wanted;
    this.#table = table;
    this.#found = Array.from({ length: count });
    this.#values = Array.from({ length: count });
    this.#inner = wanted.inner && new MemberCutter({ names: wanted.inner.names, fresh: [] }, table);
    this.#starts = new Int32Array(count);
    this.#ends = new Int32Array(count);
  }

  /** False: it cannot be told. The bytes between the two places are known to be JSON. */
  cut(bytes: Buffer, from: number, to: number): boolean {
    const found = this.#found;
    found.fill(undefined);
    this.#values.fill(undefined);
    if (bytes !== this.#words.bytes) this.#change(bytes);
    const words = this.#words;
    if (bytes[from] !== OPEN) return false;
    const last = to - 1;
    let at = from + 1;
    let before = this.#start;
    for (;;) {
      let member = before.next;
      if (member === undefined || !words.isSame(at, member.token, 0, member.length)) {
        member = this.#memberAt(bytes, at, to);
        if (member === undefined) return false;
        before.next = member;
      }
      const { number } = member;
      const start = at + member.length;
      const end = valueEnd(member, words, start, to);
      if (end < 0 || number === DOUBTFUL) return false;
      if (number >= 0) {
        // Of two, perhaps in two spellings, it is not obvious which counts.
        if (found[number] !== undefined) return false;
        found[number] = member;
        this.#starts[number] = start;
        this.#ends[number] = end;
      }
      if (bytes[end] !== COMMA) return bytes[end] === CLOSE && end === last;
      at = end + 1;
      before = member;
    }
  }

  /** Has the record that was cut last a member of this name, by its place among those wanted? */
  has(number: number): boolean {
    return this.#found[number] !== undefined;
  }

  /** What it has of this name. */
  value(number: number): MemberValue | undefined {
    const member = this.#found[number];
    if (member === undefined) return undefined;
    return (this.#values[number] ??= this.#valueAt(member, this.#starts[number]!, this.#ends[number]!));
  }

  /** Other bytes: what is remembered by its place is no more there. */
  #change(bytes: Buffer): void {
    this.#words = new Words(bytes);
    for (const { composite, asked } of this.#members.values()) composite.end = asked.end = NOWHERE;
  }

  #valueAt(member: Member, start: number, end: number): MemberValue {
    const words = this.#words;
    const { asked } = member;
    if (member.isFresh) return new MemberValue(member.name, words.bytes.toString('latin1', start, end));
    const isLast =
      asked.end - asked.start === end - start && words.isSame(start, words, asked.start, asked.end);
    if (!isLast) member.last = this.#search(member, start, end);
    asked.start = start;
    asked.end = end;
    return member.last!;
  }

  /** Undefined: it has to be parsed. */
  #innerValue(start: number, end: number): Record<string, unknown> | undefined {
    const inner = this.#inner!;
    if (!inner.cut(this.#words.bytes, start, end)) return undefined;
    const value: Record<string, unknown> = {};
    for (let number = 0; number < inner.#found.length; number++) {
      const member = inner.value(number);
      if (member) value[member.name] = member.value;
    }
    return value;
  }

  #search(member: Member, start: number, end: number): MemberValue {
    const { name } = member;
    const words = this.#words;
    if (member.isInner) {
      const value = this.#innerValue(start, end);
      if (value) return new MemberValue(name, '', 0, 0, value);
    }
    const isFutile = member.searches >= MIN_SEARCHES && member.finds * 4 < member.searches;
    if (isFutile || end - start > MAX_KNOWN_BYTES)
      return new MemberValue(name, words.bytes.toString('latin1', start, end));
    member.searches++;
    const hash = words.hash(start, end) ^ member.salt;
    const found = this.#table.find(name, hash, words, start, end);
    if (found) member.finds++;
    return found ?? this.#table.add(name, hash, words, start, end);
  }

  #memberAt(bytes: Buffer, at: number, to: number): Member | undefined {
    if (bytes[at] !== QUOTE) return undefined;
    const end = bytes.indexOf(QUOTE, at + 1);
    if (end < 0 || end >= to || end - at - 1 > MAX_NAME || bytes[end + 1] !== COLON) return undefined;
    const name = bytes.toString('latin1', at + 1, end);
    // With escapes or other letters it may be any of the names.
    if (!NAME.test(name)) return undefined;
    const known = this.#members.get(name);
    if (known || this.#members.size >= MAX_MEMBERS) return known;
    const member = memberOf(name, this.#wanted);
    this.#members.set(name, member);
    return member;
  }
}

function memberOf(name: string, wanted: Wanted): Member {
  const fresh = wanted.fresh.indexOf(name);
  const token = Buffer.from(`"${name}":`, 'latin1');
  return {
    name,
    token: new Words(token),
    length: token.length,
    salt: new Words(token).hash(0, token.length),
    number: fresh < 0 ? numberOf(name, wanted) : wanted.names.length + fresh,
    isFresh: fresh >= 0,
    isInner: name.toLowerCase() === wanted.inner?.name,
    composite: { start: 0, end: NOWHERE },
    asked: { start: 0, end: NOWHERE },
    last: undefined,
    searches: 0,
    finds: 0,
    next: undefined,
  };
}

/** As rules read names: in any case, without spaces, and `status.errorCode` where `errorCode` of `status` is asked for. */
function numberOf(name: string, { names, fresh }: Wanted): number {
  const bare = name.replaceAll(' ', '').toLowerCase();
  const isBelow = [...names, ...fresh].some((other) => bare.startsWith(`${other.toLowerCase()}.`));
  if (isBelow || fresh.some((other) => other.toLowerCase() === bare)) return DOUBTFUL;
  const number = names.indexOf(bare);
  return number < 0 ? UNWANTED : number;
}

/** Behind the value that begins at `at`; -1 when that cannot be told. */
function valueEnd(member: Member, words: Words, at: number, to: number): number {
  const { bytes } = words;
  const first = bytes[at];
  if (first === QUOTE) return words.stringEnd(at, to);
  if (first === OPEN || first === OPEN_ARRAY) return compositeEnd(member.composite, words, at, to);
  for (let end = at; end < to; end++) {
    const c = bytes[end]!;
    if (c === COMMA || c === CLOSE) return end;
    if (c <= 0x20) return -1;
  }
  return -1;
}

/** An object or list ends where one with the same text ended. */
function compositeEnd(known: Stretch, words: Words, at: number, to: number): number {
  const length = known.end - known.start;
  if (length >= MIN_COMPARED && at + length < to && words.isSame(at, words, known.start, known.end))
    return at + length;
  const end = words.bracketsEnd(at, to);
  known.start = at;
  known.end = end;
  return end;
}
