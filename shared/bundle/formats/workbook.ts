import type { SheetData } from 'write-excel-file/node';
import type { TimelineRow } from '../describe.ts';
import { cached } from '../../cached.ts';
import { printable } from './csv.ts';
import type { BundleContent, BundleFile, EntitySummary, Format } from './format.ts';
import { releaseMemory } from '../release-memory.ts';
import { sameZip } from './same-zip.ts';
import { COLUMNS } from './timeline-csv.ts';

/**
 * `workbook.xlsx`: sessions, addresses, facts and the timeline. A workbook is held in memory while it is written, so a
 * long timeline goes on in `workbook-2.xlsx` and so on. Every cell is typed text or a number: nothing is a formula.
 */
export const EVENTS_PER_WORKBOOK = 10_000;
/** What Excel takes in one cell. */
const MAX_CELL = 32_767;

export const workbook: Format = (content) =>
  Array.from({ length: Math.max(1, Math.ceil(content.events / EVENTS_PER_WORKBOOK)) }, (_, i) =>
    part(content, i),
  );

const part = (content: BundleContent, index: number): BundleFile => ({
  path: index === 0 ? 'workbook.xlsx' : `workbook-${index + 1}.xlsx`,
  packing: 'packed',
  content: async function* () {
    const { default: writeXlsxFile } = await import('write-excel-file/node');
    const sheets = [
      ...(index === 0 ? frontSheets(content) : []),
      { sheet: 'Timeline', data: await timelineSheet(content, index) },
    ];
    const zip = sameZip(await writeXlsxFile(sheets.map((s) => ({ ...s, stickyRowsCount: 1 }))).toBuffer());
    // A full workbook leaves a hundred megabytes of cells and markup behind.
    if (content.events > EVENTS_PER_WORKBOOK / 2) releaseMemory();
    yield zip;
  },
});

type Cell = string | number;

/** Text that XML can hold and Excel takes: control characters visible, lone surrogates replaced, long texts cut. */
export function xmlText(text: string): string {
  const safe = printable(text)
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    // Excel reads _x000D_ as an escaped character; _x005F_ is the underscore itself.
    .replace(/_(?=x[0-9a-f]{4}_)/gi, '_x005F_')
    .slice(0, MAX_CELL)
    .toWellFormed();
  // The library looks texts up in an object, where it finds `constructor` and the like: so spelled, it does not.
  return safe in Object.prototype ? `_x${hex(safe.charCodeAt(0))}_${safe.slice(1)}` : safe;
}

const hex = (code: number): string => code.toString(16).padStart(4, '0').toUpperCase();

/** Cells of a column are mostly the same few: each is made once. */
const textCell = cached((text) => ({ type: String, value: xmlText(text) }), 2000);

const cell = (value: Cell) => (typeof value === 'number' ? { type: Number, value } : textCell(value));

const sheetOf = (head: readonly string[], rows: readonly (readonly Cell[])[]): SheetData =>
  [
    head.map((h) => ({ type: String, value: h, fontWeight: 'bold' as const })),
    ...rows.map((row) => row.map(cell)),
  ] as SheetData;

function frontSheets({ sessions, ips, analysis }: BundleContent) {
  const facts = analysis.facts.map((f) => [
    f.time,
    f.user,
    f.section,
    f.operation,
    f.target,
    f.targetId,
    f.fields.map((x) => `${x.name}=${x.value}`).join('; '),
    f.session,
    f.bases.join(', '),
  ]);
  return [
    {
      sheet: 'Facts',
      data: sheetOf(
        ['time', 'user', 'section', 'operation', 'target', 'targetId', 'fields', 'session', 'attributedBy'],
        facts,
      ),
    },
    { sheet: 'Sessions', data: entitySheet('session', sessions) },
    { sheet: 'Addresses', data: entitySheet('ip', ips) },
  ];
}

const entitySheet = (name: string, rows: readonly EntitySummary[]): SheetData =>
  sheetOf(
    [name, 'firstTime', 'lastTime', 'records', 'users', 'countries', 'userAgents'],
    rows.map(({ key, firstTime, lastTime, records, summary }) => [
      key,
      firstTime,
      lastTime,
      records,
      summary.users.join(' | '),
      summary.countries.join(' | '),
      summary.userAgents.join(' | '),
    ]),
  );

async function timelineSheet(content: BundleContent, index: number): Promise<SheetData> {
  const sheet: Cell[][] = [];
  const part = { skip: index * EVENTS_PER_WORKBOOK, take: EVENTS_PER_WORKBOOK };
  for await (const rows of content.timeline(part))
    for (const row of rows) sheet.push(COLUMNS.map((name: keyof TimelineRow) => row[name]));
  return sheetOf(COLUMNS, sheet);
}
