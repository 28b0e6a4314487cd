/**
 * Takes records out of a damaged JSON array: what parses between two plausible borders is a record, what does not is
 * handed on as it stands. Slower than `ArrayCutter` and a matter of judgement, so it is used only after that has failed.
 */
export interface SalvageOptions {
  /** As for `ArrayCutter`: the document is the array, or the array is this property. */
  readonly array: 'root' | (string & {});
  readonly onElement: (text: Buffer) => void;
  /** Whether a parsed value is a whole record and not a part of one. */
  readonly isRecord: (value: unknown) => boolean;
}

export interface Salvaged {
  readonly records: number;
  /** Pieces that are not JSON. */
  readonly broken: number;
}

interface Border {
  /** Behind the closing brace of what may be a record. */
  readonly end: number;
  /** At the opening brace of what may be the next. */
  readonly start: number;
}

const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const CLOSE_ARRAY = 0x5d;
/** A piece longer than this, or with more borders in it, is given up as one. */
const MAX_PIECE = 4 * 1024 * 1024;
const MAX_BORDERS = 200;

export class Salvage {
  readonly #o: SalvageOptions;
  #buffer = Buffer.alloc(0);
  /** Start of the current piece; -1 before the array. */
  #start = -1;
  #scanned = 0;
  #borders: Border[] = [];
  #records = 0;
  #broken = 0;

  constructor(options: SalvageOptions) {
    this.#o = options;
  }

  push(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    if (this.#start === -1 && !this.#enter()) return;
    for (let border = this.#nextBorder(); border; border = this.#nextBorder()) this.#at(border);
    this.#forget();
  }

  /** Takes the last piece, if the array is closed: of a body that was cut, the end is no record. */
  end(): Salvaged {
    const end = this.#start === -1 ? undefined : this.#arrayEnd();
    if (end !== undefined && !this.#take({ end, start: end })) this.#giveUp(end);
    return { records: this.#records, broken: this.#broken };
  }

  #enter(): boolean {
    const head = this.#buffer.toString('latin1', 0, 64 * 1024);
    const array = this.#o.array === 'root' ? /^[^[{]*\[/ : new RegExp(`"${this.#o.array}"\\s*:\\s*\\[`);
    const match = array.exec(head);
    const first = match ? this.#buffer.indexOf(OPEN, match.index + match[0].length) : -1;
    if (first !== -1) this.#start = this.#scanned = first;
    return first !== -1;
  }

  /** The next `}`, `,`, `{` in a row, spaces aside. Undefined until enough has arrived. */
  #nextBorder(): Border | undefined {
    for (;;) {
      const close = this.#buffer.indexOf(CLOSE, this.#scanned);
      if (close === -1) {
        this.#scanned = this.#buffer.length;
        return undefined;
      }
      const comma = this.#skipSpace(close + 1);
      const open = this.#skipSpace(comma + 1);
      if (comma >= this.#buffer.length || (this.#buffer[comma] === COMMA && open >= this.#buffer.length)) {
        this.#scanned = close;
        return undefined;
      }
      this.#scanned = close + 1;
      if (this.#buffer[comma] === COMMA && this.#buffer[open] === OPEN)
        return { end: close + 1, start: open };
    }
  }

  #skipSpace(from: number): number {
    let at = from;
    while (at < this.#buffer.length && this.#buffer[at]! <= 0x20) at++;
    return at;
  }

  #at(border: Border): void {
    if (this.#take(border)) return;
    this.#borders.push(border);
    if (this.#borders.length > MAX_BORDERS || border.end - this.#start > MAX_PIECE) {
      this.#giveUp(border.end);
      this.#start = border.start;
    }
  }

  /** A record ends here, alone or behind a broken piece. */
  #take({ end, start }: Border): boolean {
    const whole = parse(this.#buffer.subarray(this.#start, end));
    if (whole !== undefined) this.#emit(this.#start, end);
    else {
      const behind = this.#borders.find((b) => this.#o.isRecord(parse(this.#buffer.subarray(b.start, end))));
      if (!behind) return false;
      this.#giveUp(behind.end);
      this.#emit(behind.start, end);
    }
    this.#start = start;
    this.#borders = [];
    return true;
  }

  #emit(from: number, to: number): void {
    this.#records++;
    this.#o.onElement(Buffer.from(this.#buffer.subarray(from, to)));
  }

  #giveUp(end: number): void {
    if (end <= this.#start) return;
    this.#broken++;
    this.#borders = [];
    // A line of the archive is one record: a line break would make it two.
    const text = this.#buffer.toString('latin1', this.#start, end).replaceAll(/[\r\n]+/g, ' ');
    this.#o.onElement(Buffer.from(text, 'latin1'));
  }

  /** Behind the last `}` before the closing `]`; undefined when the array is not closed. */
  #arrayEnd(): number | undefined {
    const close = this.#buffer.lastIndexOf(CLOSE_ARRAY);
    let before = close - 1;
    while (before > this.#start && this.#buffer[before]! <= 0x20) before--;
    return close > this.#start && this.#buffer[before] === CLOSE ? before + 1 : undefined;
  }

  #forget(): void {
    const done = this.#start;
    this.#buffer = Buffer.from(this.#buffer.subarray(done));
    this.#borders = this.#borders.map(({ end, start }) => ({ end: end - done, start: start - done }));
    this.#scanned = Math.max(0, this.#scanned - done);
    this.#start = 0;
  }
}

function parse(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    return undefined;
  }
}
