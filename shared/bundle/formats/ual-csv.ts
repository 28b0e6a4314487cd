import { printable } from './csv.ts';
import { classicRecordOf } from '../../audit-record.ts';
import { auditDataOf, textOf, type ArchiveRecord } from '../../record.ts';
import type { RecordFile } from '../record-file.ts';
import type { SourceId } from '../../sources.ts';
import type { Format } from './format.ts';

/**
 * `ual-export.csv`: the unified audit log's records as `Search-UnifiedAuditLog | Export-Csv` writes them, for tools
 * that read that. `AuditData` is the record's own text: those tools parse it, so it begins with `{` and is quoted as
 * it is; no cell of another column can be a formula either, being ids, numbers, names of operations. Of a result of
 * the audit search it is the classic record inside, without the type annotations that Graph writes beside integers.
 */
const SOURCES: readonly SourceId[] = [
  'ual-entra',
  'ual-exchange',
  'ual-sharepoint',
  'ual-general',
  'ual-dlp',
  'ual-search',
];
const HEAD =
  '"RecordType","CreationDate","UserIds","Operations","AuditData","ResultIndex","ResultCount","Identity","IsValid","ObjectState"\r\n';

export const ualCsv: Format = ({ records }) => {
  const present = records.sources().filter((source) => SOURCES.includes(source));
  const count = present.reduce((n, source) => n + records.inTimeOrder(source).length, 0);
  return count === 0
    ? []
    : [{ path: 'ual-export.csv', records: count, content: () => rows(records, present, count) }];
};

async function* rows(
  records: RecordFile,
  sources: readonly SourceId[],
  count: number,
): AsyncIterable<string> {
  yield HEAD;
  let index = 0;
  for (const source of sources) {
    for (const number of records.inTimeOrder(source)) {
      yield `${row(await records.record(number), ++index, count)}\r\n`;
    }
  }
}

function row({ text, value, facts }: ArchiveRecord, index: number, count: number): string {
  const json = classicRecordOf(value) ?? {};
  const cells = [
    typeof json['RecordType'] === 'number' ? String(json['RecordType']) : (textOf(json['RecordType']) ?? ''),
    textOf(json['CreationTime']) ?? '',
    textOf(json['UserId']) ?? '',
    facts.operation,
    auditDataOf(value) ? classicText(text) : text.toString('utf8'),
    String(index),
    String(count),
    facts.id ?? '',
    'True',
    'Unchanged',
  ];
  return cells.map((cell, i) => quoted(i === 4 ? cell : inert(cell))).join(',');
}

/** JSON.parse with source text access (tc39/proposal-json-parse-with-source): in Node from 22 on, not yet in the types. */
const { parse, rawJSON } = JSON as unknown as {
  parse(
    text: string,
    reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
};

/** Number texts stay as they are: an integer may be longer than a double can hold. */
function classicText(envelope: Buffer): string {
  const value = parse(envelope.toString('utf8'), (name, value, { source }) => {
    if (name.includes('@odata.')) return undefined;
    return typeof value === 'number' && source !== undefined ? rawJSON(source) : value;
  });
  return JSON.stringify(auditDataOf(value));
}

const quoted = (text: string): string => `"${text.toWellFormed().replaceAll('"', '""')}"`;

/** Text that no spreadsheet computes and no terminal obeys. JSON text needs neither: it begins with `{` and escapes control characters. */
const inert = (text: string): string => {
  const clean = printable(text);
  return /^[=+\-@|%]/.test(clean) ? `'${clean}` : clean;
};
