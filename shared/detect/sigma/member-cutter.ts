import { bracketsEnd, stringEnd } from './json-ends.ts';

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
}

/** One value that a member had. Many records may share it: it must not be changed. */
export class MemberValue {
  /** As it is spelled in the record. */
  readonly name: string;
  /** What whoever asks has found out about it. */
  note: number | undefined = undefined;
  readonly #text: string;
  #value: unknown;

  /** @param text its JSON, the bytes one character each */
  constructor(name: string, text: string) {
    this.name = name;
    this.#text = text;
  }

  /** As JSON.parse gives it. */
  get value(): unknown {
    return this.#value === undefined ? (this.#value = parsed(this.#text)) : this.#value;
  }
}

/** A stretch of text of some record before. */
interface Stretch {
  bytes: Buffer;
  start: number;
  end: number;
}

interface Member {
  readonly name: string;
  /** As it stands before the value. */
  readonly token: Buffer;
  /** Its place among the names wanted, the fresh ones behind the others; or one of the two below. */
  readonly number: number;
  readonly isFresh: boolean;
  /** The last list or object that was read here. */
  readonly composite: Stretch;
  /** The last value that was asked for, and values that were asked for before. */
  readonly asked: Stretch;
  last: MemberValue | undefined;
  known: Map<string, MemberValue>;
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
// Vendors' records have below a hundred; hostile ones must not fill memory.
const MAX_MEMBERS = 1_000;
const [MAX_KNOWN, MAX_KNOWN_CHARS] = [4_096, 1_024];
// After so many values of which hardly any was known, the next is not looked for either.
const MIN_SEARCHES = 1_024;
// Shorter texts are sooner read than compared by a call.
const MIN_COMPARED = 96;
const NO_BYTES: Buffer = Buffer.alloc(0);

export class MemberCutter {
  readonly #wanted: Wanted;
  readonly #members = new Map<string, Member>();
  readonly #start = memberOf('', { names: [], fresh: [] });
  // Of the record that was cut last.
  #bytes: Buffer = NO_BYTES;
  readonly #found: (Member | undefined)[];
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;

  constructor(wanted: Wanted) {
    const count = wanted.names.length + wanted.fresh.length;
    this.#wanted = wanted;
    this.#found = Array.from({ length: count });
    this.#starts = new Int32Array(count);
    this.#ends = new Int32Array(count);
  }

  /** False: it cannot be told. The bytes between the two places are known to be JSON. */
  cut(bytes: Buffer, from: number, to: number): boolean {
    const found = this.#found;
    found.fill(undefined);
    if (bytes !== this.#bytes) this.#forgetBytes();
    this.#bytes = bytes;
    if (bytes[from] !== OPEN) return false;
    const last = to - 1;
    let at = from + 1;
    let before = this.#start;
    for (;;) {
      let member = before.next;
      if (member === undefined || !standsAt(bytes, at, member.token)) {
        member = this.#memberAt(bytes, at, to);
        if (member === undefined) return false;
        before.next = member;
      }
      const { number } = member;
      const start = at + member.token.length;
      const end = valueEnd(member, bytes, start, to);
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
    return member && valueAt(member, this.#bytes, this.#starts[number]!, this.#ends[number]!);
  }

  /** Rare members would keep old chunks in memory. */
  #forgetBytes(): void {
    for (const { composite, asked } of this.#members.values()) {
      place(composite, NO_BYTES, 0, 0);
      place(asked, NO_BYTES, 0, 0);
    }
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
  return {
    name,
    token: Buffer.from(`"${name}":`, 'latin1'),
    number: fresh < 0 ? numberOf(name, wanted) : wanted.names.length + fresh,
    isFresh: fresh >= 0,
    composite: { bytes: NO_BYTES, start: 0, end: 0 },
    asked: { bytes: NO_BYTES, start: 0, end: 0 },
    last: undefined,
    known: new Map(),
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

function standsAt(bytes: Buffer, at: number, token: Buffer): boolean {
  for (let i = 0; i < token.length; i++) if (bytes[at + i] !== token[i]) return false;
  return true;
}

/** Behind the value that begins at `at`; -1 when that cannot be told. */
function valueEnd(member: Member, bytes: Buffer, at: number, to: number): number {
  const first = bytes[at];
  if (first === QUOTE) return stringEnd(bytes, at, to);
  if (first === OPEN || first === OPEN_ARRAY) return compositeEnd(member.composite, bytes, at, to);
  for (let end = at; end < to; end++) {
    const c = bytes[end]!;
    if (c === COMMA || c === CLOSE) return end;
    if (c <= 0x20) return -1;
  }
  return -1;
}

/** An object or list ends where one with the same text ended. */
function compositeEnd(known: Stretch, bytes: Buffer, at: number, to: number): number {
  const length = known.end - known.start;
  const end = at + length;
  const same =
    length >= MIN_COMPARED && end < to && bytes.compare(known.bytes, known.start, known.end, at, end) === 0;
  if (same) return end;
  const found = bracketsEnd(bytes, at, to);
  place(known, bytes, at, found);
  return found;
}

function place(stretch: Stretch, bytes: Buffer, start: number, end: number): void {
  stretch.bytes = bytes;
  stretch.start = start;
  stretch.end = end;
}

function valueAt(member: Member, bytes: Buffer, start: number, end: number): MemberValue {
  if (member.isFresh) return new MemberValue(member.name, bytes.toString('latin1', start, end));
  if (member.last === undefined || !isSame(member.asked, bytes, start, end))
    member.last = knownAt(member, bytes, start, end);
  place(member.asked, bytes, start, end);
  return member.last;
}

function isSame(
  { bytes: others, start: from, end: to }: Stretch,
  bytes: Buffer,
  start: number,
  end: number,
): boolean {
  const length = end - start;
  if (to - from !== length) return false;
  // Texts of one length differ at their ends rather than where they begin.
  for (let i = length - 1; i >= 0; i--) if (bytes[start + i] !== others[from + i]) return false;
  return true;
}

function knownAt(member: Member, bytes: Buffer, start: number, end: number): MemberValue {
  const text = bytes.toString('latin1', start, end);
  const isFutile = member.searches >= MIN_SEARCHES && member.finds * 4 < member.searches;
  if (isFutile || text.length > MAX_KNOWN_CHARS) return new MemberValue(member.name, text);
  member.searches++;
  const found = member.known.get(text);
  if (found) {
    member.finds++;
    return found;
  }
  const made = new MemberValue(member.name, text);
  if (member.known.size >= MAX_KNOWN) member.known = new Map();
  member.known.set(text, made);
  return made;
}

const PLAIN = /^"[ !#-[\]-~]*"$/;

const parsed = (text: string): unknown =>
  PLAIN.test(text)
    ? text.slice(1, -1)
    : (JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as unknown);
