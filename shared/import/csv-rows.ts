import { parse, type CsvError } from 'csv-parse';
import { pipeline, Readable } from 'node:stream';
import { brokenAt, KNOWN_FORMATS, refused, shownName } from './broken.ts';
import { MAX_RECORD_BYTES, type Cells, type Element } from './element.ts';
import { MAX_COLUMNS, SEPARATOR_LINE } from './layout.ts';

const BATCH_ROWS = 500;
/** Characters, and cells, of the rows handed on together. */
const BATCH_TEXT = 1024 * 1024;
const BATCH_CELLS = 20_000;
const UTF8 = 'Save or export the file as UTF-8.';

interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** The rows of a CSV text, by their header. */
export async function* csvRows(
  name: string,
  text: AsyncIterable<Buffer>,
  delimiter: string,
): AsyncIterable<Element[]> {
  const parser = parse({
    delimiter,
    info: true,
    max_record_size: MAX_RECORD_BYTES,
    skip_empty_lines: true,
    relax_quotes: false,
  });
  const from = Readable.from(withoutSeparatorLine(checkedUtf8(name, text)), { objectMode: false });
  // The iteration below throws whatever destroys the parser; the callback has nothing to add.
  pipeline(from, parser, () => undefined);
  let header: readonly string[] | undefined;
  let batch: Element[] = [];
  let [length, cells] = [0, 0];
  // The parser counts a CRLF inside a cell as two lines.
  let twice = 0;
  try {
    for await (const row of parser as AsyncIterable<Row>) {
      twice += row.record.reduce((sum, text) => sum + crlfIn(text), 0);
      if (!header) header = headerOf(name, row.record);
      else batch.push({ line: row.info.lines - twice, cells: cellsOf(header, row.record) });
      length += row.record.reduce((sum, value) => sum + value.length, 0);
      cells += row.record.length;
      if (batch.length < BATCH_ROWS && length < BATCH_TEXT && cells < BATCH_CELLS) continue;
      yield batch;
      batch = [];
      [length, cells] = [0, 0];
    }
  } catch (error) {
    throw asBroken(name, error, twice);
  }
  if (batch.length > 0) yield batch;
}

function headerOf(name: string, record: readonly string[]): readonly string[] {
  const header = record.map((column) => column.trim());
  if (header.length > MAX_COLUMNS)
    throw refused(`${shownName(name)} has more than ${MAX_COLUMNS} columns.`, KNOWN_FORMATS);
  return header.map((column, i) =>
    column === '' || header.indexOf(column) < i ? `${column}#${i + 1}` : column,
  );
}

function cellsOf(header: readonly string[], record: readonly string[]): Cells {
  const cells = new Map<string, string>();
  for (const [i, column] of header.entries()) if (record[i]) cells.set(column, record[i]);
  return cells;
}

const REASONS: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'the row has another number of cells than the header',
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'a closing quote is followed by further text',
  INVALID_OPENING_QUOTE: 'a quote stands inside a cell that did not begin with one',
  CSV_MAX_RECORD_SIZE: `the row is longer than ${MAX_RECORD_BYTES} bytes`,
};

const crlfIn = (text: string): number => (text.includes('\r\n') ? text.split('\r\n').length - 1 : 0);

function asBroken(file: string, error: unknown, twice: number): unknown {
  const { code, lines } = (error ?? {}) as Partial<CsvError> & { readonly lines?: number };
  const reason = REASONS[String(code)] ?? (String(code).startsWith('CSV_') ? 'this is no CSV' : undefined);
  if (reason === undefined) return error;
  return brokenAt(
    { file, line: (lines ?? 1) - twice },
    reason,
    'Export the file again; do not save it from a spreadsheet.',
  );
}

/** CSV is parsed as text, so bytes that are no UTF-8 would be replaced silently: they are refused. */
async function* checkedUtf8(name: string, text: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  const check = (chunk?: Buffer): void => {
    try {
      if (chunk) decoder.decode(chunk, { stream: true });
      else decoder.decode();
    } catch {
      throw brokenAt({ file: name, line }, 'from here on the text is not UTF-8', UTF8);
    }
  };
  for await (const chunk of text) {
    check(chunk);
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, at + 1)) line++;
    yield chunk;
  }
  check();
}

/** `sep=;` before the header is Excel's, not the export's. */
async function* withoutSeparatorLine(text: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let first = true;
  for await (const chunk of text) {
    const line = first ? SEPARATOR_LINE.exec(chunk.toString('latin1', 0, 16))?.[0] : undefined;
    first = first && chunk.length === 0;
    yield line === undefined ? chunk : chunk.subarray(line.length);
  }
}
