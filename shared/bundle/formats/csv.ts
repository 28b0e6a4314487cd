import { stringify } from 'csv-stringify/sync';

type Cells = readonly (string | number)[];

/**
 * CSV rows that a spreadsheet cannot take for formulas (`= + - @`, tab, carriage return are prefixed), without
 * control characters that a terminal or viewer would obey. CRLF, UTF-8.
 */
export const csvRows = (rows: readonly Cells[]): string =>
  stringify(
    rows.map((cells) => cells.map((cell) => (typeof cell === 'number' ? cell : printable(cell)))),
    { escape_formulas: true, record_delimiter: 'windows', quoted_match: /[\n\r]/ },
  );

export const csvRow = (cells: Cells): string => csvRows([cells]);

/** Rows at a time: each call of the library makes a stream of its own. */
const BATCH = 200;

export async function* csvLines(rows: AsyncIterable<Cells>): AsyncIterable<string> {
  let batch: Cells[] = [];
  for await (const row of rows) {
    if (batch.push(row) < BATCH) continue;
    yield csvRows(batch);
    batch = [];
  }
  if (batch.length > 0) yield csvRows(batch);
}

/** Line separators, bidi overrides and control characters as visible escapes; lone surrogates as the replacement character. */
export const printable = (text: string): string =>
  text.toWellFormed().replace(
    // oxlint-disable-next-line no-control-regex -- these are the characters to be made visible
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
