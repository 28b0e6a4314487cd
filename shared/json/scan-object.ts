/**
 * One pass over a JSON object's bytes: where it ends, that it is JSON, and the few members that are asked for.
 * The collector needs four facts of each record; parsing all of it costs several times as much (measured,
 * test/bench/collect.ts). What this does not follow it leaves to `JSON.parse`: it never says of a text that it is
 * JSON when it is not.
 */

/** Names of the members to read, by their length, so that most others are passed over by one comparison. */
export type MemberNames = readonly (readonly Member[] | undefined)[];

interface Member {
  readonly name: string;
  readonly bytes: Buffer;
}

/** ASCII names only. */
export function memberNames(names: readonly string[]): MemberNames {
  const byLength: Member[][] = [];
  for (const name of names) (byLength[name.length] ??= []).push({ name, bytes: Buffer.from(name, 'latin1') });
  return byLength;
}

export interface ScannedObject {
  /** Behind the closing brace. */
  readonly end: number;
  /** The members asked for that the object has, as `JSON.parse` would give them. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** Deeper objects are left to `JSON.parse`. */
const MAX_DEPTH = 100;
/** For each open container: whether it is an object. One for all scans, which never overlap. */
const IN_OBJECT = new Uint8Array(MAX_DEPTH);

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

// What may come next. Numbers, since the loop compares them for every token.
const VALUE = 0;
/** A key, or the end of the object that has just begun. */
const FIRST_KEY = 1;
const KEY = 2;
const IS_COLON = 3;
/** A value, or the end of the array that has just begun. */
const FIRST_ITEM = 4;
/** A comma, or the end of the container. */
const NEXT = 5;

/**
 * Scans the object that begins at `bytes[from]`. Undefined where it does not end within `bytes`, is not JSON, has line
 * breaks between its tokens, or is deeper than is followed here.
 */
export function scanObject(bytes: Buffer, from: number, wanted: MemberNames): ScannedObject | undefined {
  if (bytes[from] !== OPEN_OBJECT) return undefined;
  const n = bytes.length;
  const members: Record<string, unknown> = {};
  const inObject = IN_OBJECT;
  inObject[0] = 1;
  let depth = 1;
  let expect = FIRST_KEY;
  let member: string | undefined;
  let valueAt = 0;
  let i = from + 1;
  while (i < n) {
    const c = bytes[i]!;
    if (c === SPACE || c === TAB) {
      i++;
      continue;
    }
    if (expect === NEXT) {
      if (depth === 1 && member !== undefined) {
        members[member] = JSON.parse(bytes.toString('utf8', valueAt, i));
        member = undefined;
      }
      if (c === COMMA) {
        expect = inObject[depth - 1] === 1 ? KEY : VALUE;
        i++;
        continue;
      }
      if (c !== (inObject[depth - 1] === 1 ? CLOSE_OBJECT : CLOSE_ARRAY)) return undefined;
      i++;
      if (--depth === 0) return { end: i, members };
      continue;
    }
    if (expect === IS_COLON) {
      if (c !== COLON) return undefined;
      expect = VALUE;
      i++;
      continue;
    }
    if (expect === KEY || expect === FIRST_KEY) {
      if (c === CLOSE_OBJECT && expect === FIRST_KEY) {
        i++;
        if (--depth === 0) return { end: i, members };
        expect = NEXT;
        continue;
      }
      if (c !== QUOTE) return undefined;
      const end = stringEnd(bytes, i, n);
      if (end < 0) return undefined;
      if (depth === 1) {
        // With escapes, a key may be any of the names.
        if (end & 1) return undefined;
        member = nameOf(bytes, i + 1, (end >> 1) - 1, wanted);
      }
      i = end >> 1;
      // Nearly always it follows at once.
      if (bytes[i] === COLON) {
        expect = VALUE;
        i++;
      } else expect = IS_COLON;
      continue;
    }
    if (c === CLOSE_ARRAY && expect === FIRST_ITEM) {
      i++;
      depth--;
      expect = NEXT;
      continue;
    }
    if (depth === 1) valueAt = i;
    if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (depth === MAX_DEPTH) return undefined;
      inObject[depth++] = c === OPEN_OBJECT ? 1 : 0;
      expect = c === OPEN_OBJECT ? FIRST_KEY : FIRST_ITEM;
      i++;
      continue;
    }
    expect = NEXT;
    if (c !== QUOTE) {
      i = scalarEnd(bytes, i, n);
      if (i < 0) return undefined;
      continue;
    }
    const end = stringEnd(bytes, i, n);
    if (end < 0) return undefined;
    if (depth === 1 && member !== undefined && (end & 1) === 0) {
      members[member] = bytes.toString('utf8', i + 1, (end >> 1) - 1);
      member = undefined;
    }
    i = end >> 1;
  }
  return undefined;
}

/** Bytes that mean themselves within a string. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, c) =>
  c >= SPACE && c !== QUOTE && c !== BACKSLASH ? 1 : 0,
);

/** Twice the place behind the closing quote, and one more if there are escapes; -1 when it does not end or is not JSON. */
function stringEnd(bytes: Buffer, from: number, n: number): number {
  const plain = PLAIN;
  let i = from + 1;
  let escaped = 0;
  while (i < n) {
    let c = bytes[i]!;
    while (plain[c] === 1) {
      if (++i === n) return -1;
      c = bytes[i]!;
    }
    if (c === QUOTE) return 2 * (i + 1) + escaped;
    if (c < SPACE) return -1;
    const length = escapeLength(bytes, i);
    if (length === 0) return -1;
    escaped = 1;
    i += length;
  }
  return -1;
}

/** Bytes of an escape that begins at `i`; 0 when it is none. */
function escapeLength(bytes: Buffer, i: number): number {
  switch (bytes[i + 1]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 2;
    case 0x75: // u
      for (let at = i + 2; at < i + 6; at++) if (!isHex(bytes[at])) return 0;
      return 6;
    default:
      return 0;
  }
}

const isHex = (c: number | undefined): boolean =>
  c !== undefined && ((c >= ZERO && c <= NINE) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66));

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= ZERO && c <= NINE;

const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/** Behind a number or one of the three words; -1 for anything else. */
function scalarEnd(bytes: Buffer, from: number, n: number): number {
  const c = bytes[from]!;
  if (c !== MINUS && !isDigit(c)) {
    for (const word of WORDS) {
      if (word[0] === c) return startsWith(bytes, from, word) ? from + word.length : -1;
    }
    return -1;
  }
  let i = c === MINUS ? from + 1 : from;
  if (!isDigit(bytes[i])) return -1;
  i = bytes[i] === ZERO ? i + 1 : digitsEnd(bytes, i);
  if (bytes[i] === DOT) {
    if (!isDigit(bytes[i + 1])) return -1;
    i = digitsEnd(bytes, i + 1);
  }
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    i += bytes[i + 1] === PLUS || bytes[i + 1] === MINUS ? 2 : 1;
    if (!isDigit(bytes[i])) return -1;
    i = digitsEnd(bytes, i);
  }
  // At the end of the bytes the number may go on.
  return i < n ? i : -1;
}

function digitsEnd(bytes: Buffer, from: number): number {
  let i = from;
  while (isDigit(bytes[i])) i++;
  return i;
}

function startsWith(bytes: Buffer, from: number, word: Buffer): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word[i]) return false;
  return true;
}

/** Which of the wanted names a key without escapes is. */
function nameOf(bytes: Buffer, from: number, to: number, wanted: MemberNames): string | undefined {
  const candidates = wanted[to - from];
  if (!candidates) return undefined;
  for (const { name, bytes: spelt } of candidates) if (startsWith(bytes, from, spelt)) return name;
  return undefined;
}
