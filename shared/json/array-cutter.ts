import { HoldfastError } from '../errors.ts';
import { scanObject, type MemberNames } from './scan-object.ts';

/**
 * Cuts the elements out of a JSON array while its bytes stream by, without parsing or re-serialising them:
 * a record is archived as the vendor wrote it. Only line breaks between tokens are dropped, since an archive
 * line is one record; a raw line break inside a string (not JSON, but seen) is written as its escape.
 */
export interface CutterOptions {
  /** `array`: the document is the array (Management API). A name: the array is that property (Graph: `value`). */
  readonly array: 'root' | (string & {});
  /** `members`: those asked for, where the element was found to be a JSON object on the way; undefined tells nothing. */
  readonly onElement: (text: Buffer, members?: Readonly<Record<string, unknown>>) => void;
  /** Members of each element to read while it is cut. */
  readonly members?: MemberNames;
  /** Longest text kept of any other property, bytes. Longer ones are an error: they hold links, not data. */
  readonly maxProperty?: number;
}

export interface CutterResult {
  readonly elements: number;
  /** Top-level properties beside the array, parsed. Empty for a root array. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  /** Elements in which a raw line break inside a string was escaped. */
  readonly repaired: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const LF = 0x0a;
const CR = 0x0d;
const ESCAPED_LF = Buffer.from('\\n');
const ESCAPED_CR = Buffer.from('\\r');

type Place =
  'start' | 'before-key' | 'key' | 'before-colon' | 'before-value' | 'value' | 'between' | 'element' | 'done';

const isSpace = (c: number): boolean => c === 0x20 || c === LF || c === CR || c === 0x09;

export class ArrayCutter {
  readonly #options: CutterOptions;
  readonly #maxProperty: number;
  readonly #inObject: boolean;
  #place: Place = 'start';
  #depth = 0;
  #base = 0;
  #inString = false;
  #escaped = false;
  #pieces: Buffer[] = [];
  #size = 0;
  #key = '';
  #sawArray = false;
  #bomSkipped = false;
  #elements = 0;
  #repaired = 0;
  #repairedThis = false;
  #bytes = 0;
  #properties: Record<string, unknown> = {};

  constructor(options: CutterOptions) {
    this.#options = options;
    this.#maxProperty = options.maxProperty ?? 1024 * 1024;
    this.#inObject = options.array !== 'root';
  }

  /** Feeds the next bytes. Throws `vendor-malformed` at the first byte that cannot belong to the document. */
  push(chunk: Buffer): void {
    let i = 0;
    if (!this.#bomSkipped) {
      this.#bomSkipped = true;
      if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) i = 3;
    }
    const n = chunk.length;
    while (i < n) {
      if (this.#place === 'element' || this.#place === 'value' || this.#place === 'key')
        i = this.#capture(chunk, i);
      else i = this.#between(chunk, i);
    }
    this.#bytes += n;
  }

  /** Ends the document. Throws `vendor-malformed` when it is not complete: a cut body is never a short one. */
  end(): CutterResult {
    if (this.#place !== 'done') throw this.#malformed('the document ends early');
    if (!this.#sawArray) throw this.#malformed(`there is no array "${this.#options.array}"`);
    return {
      elements: this.#elements,
      properties: this.#properties,
      bytes: this.#bytes,
      repaired: this.#repaired,
    };
  }

  #between(chunk: Buffer, i: number): number {
    const c = chunk[i]!;
    if (isSpace(c)) return i + 1;
    switch (this.#place) {
      case 'start':
        return this.#open(c, i);
      case 'before-key':
        if (c === QUOTE) return this.#begin('key', i);
        if (c === CLOSE_OBJECT) return this.#finish(i);
        if (c === COMMA) return i + 1;
        break;
      case 'before-colon':
        if (c !== COLON) break;
        this.#place = 'before-value';
        return i + 1;
      case 'before-value':
        if (c === OPEN_ARRAY && this.#key === this.#options.array && !this.#sawArray)
          return this.#enterArray(i, 2);
        return this.#begin('value', i);
      case 'between':
        if (c === COMMA) return i + 1;
        if (c === CLOSE_ARRAY) return this.#leaveArray(i);
        return this.#scan(chunk, i) ?? this.#begin('element', i);
      default:
        break;
    }
    throw this.#malformed(`unexpected byte 0x${c.toString(16)} at ${this.#bytes + i}`);
  }

  #open(c: number, i: number): number {
    if (!this.#inObject && c === OPEN_ARRAY) return this.#enterArray(i, 1);
    if (this.#inObject && c === OPEN_OBJECT) {
      this.#depth = 1;
      this.#place = 'before-key';
      return i + 1;
    }
    throw this.#malformed(`it does not begin as the API promises (byte 0x${c.toString(16)})`);
  }

  #enterArray(i: number, base: number): number {
    this.#sawArray = true;
    this.#base = this.#depth = base;
    this.#place = 'between';
    return i + 1;
  }

  #leaveArray(i: number): number {
    this.#depth = 1;
    this.#place = this.#inObject ? 'before-key' : 'done';
    return i + 1;
  }

  #finish(i: number): number {
    this.#place = 'done';
    return i + 1;
  }

  #begin(place: 'key' | 'value' | 'element', i: number): number {
    this.#place = place;
    this.#base = place === 'element' ? (this.#inObject ? 2 : 1) : 1;
    this.#depth = this.#base;
    this.#inString = false;
    this.#escaped = false;
    this.#repairedThis = false;
    return i;
  }

  /** Scans one element, key or property value; returns where it stopped. The hot loop: no calls per byte. */
  #capture(chunk: Buffer, from: number): number {
    const n = chunk.length;
    const base = this.#base;
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let start = from;
    let i = from;
    while (i < n) {
      let c = chunk[i]!;
      if (inString) {
        if (escaped) {
          escaped = false;
          i++;
          continue;
        }
        while (c !== QUOTE && c !== BACKSLASH && c !== LF && c !== CR) {
          if (++i >= n) break;
          c = chunk[i]!;
        }
        if (i >= n) break;
        if (c === BACKSLASH) escaped = true;
        else if (c === QUOTE) {
          inString = false;
          if (depth === base) {
            this.#keep(chunk, start, i + 1);
            this.#inString = false;
            this.#complete();
            return i + 1;
          }
        } else {
          this.#keep(chunk, start, i);
          this.#append(c === LF ? ESCAPED_LF : ESCAPED_CR);
          this.#repairedThis = true;
          start = i + 1;
        }
        i++;
        continue;
      }
      if (c === QUOTE) inString = true;
      else if (c === OPEN_OBJECT || c === OPEN_ARRAY) depth++;
      else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) {
        if (depth === base) return this.#completeScalar(chunk, start, i);
        if (--depth === base) {
          this.#keep(chunk, start, i + 1);
          this.#complete();
          return i + 1;
        }
      } else if (c === LF || c === CR) {
        this.#keep(chunk, start, i);
        start = i + 1;
        if (depth === base) return this.#completeScalar(chunk, start, i);
      } else if (depth === base && (c === COMMA || c === 0x20 || c === 0x09)) {
        return this.#completeScalar(chunk, start, i);
      }
      i++;
    }
    this.#keep(chunk, start, n);
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    return n;
  }

  /** Most elements lie in one chunk and are plain objects: cut, checked and read in one pass. */
  #scan(chunk: Buffer, from: number): number | undefined {
    const { members, onElement } = this.#options;
    const scanned = members && scanObject(chunk, from, members);
    if (!scanned) return undefined;
    this.#elements++;
    onElement(chunk.subarray(from, scanned.end), scanned.members);
    return scanned.end;
  }

  #completeScalar(chunk: Buffer, start: number, end: number): number {
    this.#keep(chunk, start, end);
    this.#complete();
    return end;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    if (end > start) this.#append(chunk.subarray(start, end));
  }

  #append(piece: Buffer): void {
    this.#size += piece.length;
    if (this.#place !== 'element' && this.#size > this.#maxProperty) {
      throw this.#malformed(`property "${this.#key.slice(0, 64)}" is longer than ${this.#maxProperty} bytes`);
    }
    this.#pieces.push(piece);
  }

  #complete(): void {
    // A view where the element lies in one chunk: its neighbours hold the rest of that chunk anyway.
    const text = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    if (this.#place === 'element') {
      this.#place = 'between';
      this.#elements++;
      if (this.#repairedThis) this.#repaired++;
      // In one piece now, it can be scanned after all.
      const { members, onElement } = this.#options;
      const scanned = members && scanObject(text, 0, members);
      onElement(text, scanned?.end === text.length ? scanned.members : undefined);
    } else if (this.#place === 'key') {
      this.#key = this.#parse(text) as string;
      this.#place = 'before-colon';
    } else {
      this.#properties[this.#key] = this.#parse(text);
      this.#place = 'before-key';
    }
    this.#depth = this.#place === 'between' ? this.#base : 1;
  }

  #parse(text: Buffer): unknown {
    try {
      return JSON.parse(text.toString('utf8'));
    } catch (cause) {
      throw this.#malformed('a property is not JSON', cause);
    }
  }

  #malformed(reason: string, cause?: unknown): HoldfastError {
    return new HoldfastError('vendor-malformed', `The response is not the JSON it should be: ${reason}.`, {
      retryable: true,
      cause,
      ids: { bytes: this.#bytes, elements: this.#elements },
    });
  }
}
