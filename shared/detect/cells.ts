import { gunzipSync, gzipSync } from 'node:zlib';
import { CELL_TEXT } from '../store/long-text.ts';

/** Cells of one row at most: 14 × 60 kB stay below the row's limit of 1 MiB. */
const CELLS_PER_ROW = 14;

/** Longest text that fits into one row. */
export const MAX_ROW_TEXT = CELL_TEXT * CELLS_PER_ROW;

/** JSON, compressed, in pieces of one row each. */
export function packJson(value: unknown): string[] {
  const text = gzipSync(JSON.stringify(value)).toString('base64');
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += MAX_ROW_TEXT) pieces.push(text.slice(at, at + MAX_ROW_TEXT));
  return pieces;
}

export const unpackJson = (pieces: readonly string[]): unknown =>
  JSON.parse(gunzipSync(Buffer.from(pieces.join(''), 'base64')).toString('utf8'));
