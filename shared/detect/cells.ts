import { gunzipSync, gzipSync } from 'node:zlib';
import type { Row } from '../store/stores.ts';

/** Text of any length in table cells: a string cell holds 32 Ki UTF-16 units, a row 1 MiB. */
const CELL = 30_000;
/** Cells of one row at most: 14 × 60 kB stay below the row's limit. */
const CELLS_PER_ROW = 14;

export function splitText(name: string, text: string): Record<string, string> {
  const cells: Record<string, string> = { [name]: text.slice(0, CELL) };
  for (let at = CELL, i = 2; at < text.length; at += CELL, i++)
    cells[`${name}${i}`] = text.slice(at, at + CELL);
  return cells;
}

export function joinText(name: string, cells: Row): string {
  let text = String(cells[name] ?? '');
  for (let i = 2; cells[`${name}${i}`] !== undefined; i++) text += String(cells[`${name}${i}`]);
  return text;
}

/** Longest text that fits into one row. */
export const MAX_ROW_TEXT = CELL * CELLS_PER_ROW;

/** JSON, compressed, in pieces of one row each. */
export function packJson(value: unknown): string[] {
  const text = gzipSync(JSON.stringify(value)).toString('base64');
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += MAX_ROW_TEXT) pieces.push(text.slice(at, at + MAX_ROW_TEXT));
  return pieces;
}

export const unpackJson = (pieces: readonly string[]): unknown =>
  JSON.parse(gunzipSync(Buffer.from(pieces.join(''), 'base64')).toString('utf8'));
