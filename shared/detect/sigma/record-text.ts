/** A value as it lies in a record's text; `ABSENT`: there is none. */
export type TextValue = string | number | boolean | null | typeof ABSENT;
export const ABSENT = Symbol('absent');

/** A path of one name, or of two, as it is looked for in texts. */
export interface TextPath {
  readonly names: readonly string[];
  /** Each name with the quotation mark that ends it. */
  readonly tokens: readonly string[];
}

export const textPath = (path: string): TextPath => {
  const names = path.split('.');
  return { names, tokens: names.map((name) => `${name}"`) };
};

const OPERATION = textPath('Operation');
const NOWHERE: readonly TextValue[] = [ABSENT];
const BRACKET = /[{}[\]]/;
const NEXT_BRACKET = /[{}[\]]/g;
const INTEGER = /-?\d{1,15}(?=[,}\]\s])/y;
const PRINTABLE = /^[ -[\]-~]{0,200}$/;
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;
const [QUOTE, COLON, BACKSLASH, OPEN_OBJECT] = [0x22, 0x3a, 0x5c, 0x7b];
// What may stand before a quotation mark that begins a text, or makes one belong to it.
const BEFORE_TEXT = /[\s:,[{\\]/;

/**
 * One record's JSON text, looked at without being parsed. Answers are about what JSON.parse would make of it, whatever
 * the order of keys, spaces, escapes and duplicates, provided that the text `isPlain`; what cannot be told from it is
 * answered as unknown.
 */
export class RecordText {
  readonly #text: string;
  #operation: readonly TextValue[] | undefined | null = null;
  /** Behind this nothing is known of brackets; pairs of it and `#levels` enclose what lies in no inner object or list. */
  readonly #levels: number[] = [1];
  #levelsDone = false;

  /** `text`: its bytes, one character each. */
  private constructor(text: string) {
    this.#text = text;
  }

  static of(line: Buffer): RecordText {
    return new RecordText(line.toString('latin1'));
  }

  /** False: it could spell ASCII characters in another way than as they are, and no answer about it holds. */
  get isPlain(): boolean {
    return this.#text.charCodeAt(0) === OPEN_OBJECT && !this.#text.includes('\\u00');
  }

  /** Does the pattern, which knows ASCII characters only, match anywhere in the record? */
  matches(pattern: RegExp): boolean {
    return pattern.test(this.#text);
  }

  /** Is the text, of plain letters and digits, anywhere in the record, spelled so? */
  has(text: string): boolean {
    return this.#text.includes(text);
  }

  /** The record's member `Operation`; undefined when it cannot be told. */
  get operation(): string | undefined {
    const values = this.read(OPERATION);
    return values?.length === 1 && typeof values[0] === 'string' ? values[0] : undefined;
  }

  /**
   * Every text that a member whose name ends so has, at any depth; undefined when that cannot be told. Members that
   * hold something else than a text are left out.
   */
  textsOf(ending: string): readonly string[] | undefined {
    const token = `${ending}"`;
    const texts: string[] = [];
    for (let at = this.#text.indexOf(token); at >= 0; at = this.#text.indexOf(token, at + 1)) {
      const value = this.#valueBehind(at + token.length);
      if (value === undefined) return undefined;
      if (typeof value === 'string') texts.push(value);
    }
    return texts;
  }

  /**
   * The value at a path, spelled so. Two values: one of them it is. Undefined: it cannot be told, or is no single
   * value.
   */
  read(path: TextPath): readonly TextValue[] | undefined {
    if (path.tokens[0] !== OPERATION.tokens[0] || path.tokens.length > 1) return this.#read(path);
    return this.#operation === null ? (this.#operation = this.#read(path)) : this.#operation;
  }

  #read({ tokens }: TextPath): readonly TextValue[] | undefined {
    const [token = '', below] = tokens;
    const at = this.#only(token);
    if (at === undefined || tokens.length > 2) return undefined;
    if (at < 0) return NOWHERE;
    const behind = at + token.length;
    const value = below === undefined ? this.#valueBehind(behind) : this.#member(behind, below);
    if (value === undefined || value === ABSENT) return value && NOWHERE;
    return this.#isOnTop(at) ? [value] : [value, ABSENT];
  }

  /** Where the one text token with this content begins; -1 without one, undefined when it cannot be told. */
  #only(token: string): number | undefined {
    const at = this.#find(token, 1);
    if (at < 0) return at;
    // A mark behind a backslash belongs to a longer text.
    const whole = this.#text.charCodeAt(at - 2) !== BACKSLASH;
    return whole && this.#find(token, at + 1) < 0 ? at : undefined;
  }

  #find(token: string, from: number): number {
    const text = this.#text;
    let at = text.indexOf(token, from);
    while (at >= 0 && text.charCodeAt(at - 1) !== QUOTE) at = text.indexOf(token, at + 1);
    return at;
  }

  #member(from: number, token: string): TextValue | undefined {
    const open = this.#colon(from);
    if (open === undefined) return undefined;
    if (this.#text.startsWith('null', open) || this.#text.startsWith('{}', open)) return ABSENT;
    const at = this.#text.charCodeAt(open) === OPEN_OBJECT ? this.#only(token) : undefined;
    if (at === undefined || at < open || BRACKET.test(this.#text.slice(open + 1, at))) return undefined;
    return this.#valueBehind(at + token.length);
  }

  /** Behind the colon that follows a name; undefined when the token before was no name. */
  #colon(from: number): number | undefined {
    const at = this.#blank(from);
    return this.#text.charCodeAt(at) === COLON ? this.#blank(at + 1) : undefined;
  }

  #blank(from: number): number {
    let at = from;
    while (this.#text.charCodeAt(at) <= 0x20) at++;
    return at;
  }

  /** The scalar that follows a name, from behind its closing quotation mark. */
  #valueBehind(from: number): Exclude<TextValue, typeof ABSENT> | undefined {
    const text = this.#text;
    const at = this.#colon(from);
    if (at === undefined) return undefined;
    if (text.charCodeAt(at) === QUOTE) {
      const end = text.indexOf('"', at + 1);
      const value = text.slice(at + 1, end);
      return end >= 0 && PRINTABLE.test(value) ? value : undefined;
    }
    INTEGER.lastIndex = at;
    const digits = INTEGER.exec(text)?.[0];
    if (digits !== undefined) return Number(digits);
    for (const [word, value] of WORDS) if (text.startsWith(word, at)) return value;
    return undefined;
  }

  /** Surely a member of the record itself, of no object within it. */
  #isOnTop(at: number): boolean {
    const levels = this.#levels;
    while (!this.#levelsDone && levels.at(-1)! <= at) this.#nextLevel();
    for (let i = 0; i + 1 < levels.length; i += 2) if (at >= levels[i]! && at < levels[i + 1]!) return true;
    return false;
  }

  /** Goes on to the next bracket and, where that opens a flat object or list, behind its end. */
  #nextLevel(): void {
    const text = this.#text;
    NEXT_BRACKET.lastIndex = this.#levels.at(-1)!;
    const open = NEXT_BRACKET.exec(text)?.index ?? text.length;
    this.#levels.push(open);
    // A mark before the colon that is not escaped ends a name: the bracket is in no text.
    const isValue = text.startsWith('":', open - 2) && text.charCodeAt(open - 3) !== BACKSLASH;
    const end = isValue ? (NEXT_BRACKET.exec(text)?.index ?? text.length) : text.length;
    const closed = text[end] === (text.charCodeAt(open) === OPEN_OBJECT ? '}' : ']');
    // Nor is the end, where a text ends before it.
    const isEnd =
      end === open + 1 || (text.charCodeAt(end - 1) === QUOTE && !BEFORE_TEXT.test(text[end - 2]!));
    if (closed && isEnd) this.#levels.push(end + 1);
    else this.#levelsDone = true;
  }
}
