import type { SegmentRef } from '../layout.ts';
import type { Row } from '../store/stores.ts';
import type { SourceId } from '../sources.ts';
import { unionRows, type RowRuns } from './rows.ts';
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
  /** The entity's lines in the chunk; without it, any line may be one. */
  readonly rows?: RowRuns;
}

/** `index:offset:length`, with `:rows` where the lines are known. */
export const encodeChunks = (chunks: readonly ChunkRange[]): string =>
  chunks
    .map((c) => `${c.index}:${c.offset}:${c.length}${c.rows === undefined ? '' : `:${c.rows}`}`)
    .join(',');

export const decodeChunks = (text: string): ChunkRange[] =>
  text === '' ? [] : text.split(',').map(decodeChunk);

function decodeChunk(text: string): ChunkRange {
  const [index, offset, length, rows] = text.split(':') as [string, string, string, string?];
  const range = { index: Number(index), offset: Number(offset), length: Number(length) };
  return rows === undefined ? range : { ...range, rows };
}

/** Chunks of one segment that any of the lists names, in order, with the lines that any of them names. */
export function unionChunks(...lists: readonly (readonly ChunkRange[])[]): ChunkRange[] {
  const union = new Map<number, ChunkRange>();
  for (const chunk of lists.flat()) {
    const { index, offset, length } = chunk;
    const known = union.get(index);
    const rows = known ? unionRows(known.rows, chunk.rows) : chunk.rows;
    union.set(index, { index, offset, length, ...(rows !== undefined && { rows }) });
  }
  return [...union.values()].sort((a, b) => a.index - b.index);
}

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
