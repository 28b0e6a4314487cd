import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvText, printable } from '../../../shared/bundle/formats/csv.ts';

describe('text in a CSV cell', () => {
  it.each([
    ['a\u2028b\u2029c\u0085d', 'a\\u2028b\\u2029c\\u0085d'],
    ['\u202Egpj.exe', '\\u202egpj.exe'],
    ['\u001B[31mred', '\\u001b[31mred'],
    ['\u0000', '\\u0000'],
    ['lone \uD800', 'lone \uFFFD'],
    ['Grüße, 日本', 'Grüße, 日本'],
  ])('%j is shown as %j: nothing in it ends a line or moves what stands beside it', (text, shown) =>
    expect(printable(text)).toBe(shown),
  );

  it.each(['=cmd()', '+1', '-1', '@x', '\t=x'])('%j is no formula', (text) =>
    expect(new CsvText().rows([[text]])).toMatch(/^"?'/),
  );

  it('is quoted as the library quotes rows, however often it comes', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(...'aZ09_ .:;/@()-=+'.split('')), maxLength: 6 }),
      fc.constantFrom('', ',', '"', 'a"b', '=1', '-', '\n', 'a\r\nb', '\t', '\uff1d1', "'", ' ', '\u0000'),
      fc.integer(),
    );
    const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 4 }), (batches) => {
        const csv = new CsvText();
        for (const batch of batches)
          expect(csv.rows(batch)).toBe(
            stringify(
              batch.map((cells) => cells.map((c) => (typeof c === 'number' ? c : printable(c)))),
              { escape_formulas: true, record_delimiter: 'windows', quoted_match: /[\n\r]/ },
            ),
          );
      }),
    );
  });
});
