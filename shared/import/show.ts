import { segmentPath } from '../layout.ts';
import { shownName } from './broken.ts';
import type { FileFacts } from './check-file.ts';
import type { Finished } from './finish.ts';
import type { ImportAsk, StoreProgress } from './store-file.ts';

/** Segments listed in an answer; the receipt has all. */
const MAX_LISTED = 1000;
const MAX_CONTENTS = 100;

/** The answer of a finished import: counts, and where the records went. */
export interface ImportResult {
  readonly tenant: string;
  readonly source: 'import';
  readonly file: { readonly name: string; readonly sha256: string; readonly bytes: number };
  /** How the records lay in the file, or in each file of the zip. */
  readonly contents: readonly { readonly name: string; readonly layout: string; readonly records: number }[];
  readonly from: string;
  readonly to: string;
  readonly counts: {
    readonly records: number;
    readonly added: number;
    readonly versions: number;
    readonly duplicates: number;
    readonly collected: number;
    readonly untimed: number;
  };
  readonly kinds: Readonly<Record<string, number>>;
  readonly tables: Readonly<Record<string, number>>;
  readonly segments: readonly { readonly date: string; readonly segment: string; readonly path: string }[];
  /** Segments that the list above leaves out. */
  readonly moreSegments?: number;
  readonly receipt: string;
  readonly before?: Finished['before'];
  readonly notes: readonly string[];
}

export const resultOf = (
  ask: ImportAsk,
  facts: FileFacts,
  stored: StoreProgress,
  finished: Finished,
): ImportResult => {
  const { added, versions, duplicates, collected } = stored;
  const more = finished.segments.length - MAX_LISTED;
  return {
    tenant: ask.tenant,
    source: 'import',
    file: { name: shownName(ask.name), sha256: facts.sha256, bytes: facts.bytes },
    contents: facts.contents.slice(0, MAX_CONTENTS).map((c) => ({ ...c, name: shownName(c.name) })),
    from: facts.from,
    to: facts.to,
    counts: { records: facts.records, added, versions, duplicates, collected, untimed: facts.untimed },
    kinds: facts.kinds,
    tables: facts.tables,
    segments: finished.segments
      .slice(0, MAX_LISTED)
      .map((ref) => ({ date: ref.date, segment: ref.segment, path: segmentPath(ref) })),
    ...(more > 0 && { moreSegments: more }),
    receipt: finished.receipt,
    ...(finished.before && { before: finished.before }),
    notes: notesOf(ask.tenant, facts, stored, finished),
  };
};

/** One tenant's records under another's name are contaminated evidence: said, since only a person can tell why. */
function tenantNote(tenant: string, tenants: FileFacts['tenants']): string[] {
  const others = Object.entries(tenants).filter(([id]) => id !== tenant);
  const records = others.reduce((sum, [, n]) => sum + n, 0);
  if (records === 0) return [];
  return [
    `${records} records say that they happened in another tenant: check that the file belongs to this one.`,
  ];
}

function notesOf(
  tenant: string,
  { untimed, kinds, tables, tenants }: FileFacts,
  stored: StoreProgress,
  { before }: Finished,
): string[] {
  const notes = ['An imported file proves what is in it, never that it is complete.'];
  notes.push(...tenantNote(tenant, tenants));
  if (before) notes.push(`This file was imported before, ${before.importedAt}.`);
  if (stored.collected > 0)
    notes.push(
      `${stored.collected} records are in the archive as collected; they were not stored a second time.`,
    );
  if (untimed > 0)
    notes.push(`${untimed} records have no time that can be read; they lie under the file's first day.`);
  if ((kinds['other'] ?? 0) > 0)
    notes.push(`${kinds['other']} records are of no known kind: archived as they are, found by no rule.`);
  const rows = Object.values(tables).reduce((sum, n) => sum + n, 0);
  if (rows > 0)
    notes.push(
      `${rows} records were rows of a table: the record was put together from the row, which is kept in it.`,
    );
  return notes;
}
