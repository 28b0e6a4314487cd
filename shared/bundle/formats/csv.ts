import { stringify } from 'csv-stringify/sync';

type Cells = readonly (string | number)[];

/** Ends a cell where many are quoted at once: `printable` leaves none in a text. */
const END = '\u0000';

/** Characters of cells that are remembered, about: hostile texts fill no memory. */
const REMEMBERED = 1_000_000;

/**
 * CSV rows that a spreadsheet cannot take for formulas (`= + - @`, tab, carriage return are prefixed), without
 * control characters that a terminal or viewer would obey. CRLF, UTF-8. What the library makes of a cell is remembered,
 * since most of a table's cells come again and again; what it has not seen yet it is given all at once.
 */
export class CsvText {
  readonly #known = new Map<string, string>();
  #characters = 0;

  rows(rows: readonly Cells[]): string {
    this.#learn(rows);
    return rows.map((cells) => `${cells.map((cell) => this.#cell(cell)).join(',')}\r\n`).join('');
  }

  #cell(cell: string | number): string {
    return typeof cell === 'number' ? String(cell) : this.#known.get(cell)!;
  }

  #learn(rows: readonly Cells[]): void {
    if (this.#characters > REMEMBERED) {
      this.#known.clear();
      this.#characters = 0;
    }
    const fresh: string[] = [];
    for (const cells of rows)
      for (const cell of cells) {
        if (typeof cell === 'number' || this.#known.has(cell)) continue;
        this.#known.set(cell, '');
        this.#characters += cell.length;
        fresh.push(cell);
      }
    for (const [i, text] of quoted(fresh).entries()) this.#known.set(fresh[i]!, text);
  }
}

const quoted = (cells: readonly string[]): string[] =>
  stringify(
    cells.map((cell) => [printable(cell)]),
    { escape_formulas: true, record_delimiter: END, quoted_match: /[\n\r]/ },
  )
    .split(END)
    .slice(0, cells.length);

export const csvRow = (cells: Cells): string => new CsvText().rows([cells]);

/** Rows at a time: each call of the library makes a stream of its own. */
const BATCH = 200;

export async function* csvLines(rows: AsyncIterable<Cells>): AsyncIterable<string> {
  const csv = new CsvText();
  let batch: Cells[] = [];
  for await (const row of rows) {
    if (batch.push(row) < BATCH) continue;
    yield csv.rows(batch);
    batch = [];
  }
  if (batch.length > 0) yield csv.rows(batch);
}

/** Line separators, bidi overrides and control characters as visible escapes; lone surrogates as the replacement character. */
export const printable = (text: string): string =>
  text.toWellFormed().replace(
    // oxlint-disable-next-line no-control-regex -- these are the characters to be made visible
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
