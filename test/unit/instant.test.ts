import { describe, expect, it } from 'vitest';
import { formatTicks, parseInstant } from '../../shared/instant.ts';

const read = (text: string): string | undefined => {
  const ticks = parseInstant(text);
  return ticks === undefined ? undefined : formatTicks(ticks);
};

describe('an instant', () => {
  it.each([
    ['2026-11-24T13:50:17.1234567Z', '2026-11-24T13:50:17.1234567Z'],
    ['2026-11-24T13:50:17', '2026-11-24T13:50:17.0000000Z'],
    ['2026-11-24 13:50', '2026-11-24T13:50:00.0000000Z'],
    ['2026-11-24T13:50:17+02:00', '2026-11-24T11:50:17.0000000Z'],
    ['2026-11-24T13:50:17.12345678Z', '2026-11-24T13:50:17.1234567Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.0000000Z'],
    ['11/24/2026 1:50:17 PM', '2026-11-24T13:50:17.0000000Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.0000000Z'],
  ])('%s is %s', (text, expected) => expect(read(text)).toBe(expected));

  it.each([
    ['2026-02-30T00:00:00Z'],
    ['2026-11-24T24:00:00Z'],
    ['11/24/2026 13:50:17 PM'],
    ['yesterday'],
    // .NET's empty date; JavaScript would take it for 1901.
    ['0001-01-01T00:00:00Z'],
    ['0001-01-01T00:00:00'],
    ['0099-01-01T00:00:00Z'],
  ])('%s is none', (text) => expect(read(text)).toBeUndefined());
});
