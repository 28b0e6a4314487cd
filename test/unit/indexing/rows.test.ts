import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowNotes, rowTest, unionRows } from '../../../shared/indexing/rows.ts';
import { decodeChunks, encodeChunks, unionChunks } from '../../../shared/indexing/slice.ts';

const LINES = 60;
const rowSet = fc.uniqueArray(fc.nat(LINES - 1), { minLength: 1, maxLength: 30 });

function noted(rows: readonly number[]): string | undefined {
  const notes = new RowNotes();
  for (const row of [...rows].sort((a, b) => a - b)) notes.add(row);
  return notes.take();
}

function named(rows: string | undefined): number[] {
  const test = rowTest(rows);
  return Array.from({ length: LINES }, (_, row) => row).filter((row) => test(row));
}

describe('the lines of an entity in a chunk', () => {
  it('are those noted, and no others', () => {
    fc.assert(
      fc.property(rowSet, (rows) => {
        expect(named(noted(rows))).toEqual([...rows].sort((a, b) => a - b));
      }),
    );
  });

  it('of two entities are those of either', () => {
    fc.assert(
      fc.property(rowSet, rowSet, (a, b) => {
        const either = [...new Set([...a, ...b])].sort((x, y) => x - y);
        expect(named(unionRows(noted(a), noted(b)))).toEqual(either);
      }),
    );
  });

  it('are any line once they are too many to note, alone and in a union', () => {
    const many = noted(Array.from({ length: 200 }, (_, i) => i * 2));
    expect(many).toBeUndefined();
    expect(unionRows(many, '3')).toBeUndefined();
    expect(named(many)).toHaveLength(LINES);
  });

  it('are written as short text', () => {
    expect(noted([3, 4, 5, 57, 59, 60])).toBe('3+3.57.59+2');
  });
});

describe('the chunks of a slice', () => {
  const chunks = [
    { index: 0, offset: 0, length: 900, rows: '3+40.57' },
    { index: 2, offset: 1900, length: 800 },
  ];

  it('survive being written to a row of the index', () => {
    expect(decodeChunks(encodeChunks(chunks))).toEqual(chunks);
    expect(decodeChunks('')).toEqual([]);
  });

  it('are read from a row that an earlier release wrote', () => {
    expect(decodeChunks('0:0:900,2:1900:800')).toEqual([
      { index: 0, offset: 0, length: 900 },
      { index: 2, offset: 1900, length: 800 },
    ]);
  });

  it('of several slices are one list, where "any line" wins', () => {
    const other = [
      { index: 2, offset: 1900, length: 800, rows: '1' },
      { index: 1, offset: 900, length: 1000, rows: '7' },
      { index: 0, offset: 0, length: 900, rows: '58' },
    ];
    expect(unionChunks(chunks, other)).toEqual([
      { index: 0, offset: 0, length: 900, rows: '3+40.57+2' },
      { index: 1, offset: 900, length: 1000, rows: '7' },
      { index: 2, offset: 1900, length: 800 },
    ]);
  });
});
