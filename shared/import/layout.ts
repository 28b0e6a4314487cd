import { refused, KNOWN_FORMATS, shownName } from './broken.ts';

/** How the records lie in a text. */
export type Layout =
  | { readonly kind: 'csv'; readonly delimiter: string }
  /** One JSON array of records. */
  | { readonly kind: 'array' }
  /** One JSON object with the array of records in this property: a page. */
  | { readonly kind: 'page'; readonly property: string }
  /** A record, or a page of records, in each line. */
  | { readonly kind: 'lines' }
  /** JSON objects one after the other, each over several lines. */
  | { readonly kind: 'objects' };

export const FORMATS = ['auto', 'csv', 'json', 'ndjson'] as const;
export type AskedFormat = (typeof FORMATS)[number];

/** Bytes of a text that its layout is told from. */
export const HEAD_BYTES = 64 * 1024;

/** Properties in which vendors and their tools hand out arrays of records. */
const PAGES = ['value', 'records', 'Records', 'events', 'data', 'results', 'items'] as const;

/** The property of a page that holds the records; undefined for a record. */
export function pageProperty(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return PAGES.find((name) => {
    const list = (value as Readonly<Record<string, unknown>>)[name];
    return Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null);
  });
}

/** The layout of a text by how it begins. Pure. */
export function layoutOf(head: Buffer, asked: AskedFormat, name: string): Layout {
  const text = head.toString('utf8').trimStart();
  if (text === '') throw refused(`${shownName(name)} is empty.`, 'Upload the export itself.');
  if (asked === 'ndjson') return { kind: 'lines' };
  if (asked !== 'csv' && text.startsWith('[')) return { kind: 'array' };
  if (asked !== 'csv' && text.startsWith('{')) return objectLayout(text);
  const csv = asked === 'json' ? undefined : csvLayout(text);
  if (csv) return csv;
  throw refused(`${shownName(name)} has no format that can be recognised.`, KNOWN_FORMATS);
}

function objectLayout(text: string): Layout {
  const end = text.indexOf('\n');
  const first = parse(end === -1 ? text : text.slice(0, end));
  if (first !== undefined) {
    const property = pageProperty(first);
    const alone = end === -1 || text.slice(end).trim() === '';
    return property !== undefined && alone ? { kind: 'page', property } : { kind: 'lines' };
  }
  const property = PAGES.find((name) => new RegExp(`^\\{[^{}]*"${name}"\\s*:\\s*\\[\\s*[{\\]]`).test(text));
  if (property !== undefined) return { kind: 'page', property };
  // A first line that the head does not hold whole is one long record.
  return end === -1 ? { kind: 'lines' } : { kind: 'objects' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Exports have some hundred; what has more is no table. */
export const MAX_COLUMNS = 2000;

const DELIMITERS = [',', ';', '\t'] as const;

/** Excel announces its delimiter in a line before the header. */
export const SEPARATOR_LINE = /^sep=(.)\r?\n/i;

function csvLayout(text: string): Layout | undefined {
  const announced = SEPARATOR_LINE.exec(text);
  const [header = ''] = text.slice(announced?.[0].length ?? 0).split(/\r?\n/, 1);
  const count = (delimiter: string): number => header.split(delimiter).length;
  const delimiter = announced?.[1] ?? [...DELIMITERS].sort((a, b) => count(b) - count(a))[0]!;
  return count(delimiter) > 1 && count(delimiter) <= MAX_COLUMNS ? { kind: 'csv', delimiter } : undefined;
}

/** For receipts and answers. */
export const layoutName = (layout: Layout): string =>
  layout.kind === 'csv'
    ? 'csv'
    : layout.kind === 'page'
      ? `json page "${layout.property}"`
      : { array: 'json array', lines: 'ndjson', objects: 'json objects' }[layout.kind];
