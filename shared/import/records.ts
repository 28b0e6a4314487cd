import { setImmediate as breathe } from 'node:timers/promises';
import { isObject, readFacts, type ArchiveRecord } from '../record.ts';
import { brokenAt, refused, shownName } from './broken.ts';
import type { Element } from './element.ts';
import { cutPage, elementsOf } from './elements.ts';
import { HEAD_BYTES, layoutName, layoutOf, pageProperty, type AskedFormat } from './layout.ts';
import { mapRow } from './map/index.ts';
import { peek } from './peek.ts';
import { kindOf, tenantOf, type Kind } from './shape.ts';
import type { SourceFile } from './source-file.ts';
import { contentsOf, type UnpackLimits } from './unpack.ts';

/** A record of an imported file, as it is archived. */
export interface ImportedRecord extends ArchiveRecord {
  readonly kind: Kind;
  /** The table whose row it was, where it was no record of its own. */
  readonly table?: string;
  /** Where the record says it happened. */
  readonly tenant?: string;
}

export interface Batch {
  /** The file, or the file in the zip. */
  readonly content: string;
  readonly layout: string;
  readonly records: readonly ImportedRecord[];
}

/** Deeper than any vendor nests; whoever reads the archive later must not run out of stack. */
export const MAX_DEPTH = 100;

const EXPORT_AGAIN =
  'Export the file again; a file that was cut or edited by hand is refused, so that nothing is left out.';

/** All records of a file in their order, in batches. The same file always gives the same records. */
export async function* recordsOf(
  file: SourceFile,
  format: AskedFormat,
  limits?: UnpackLimits,
): AsyncIterable<Batch> {
  for await (const content of contentsOf(file, limits)) {
    const { head, all } = await peek(content.text, HEAD_BYTES);
    const layout = layoutOf(head, format, content.name);
    const told = { content: content.name, layout: layoutName(layout) };
    yield { ...told, records: [] };
    for await (const elements of elementsOf(content.name, all, layout)) {
      yield { ...told, records: elements.flatMap((element) => recordsIn(element, content.name)) };
      // A file in memory never waits for anything: others get their turn here.
      await breathe();
    }
  }
}

function recordsIn(element: Element, file: string): ImportedRecord[] {
  const place = { file, line: element.line };
  if (element.cells) return [fromCells(Object.fromEntries(element.cells), place)];
  const text = element.text!;
  const value = jsonOf(text, place);
  const page = pageProperty(value);
  // A page in a line of NDJSON; a record may have such a property too, but then it says what it is.
  if (page !== undefined && kindOf(value) === 'other')
    return cutPage(text, page).map((part) => fromJson(part, jsonOf(part, place), place));
  return [fromJson(text, value, place)];
}

interface LinePlace {
  readonly file: string;
  readonly line: number;
}

function jsonOf(text: Buffer, place: LinePlace, what = 'this'): Readonly<Record<string, unknown>> {
  if (isTooDeep(text))
    throw brokenAt(
      place,
      `${what} is nested deeper than ${MAX_DEPTH}`,
      'Check whether this is a log export.',
    );
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch {
    throw brokenAt(place, `${what} is not JSON`, EXPORT_AGAIN);
  }
  if (!isObject(value))
    throw brokenAt(place, `${what} is JSON, but no object`, 'Check whether this is a log export.');
  return value;
}

function fromJson(text: Buffer, value: Readonly<Record<string, unknown>>, place: LinePlace): ImportedRecord {
  const inner = value['AuditData'];
  if (typeof inner === 'string') return fromAuditData(inner, place);
  const kind = kindOf(value);
  if (kind !== 'other') return recordOf(text, value);
  const mapped = mapRow(value);
  if (!mapped) return recordOf(text, value);
  const { imported: _row, ...native } = mapped.value;
  return fromRow(mapped.table, native, text.toString('utf8'));
}

/** Cells of Excel end at 32,767 characters: the most frequent way in which an export of the audit log is damaged. */
const CUT = 'the cell AuditData';

function fromCells(row: Readonly<Record<string, string>>, place: LinePlace): ImportedRecord {
  const inner = row['AuditData'] ?? row['auditData'];
  if (inner !== undefined) return fromAuditData(inner, place);
  const mapped = mapRow(row);
  if (!mapped) {
    // Of a table with that column, a row without it is damaged; any other table says nothing that can be read.
    if ('RecordType' in row && 'Operations' in row) throw brokenAt(place, `${CUT} is empty`, EXPORT_AGAIN);
    return { ...recordOf(Buffer.from(JSON.stringify(row)), row), kind: 'other' };
  }
  const { imported, ...native } = mapped.value;
  return fromRow(mapped.table, native, JSON.stringify(imported));
}

/** A record with what is known of it; the parsed value is let go. */
function recordOf(text: Buffer, value: Readonly<Record<string, unknown>>): ImportedRecord {
  const tenant = tenantOf(value);
  return {
    text,
    value: null,
    facts: readFacts(value),
    kind: kindOf(value),
    ...(tenant !== undefined && { tenant }),
  };
}

function fromAuditData(text: string, place: LinePlace): ImportedRecord {
  const bytes = Buffer.from(text.trim(), 'utf8');
  const value = jsonOf(
    bytes,
    place,
    text.length >= 32_767 ? `${CUT} (32,767 characters: a spreadsheet has cut it)` : CUT,
  );
  return recordOf(onOneLine(bytes), value);
}

/** The native members, then the row as it stood, spelling and all. */
function fromRow(table: string, native: Readonly<Record<string, unknown>>, row: string): ImportedRecord {
  const head = JSON.stringify(native).slice(0, -1);
  const text = Buffer.from(`${head}${head === '{' ? '' : ','}"imported":${row.trim()}}`, 'utf8');
  return { ...recordOf(onOneLine(text), native), table };
}

/** JSON has line breaks between tokens only, and a line of the archive is one record. */
const onOneLine = (text: Buffer): Buffer =>
  text.includes(0x0a) || text.includes(0x0d)
    ? Buffer.from(text.toString('latin1').replace(/[\r\n]+/g, ''), 'latin1')
    : text;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Looks at brackets only, before the parser sees them. */
function isTooDeep(text: Buffer): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === QUOTE) {
      for (i++; i < text.length && text[i] !== QUOTE; i++) if (text[i] === BACKSLASH) i++;
    } else if (c === 0x7b || c === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return false;
}

/** Fails for a file in which nothing was found that holdfast can place. */
export function checkRecognised(
  facts: { records: number; known: number; timed: number },
  name: string,
): void {
  const file = shownName(name);
  if (facts.records === 0) throw refused(`${file} holds no record.`, 'Check that the export is not empty.');
  if (facts.known === 0)
    throw refused(
      `${file} can be read, but none of its ${facts.records} records is of a kind that is known here.`,
      'Import sign-in, audit or unified audit records; see infra/README.md for the exports that are understood.',
      'format',
    );
  if (facts.timed === 0)
    throw refused(
      `No record of ${file} has a time that can be read.`,
      'Export with the time column (CreationTime, createdDateTime, activityDateTime, TimeGenerated), in UTC.',
      'format',
    );
}
