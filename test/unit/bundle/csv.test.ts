import { describe, expect, it } from 'vitest';
import { csvRow, printable } from '../../../shared/bundle/formats/csv.ts';

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
    expect(csvRow([text])).toMatch(/^"?'/),
  );
});
