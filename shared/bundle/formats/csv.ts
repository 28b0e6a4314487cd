import { stringify } from 'csv-stringify/sync';

/**
 * CSV rows that a spreadsheet cannot take for formulas (`= + - @`, tab, carriage return are prefixed), without
 * control characters that a terminal or viewer would obey. CRLF, UTF-8.
 */
export const csvRow = (cells: readonly (string | number)[]): string =>
  stringify([cells.map((cell) => (typeof cell === 'number' ? cell : printable(cell)))], {
    escape_formulas: true,
    record_delimiter: 'windows',
    quoted_match: /[\n\r]/,
  });

/** Bidi overrides and control characters as visible escapes; lone surrogates as the replacement character. */
export const printable = (text: string): string =>
  text.toWellFormed().replace(
    // oxlint-disable-next-line no-control-regex -- these are the characters to be made visible
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
