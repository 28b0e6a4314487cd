import { stringify } from 'csv-stringify/sync';

type Cells = readonly (string | number)[];

/** Ends a cell where many are quoted at once: `printable` leaves none in a text. */
const END = '\u0000';

/** Characters of cells that are remembered, about: hostile texts fill no memory. */
const REMEMBERED = 1_000_000;

/** Cells of these are the same in CSV: nothing in them is quoted, nothing begins a formula. */
const PLAIN = /^(?:\w[\w .:;/@()-]*)?$/;
/** The place of a cell that stays as it is. */
const ITSELF = -1;

/**
 * CSV rows that a spreadsheet cannot take for formulas (`= + - @`, tab, carriage return are prefixed), without
 * control characters that a terminal or viewer would obey. CRLF, UTF-8. What the library makes of a cell is remembered,
 * since most of a table's cells come again and again; what it has not seen yet it is given all at once.
 */
export class CsvText {
  /** Where in `#texts` what a cell became stands. */
  #places = new Map<string, number>();
  #texts: string[] = [];
  #characters = 0;
  /** Of each column, the cell of the row before, which the next one often has too, and its place. */
  readonly #last: { cell: string; place: number }[] = [];

  rows(rows: readonly Cells[]): string {
    if (this.#characters > REMEMBERED) this.#forget();
    const known = this.#texts.length;
    const fresh: string[] = [];
    const places: number[] = [];
    for (const cells of rows)
      for (let column = 0; column < cells.length; column++)
        places.push(this.#place(cells[column]!, column, fresh));
    for (const [i, text] of quoted(fresh).entries()) this.#texts[known + i] = text;
    let [text, at] = ['', 0];
    for (const cells of rows) {
      for (let column = 0; column < cells.length; column++) {
        const place = places[at++]!;
        if (column > 0) text += ',';
        text += place === ITSELF ? cells[column]! : this.#texts[place]!;
      }
      text += '\r\n';
    }
    return text;
  }

  #place(cell: string | number, column: number, fresh: string[]): number {
    if (typeof cell === 'number') return ITSELF;
    const last = this.#last[column];
    if (last?.cell === cell) return last.place;
    const place = PLAIN.test(cell) ? ITSELF : this.#remembered(cell, fresh);
    this.#last[column] = { cell, place };
    return place;
  }

  #remembered(cell: string, fresh: string[]): number {
    let place = this.#places.get(cell);
    if (place !== undefined) return place;
    place = this.#places.size;
    this.#places.set(cell, place);
    this.#characters += cell.length;
    fresh.push(cell);
    return place;
  }

  #forget(): void {
    this.#places = new Map();
    this.#texts = [];
    this.#last.length = 0;
    this.#characters = 0;
  }
}

const quoted = (cells: readonly string[]): string[] =>
  stringify(
    cells.map((cell) => [printable(cell)]),
    { escape_formulas: true, record_delimiter: END, quoted_match: /[\n\r]/ },
  )
    .split(END)
    .slice(0, cells.length);

/** @param batches rows, `ROWS_AT_A_TIME`: each call of the library makes a stream of its own */
export async function* csvLines(batches: AsyncIterable<readonly Cells[]>): AsyncIterable<string> {
  const csv = new CsvText();
  for await (const rows of batches) yield csv.rows(rows);
}

/** Line separators, bidi overrides and control characters as visible escapes; lone surrogates as the replacement character. */
export const printable = (text: string): string =>
  text.toWellFormed().replace(
    // oxlint-disable-next-line no-control-regex -- these are the characters to be made visible
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
