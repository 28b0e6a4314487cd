import { isHoldfastError } from '../errors.ts';
import { ArrayCutter } from '../json/array-cutter.ts';
import { brokenAt } from './broken.ts';
import { csvRows } from './csv-rows.ts';
import { MAX_RECORD_BYTES, MAX_RECORD_LINES, type Element } from './element.ts';
import type { Layout } from './layout.ts';

const NOT_JSON =
  'Export the file again; a file that was cut or edited by hand is refused, so that nothing is left out.';

/** The elements of a text, in batches as they come. */
export function elementsOf(
  name: string,
  text: AsyncIterable<Buffer>,
  layout: Layout,
): AsyncIterable<Element[]> {
  if (layout.kind === 'csv') return csvRows(name, text, layout.delimiter);
  return layout.kind === 'lines' ? linesOf(name, text) : cutElements(name, text, layout);
}

const LF = 0x0a;
const CR = 0x0d;

async function* linesOf(name: string, text: AsyncIterable<Buffer>): AsyncIterable<Element[]> {
  let [line, size] = [0, 0];
  let kept: Buffer[] = [];
  const take = (piece: Buffer, into: Element[]): void => {
    line++;
    const whole = kept.length === 0 ? piece : Buffer.concat([...kept, piece]);
    [kept, size] = [[], 0];
    const end = whole.at(-1) === CR ? whole.length - 1 : whole.length;
    if (!isBlank(whole, end)) into.push({ line, text: whole.subarray(0, end) });
  };
  for await (const chunk of text) {
    const batch: Element[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      take(chunk.subarray(start, end), batch);
      start = end + 1;
    }
    if (start < chunk.length) kept.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > MAX_RECORD_BYTES) throw tooLong(name, line + 1);
    if (batch.length > 0) yield batch;
  }
  const last: Element[] = [];
  if (size > 0) take(Buffer.alloc(0), last);
  if (last.length > 0) yield last;
}

function isBlank(text: Buffer, end: number): boolean {
  for (let i = 0; i < end; i++) if (text[i]! > 0x20) return false;
  return true;
}

const tooLong = (file: string, line: number): Error =>
  brokenAt(
    { file, line },
    `the record is longer than ${MAX_RECORD_BYTES} bytes or ${MAX_RECORD_LINES} lines`,
    'Check whether this is a log export.',
  );

/** Elements of an array, of a page, or of JSON objects in a row, cut out by their brackets. */
async function* cutElements(
  name: string,
  text: AsyncIterable<Buffer>,
  layout: Exclude<Layout, { kind: 'csv' | 'lines' }>,
): AsyncIterable<Element[]> {
  let batch: Element[] = [];
  let [line, sinceElement, endedAt] = [1, 0, 1];
  const cutter = new ArrayCutter({
    array: layout.kind === 'page' ? layout.property : 'root',
    onElement: (element) => {
      batch.push({ line, text: element });
      sinceElement = 0;
      endedAt = line;
    },
  });
  // The cutter works bracket by bracket: objects in a row are an array without its own brackets.
  if (layout.kind === 'objects') cutter.push(Buffer.from('['));
  for await (const chunk of text) {
    // Line by line, so that every element and every fault is told with its line.
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(LF, start);
      const next = end === -1 ? chunk.length : end + 1;
      sinceElement += next - start;
      cut(name, line, () => cutter.push(chunk.subarray(start, next)));
      if (sinceElement > MAX_RECORD_BYTES || line - endedAt > MAX_RECORD_LINES) throw tooLong(name, line);
      if (end !== -1) line++;
      start = next;
    }
    if (batch.length > 0) yield batch;
    batch = [];
  }
  if (layout.kind === 'objects') cut(name, line, () => cutter.push(Buffer.from(']')));
  cut(name, line, () => cutter.end());
  if (batch.length > 0) yield batch;
}

/** The cutter speaks of a vendor's answer; this is a caller's file. */
function cut(file: string, line: number, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!isHoldfastError(error, 'vendor-malformed')) throw error;
    const early = error.message.includes('ends early');
    throw brokenAt(
      { file, line },
      early ? 'the JSON ends early' : 'this is not the JSON that the file begins as',
      NOT_JSON,
    );
  }
}

/** Elements of a page that stands in one line of NDJSON. Nothing when the text is no such page. */
export function cutPage(text: Buffer, property: string): Buffer[] {
  const found: Buffer[] = [];
  const cutter = new ArrayCutter({
    array: property,
    onElement: (element) => found.push(Buffer.from(element)),
  });
  cutter.push(text);
  cutter.end();
  return found;
}
