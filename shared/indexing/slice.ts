import type { SegmentRef } from '../layout.ts';
import type { Row } from '../store/stores.ts';
import type { SourceId } from '../sources.ts';
import type { Summary } from './summary.ts';

/** Where an entity's records lie in one segment: byte ranges of its chunks, with a mergeable summary. */
export interface Slice {
  readonly ref: SegmentRef;
  /** Chunks that hold at least one of its records, in order. */
  readonly chunks: readonly ChunkRange[];
  readonly records: number;
  /** ISO, full precision; empty when none of its records has a readable time. */
  readonly firstTime: string;
  readonly lastTime: string;
  readonly summary: Summary;
}

export interface ChunkRange {
  readonly index: number;
  readonly offset: number;
  readonly length: number;
}

/** `index:offset:length` of runs of neighbouring chunks, so that a ranged read takes a run at once. */
export const encodeChunks = (chunks: readonly ChunkRange[]): string =>
  chunks.map((c) => `${c.index}:${c.offset}:${c.length}`).join(',');

export const decodeChunks = (text: string): ChunkRange[] =>
  text === ''
    ? []
    : text.split(',').map((part) => {
        const [index, offset, length] = part.split(':').map(Number) as [number, number, number];
        return { index, offset, length };
      });

export const sliceCells = (key: string, slice: Slice): Row => ({
  key: key.slice(0, 1024),
  ...splitText('chunks', encodeChunks(slice.chunks)),
  records: slice.records,
  firstTime: slice.firstTime,
  lastTime: slice.lastTime,
  ...splitText('summary', JSON.stringify(slice.summary)),
});

export function sliceOf(tenant: string, row: { readonly row: string; readonly cells: Row }): Slice {
  const [, date, source, segment] = row.row.split('|') as [string, string, SourceId, string];
  return {
    ref: { tenant, source, date, segment },
    chunks: decodeChunks(joinText('chunks', row.cells)),
    records: Number(row.cells['records']),
    firstTime: String(row.cells['firstTime']),
    lastTime: String(row.cells['lastTime']),
    summary: JSON.parse(joinText('summary', row.cells)) as Summary,
  };
}

/** A string cell holds 32 Ki UTF-16 units; longer text goes on in further cells. */
const CELL = 30_000;

function splitText(name: string, text: string): Row {
  const cells: Record<string, string> = { [name]: text.slice(0, CELL) };
  for (let at = CELL, i = 2; at < text.length; at += CELL, i++)
    cells[`${name}${i}`] = text.slice(at, at + CELL);
  return cells;
}

function joinText(name: string, cells: Row): string {
  let text = String(cells[name] ?? '');
  for (let i = 2; cells[`${name}${i}`] !== undefined; i++) text += String(cells[`${name}${i}`]);
  return text;
}
