import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../shared/json/canonical.ts';

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([k, v]) => [k, shuffled(v)]),
  );
};

describe('canonicalJson', () => {
  it('knows no key order, spacing or escape spelling', () => {
    const a = '{"b":[1, 2 ],"a":{"y":"\\u00e9\\/","x":null}}';
    const b = '{ "a" : {"x":null,"y":"é/"} , "b":[1,2]}';
    expect(canonicalJson(a)).toBe(canonicalJson(b));
  });

  it('keeps numbers as written: integers beyond 2^53 stay different', () => {
    expect(canonicalJson('{"n":9007199254740993}')).not.toBe(canonicalJson('{"n":9007199254740992}'));
  });

  it.each(['', '{', '{"a":1,}x', '[1 2]', '{"a" 1}', '"x', 'nul', '1 1'])('refuses %j', (text) => {
    expect(() => canonicalJson(text)).toThrow(SyntaxError);
  });

  it('is the same for every spelling of a value and parses to that value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const canonical = canonicalJson(JSON.stringify(value));
        expect(canonicalJson(JSON.stringify(shuffled(value), null, 1))).toBe(canonical);
        expect(JSON.stringify(JSON.parse(canonical))).toBe(
          JSON.stringify(JSON.parse(canonicalJson(canonical))),
        );
      }),
    );
  });
});
