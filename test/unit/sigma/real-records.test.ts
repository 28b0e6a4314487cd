import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { operationOf } from '../../../shared/record.ts';
import { SOURCE_IDS, type SourceId } from '../../../shared/sources.ts';
import { compile, type RuleSet } from '../../../shared/detect/sigma/index.ts';
import { nameOf, PUBLIC_LISTS, publicRules, sharedFiles, shippedPipelines } from './support.ts';

const pipelines = shippedPipelines();
const rules = publicRules();
const set = compile({ ...rules, ...pipelines, lists: PUBLIC_LISTS });
/** The same rules, every one tried on every record. */
const unindexed = compile({
  ...rules,
  ...pipelines,
  shapes: pipelines.shapes.map((shape) => ({ ...shape, dispatch: [] })),
  lists: PUBLIC_LISTS,
});

const parse = (text: string): unknown[] => {
  try {
    return [JSON.parse(text) as unknown];
  } catch {
    return [];
  }
};

type Json = Record<string, unknown>;

/** Records of a file: JSON lines, or a JSON document, perhaps a page of records. Labelled events are unwrapped. */
function recordsIn(file: string): unknown[] {
  const text = readFileSync(file, 'utf8');
  const whole = parse(text);
  const values = whole.length > 0 ? whole : text.split('\n').flatMap(parse);
  return values.flatMap((value) => {
    const page = (value as Json | null)?.['value'] ?? value;
    return (Array.isArray(page) ? page : [page]).map(
      (item: unknown) => (item as Json | null)?.['event'] ?? item,
    );
  });
}

const files = sharedFiles('data/**/*.{ndjson,log,json,jsonl}').filter(
  (file) => !file.includes('arm-schemas'),
);
const corpus = files.map((file) => ({ file: nameOf(file), records: recordsIn(file) }));

const keysOf = (ruleSet: RuleSet, source: SourceId, record: unknown): string[] =>
  ruleSet
    .evaluate(source, record)
    .map(({ ruleKey }) => ruleKey)
    .sort();

describe('real records', () => {
  it('are some thousands, of many shapes', () => {
    expect(corpus.length).toBeGreaterThan(80);
    expect(corpus.reduce((sum, { records }) => sum + records.length, 0)).toBeGreaterThan(1500);
  });

  it.each(corpus)('$file: no rule throws, and the index changes nothing', ({ records }) => {
    for (const record of records)
      for (const source of SOURCE_IDS) {
        const found = keysOf(set, source, record);
        expect(found).toEqual(keysOf(unindexed, source, record));
        const operation =
          typeof record === 'object' && record && !Array.isArray(record) ? operationOf(record as Json) : '';
        const candidates = set.candidates(source, [operation]);
        for (const key of found) expect(candidates).toContain(key);
      }
  });

  it('are matched and explained where they should be', () => {
    const counts = new Map<string, number>();
    for (const { records } of corpus)
      for (const record of records)
        for (const match of set.evaluate('import', record)) {
          counts.set(match.title, (counts.get(match.title) ?? 0) + 1);
          expect(JSON.parse(JSON.stringify(match))).toHaveProperty('selections');
        }
    // Directory activities in three logs, sign-ins, risk detections, resource activities, mailbox rules.
    expect(Object.fromEntries(counts)).toMatchObject({
      'Azure Service Principal Created': 8,
      'Added Credentials to Existing Application': 4,
      'Delegated Permissions Granted For All Users': 14,
      'Sign-ins by Unknown Devices': 34,
      'Unfamiliar Sign-In Properties': 6,
      'Azure Keyvault Key Modified or Deleted': 5,
      'Mail Forwarding/Redirecting Activity In O365': 9,
      'Inbox Rules Creation Or Update Activity in O365': 2,
    });
  });

  it.each([
    [null],
    [undefined],
    [0],
    ['text'],
    [[]],
    [[[null]]],
    [{ Operation: [] }],
    [{ Operation: { a: 1 } }],
    [{ status: { errorCode: {} } }],
  ])('odd value %j does no harm', (record) => {
    for (const source of SOURCE_IDS) expect(() => JSON.stringify(set.evaluate(source, record))).not.toThrow();
  });
});

describe('candidates', () => {
  it('none for chunks whose operations no rule can match', () => {
    expect(
      set.candidates('directory-audits', ['Self-service password reset flow activity progress']),
    ).not.toContain('0ddcff6d-d262-40b0-804b-80eb592de8e3');
    expect(set.candidates('directory-audits', ['Add service principal'])).toContain(
      '0ddcff6d-d262-40b0-804b-80eb592de8e3',
    );
    expect(set.candidates('ual-sharepoint', ['FileAccessed', 'PageViewed'])).toEqual([]);
    expect(set.candidates('risk-detections', ['risk:generic'])).toEqual([]);
    expect(set.candidates('risk-detections', ['risk:anomalousToken'])).toEqual([
      '6555754e-5e7f-4a67-ad1c-4041c413a007',
    ]);
    expect(set.candidates('provisioning')).toEqual([]);
  });

  it('all for operations that say nothing', () => {
    expect(set.candidates('ual-exchange', [''])).toEqual(set.candidates('ual-exchange'));
    expect(set.candidates('ual-exchange', ['x'.repeat(200)])).toEqual(set.candidates('ual-exchange'));
    expect(set.candidates('signins-interactive', ['signIn:interactive'])).toEqual(
      set.candidates('signins-interactive'),
    );
  });
});
