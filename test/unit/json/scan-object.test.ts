import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrayCutter } from '../../../shared/json/array-cutter.ts';
import { memberNames, scanObject } from '../../../shared/json/scan-object.ts';
import { FACT_MEMBERS, parseRecord, readFacts } from '../../../shared/record.ts';

const NAMES = memberNames(FACT_MEMBERS);
const DATA = join(import.meta.dirname, '../../../../shared/data');

const scan = (text: string | Buffer) => scanObject(Buffer.from(text as string), 0, NAMES);

/** What `JSON.parse` makes of the text, as far as the scan is asked for it. */
const parsed = (text: Buffer): unknown => {
  const value = JSON.parse(text.toString('utf8')) as Record<string, unknown>;
  return Object.fromEntries(
    FACT_MEMBERS.filter((name) => Object.hasOwn(value, name)).map((name) => [name, value[name]]),
  );
};

/** Records of every published data set that is there, as the vendor wrote them. */
function published(): Buffer[] {
  const records: Buffer[] = [];
  for (const file of globSync('**/*.{ndjson,jsonl,json}', { cwd: DATA })) {
    const body = readFileSync(join(DATA, file));
    const lines = file.endsWith('.json') ? [] : body.toString('utf8').split('\n');
    records.push(...lines.filter((line) => line.startsWith('{')).map((line) => Buffer.from(line)));
    for (const array of file.endsWith('.json') ? ['root', 'value'] : []) {
      const cutter = new ArrayCutter({ array, onElement: (text) => records.push(Buffer.from(text)) });
      try {
        cutter.push(body);
      } catch {
        // Another kind of file.
      }
    }
  }
  return records;
}

const json = fc.jsonValue({ maxDepth: 6 });
const record = fc.dictionary(fc.oneof(fc.constantFrom(...FACT_MEMBERS), fc.string()), json, { maxKeys: 12 });
const spelling = fc.constantFrom(
  (value: unknown) => JSON.stringify(value),
  (value: unknown) => JSON.stringify(value, null, ' ').replaceAll('\n', ''),
  (value: unknown) =>
    JSON.stringify(value).replace(
      /[\u0080-\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
);

describe('scanObject', () => {
  it('reads what JSON.parse reads, however it is spelt', () => {
    let followed = 0;
    fc.assert(
      fc.property(record, spelling, (value, spell) => {
        const text = Buffer.from(`${spell(value)},`);
        const scanned = scanObject(text, 0, NAMES);
        // A key with escapes is left to JSON.parse.
        if (!scanned) return;
        followed++;
        expect(scanned.end).toBe(text.length - 1);
        expect(scanned.members).toEqual(parsed(text.subarray(0, scanned.end)));
      }),
      { numRuns: 500 },
    );
    expect(followed).toBeGreaterThan(250);
  });

  it('reads the facts of published records as JSON.parse does', () => {
    const records = published();
    expect(records.length).toBeGreaterThan(1000);
    let followed = 0;
    for (const text of records) {
      const scanned = scan(text);
      if (!scanned) continue;
      followed++;
      expect(readFacts(scanned.members)).toEqual(parseRecord(text).facts);
    }
    expect(followed / records.length).toBeGreaterThan(0.95);
  });

  it('never takes for JSON what JSON.parse refuses, nor reads another value than it', () => {
    const seeds = published().filter((text) => text.length < 3000);
    let [followed, refused] = [0, 0];
    fc.assert(
      fc.property(
        fc.nat(seeds.length - 1),
        fc.array(
          fc.tuple(
            fc.nat(3000),
            fc.oneof(fc.constantFrom(...Buffer.from('{}[],:"\\ u0-.eEtn')), fc.nat(255)),
          ),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        fc.boolean(),
        (seed, edits, drop) => {
          const text = Buffer.from(seeds[seed]!);
          for (const [at, byte] of edits) text[at % text.length] = byte;
          const changed = drop ? text.subarray(0, text.length - (edits[0]![0] % text.length)) : text;
          const scanned = scan(changed);
          if (scanned) followed++;
          else refused++;
          expect(scanned?.members).toEqual(scanned && parsed(changed.subarray(0, scanned.end)));
        },
      ),
      { numRuns: 3000 },
    );
    expect(followed).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(300);
  });

  it.each([
    ['a cut object', '{"a":1'],
    ['a cut string', '{"a":"x'],
    ['a cut number', '{"a":1'],
    ['a trailing comma', '{"a":1,}'],
    ['a missing value', '{"a":}'],
    ['a missing colon', '{"a" 1}'],
    ['a bare word', '{"a":tru}'],
    ['a leading zero', '{"a":01}'],
    ['a lone point', '{"a":1.}'],
    ['a lone exponent', '{"a":1e}'],
    ['a lone minus', '{"a":-}'],
    ['a raw tab in a string', '{"a":"\t"}'],
    ['a raw line break in a string', '{"a":"\n"}'],
    ['an unknown escape', '{"a":"\\x"}'],
    ['a short escape', '{"a":"\\u12g4"}'],
    ['the wrong bracket', '{"a":[1}}'],
    ['two values', '{"a":1 2}'],
    ['an array with a lone comma', '{"a":[1,]}'],
    ['an array', '[1]'],
    ['line breaks between tokens', '{\n"a":1}'],
    ['a key with escapes', '{"\\u0069d":"x"}'],
    ['too deep', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`],
  ])('leaves %s to JSON.parse', (_what, text) => expect(scan(text)).toBeUndefined());

  it('takes the last of several members of a name, and none of an inner object', () => {
    expect(scan('{"id":"a","x":{"id":"b","UserId":"u"},"id":"c" , "appId" :\t7 }')?.members).toEqual({
      id: 'c',
      appId: 7,
    });
  });

  it('tells where the object ends', () => {
    expect(scan('{"a":{"b":[{},[]]}} , {"c":1}')?.end).toBe(19);
  });
});

describe('readFacts', () => {
  it('looks at no member beside those it names: reading these alone must be enough', () => {
    const asked = new Set<PropertyKey>();
    const watch = (value: object): object =>
      new Proxy(value, {
        get: (target, name) => (asked.add(name), Reflect.get(target, name) as unknown),
        has: (target, name) => (asked.add(name), Reflect.has(target, name)),
      });
    for (const text of published()) {
      const value: unknown = parseRecord(text).value;
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) readFacts(watch(value));
    }
    expect(asked.size).toBeGreaterThan(10);
    expect([...asked].filter((name) => !(FACT_MEMBERS as readonly PropertyKey[]).includes(name))).toEqual([]);
  });
});
