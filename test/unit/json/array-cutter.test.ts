import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrayCutter } from '../../../shared/json/array-cutter.ts';
import { memberNames } from '../../../shared/json/scan-object.ts';

function cut(text: string | Buffer, array: string, sizes: number[] = [7]) {
  const elements: string[] = [];
  const cutter = new ArrayCutter({ array, onElement: (e) => elements.push(e.toString('utf8')) });
  const bytes = Buffer.from(text as string);
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = Math.max(1, sizes[k % sizes.length]!);
    cutter.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return { elements, result: cutter.end() };
}

describe('ArrayCutter', () => {
  it('returns each element of a root array as written', () => {
    const parts = ['{"a": 1.0,"b":"x,]}\\"\\\\"}', '12345678901234567890', '"s]"', 'null', '[1,[2]]', '{}'];
    expect(cut(` [ ${parts.join(' , ')} ]\n`, 'root').elements).toEqual(parts);
  });

  it('returns the elements of a property and parses the others, wherever they stand', () => {
    const { elements, result } = cut(
      '{"@odata.context":"c","value":[{"x":{"value":[1]}},{"y":2}],"@odata.nextLink":"https://h/?a=$b%2B"}',
      'value',
    );
    expect(elements).toEqual(['{"x":{"value":[1]}}', '{"y":2}']);
    expect(result.properties).toEqual({ '@odata.context': 'c', '@odata.nextLink': 'https://h/?a=$b%2B' });
    expect(result.elements).toBe(2);
  });

  it('drops line breaks between tokens only', () => {
    expect(cut('[\r\n{\r\n  "a" : 1,\n"b":"\\n"\n}\n]', 'root').elements).toEqual(['{  "a" : 1,"b":"\\n"}']);
  });

  it('escapes a raw line break inside a string and counts the repair', () => {
    const { elements, result } = cut('[{"a":"x\ny\r"},{"b":1}]', 'root');
    expect(elements).toEqual(['{"a":"x\\ny\\r"}', '{"b":1}']);
    expect(result.repaired).toBe(1);
  });

  it('skips a byte order mark', () => {
    expect(cut('\ufeff[1]', 'root', [100]).elements).toEqual(['1']);
  });

  it.each([
    ['a cut body', '[{"a":1},{"b":', 'root'],
    ['a cut array', '[{"a":1}', 'root'],
    ['an HTML page', '<html></html>', 'value'],
    ['an object instead of an array', '{"error":{}}', 'root'],
    ['an array instead of an object', '[]', 'value'],
    ['no value property', '{"error":{"code":"x"}}', 'value'],
    ['text after the end', '[1] x', 'root'],
    ['nothing', '', 'root'],
  ])('refuses %s', (_name, text, array) => {
    expect(() => cut(text, array)).toThrowError(/not the JSON it should be/);
  });

  it('cuts the same elements whether it reads their members on the way or not', () => {
    const part = fc.oneof(
      fc.json(),
      fc.constantFrom(
        '{"id":"x", "a":[1,{"b":null}]}',
        '{\n"id":1}',
        '{"id":"\n"}',
        '{"id":tru}',
        '{"i\\u0064":1}',
        '{}',
      ),
    );
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        (parts, sizes) => {
          const bytes = Buffer.from(`{"n":0,"value":[${parts.join(' , ')}],"z":"end"}`);
          const run = (members: boolean) => {
            const elements: string[] = [];
            const cutter = new ArrayCutter({
              array: 'value',
              ...(members && { members: memberNames(['id']) }),
              onElement: (text, found) => {
                elements.push(text.toString('utf8'));
                if (!found) return;
                const value = JSON.parse(text.toString('utf8')) as Record<string, unknown>;
                expect(found).toEqual(Object.hasOwn(value, 'id') ? { id: value['id'] } : {});
                if ('id' in found) read++;
              },
            });
            for (let at = 0, k = 0; at < bytes.length; at += sizes[k++ % sizes.length]!)
              cutter.push(Buffer.from(bytes.subarray(at, at + sizes[k % sizes.length]!)));
            return { elements, result: cutter.end() };
          };
          expect(run(true)).toEqual(run(false));
        },
      ),
    );
    expect(read).toBeGreaterThan(10);
  });

  it('cuts any array into its elements, however the bytes are split', () => {
    const array = fc.array(fc.jsonValue(), { maxLength: 8 });
    fc.assert(
      fc.property(
        array,
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        fc.integer({ min: 0, max: 2 }),
        (values, sizes, indent) => {
          const expected = values.map((v) => JSON.stringify(v));
          const root = JSON.stringify(values, null, indent);
          const compact = cut(root, 'root', sizes).elements.map((e) => JSON.stringify(JSON.parse(e)));
          expect(compact).toEqual(expected);
          const page = `{"@odata.count":3,"value":${JSON.stringify(values)}}`;
          expect(cut(page, 'value', sizes).elements).toEqual(expected);
        },
      ),
    );
  });
});
