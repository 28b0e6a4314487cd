import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateStory } from '../../../infra/local/story/index.ts';
import { makeRuleBook } from '../../../shared/detect/rule-book.ts';
import { operationOf } from '../../../shared/record.ts';
import {
  enveloped,
  findingsOf,
  ownRuleTests,
  recordOf,
  streamOf,
  type OwnRuleTest,
  type RuleTest,
  type SourcedRecord,
} from './support.ts';

/** Graph's audit search hands out the feed's records inside an envelope: what a rule finds must not depend on it. */

type Single = OwnRuleTest<Extract<RuleTest, { match: boolean }>>;
type Stream = OwnRuleTest<Extract<RuleTest, { hits: number }>>;

const book = makeRuleBook();
const isAudit = (source: string): boolean => source.startsWith('ual-');
const concerned = ownRuleTests().filter(({ test }) =>
  'match' in test ? isAudit(test.source) : test.events.some(({ source }) => isAudit(source)),
);
const named = <T>(items: readonly (T & { name: string })[]): [string, T][] =>
  items.map((item) => [item.name, item]);

const matchesOf = ({ source, value }: SourcedRecord, by = book): readonly string[] =>
  by.set.evaluate(source, value).map(({ ruleKey }) => ruleKey);

describe('a record inside an envelope of the audit search', () => {
  it.each(named(concerned.filter((item): item is Single => 'match' in item.test)))(
    '%s',
    (_name, { rule, test }) => {
      const bare = recordOf(test.source, test.event, '2026-11-24T12:00:00Z');
      const within = enveloped(bare);
      expect(matchesOf(within).includes(rule.key)).toBe(test.match);
      // Rules of other content may match as well, since an envelope does not say which content it is.
      expect(matchesOf(within)).toEqual(expect.arrayContaining([...matchesOf(bare)]));
      const { candidates } = book.set;
      expect(candidates.call(book.set, 'ual-search', [operationOf(within.value as never)])).toEqual(
        expect.arrayContaining(test.match ? [rule.key] : []),
      );
    },
  );

  it.each(named(concerned.filter((item): item is Stream => 'hits' in item.test)))(
    '%s',
    async (_name, { rule, test }) => {
      const stream = streamOf(test);
      const own = async (records: readonly SourcedRecord[]) =>
        (await findingsOf(book, [records])).filter((finding) => finding.rule === rule.key);
      const [bare, within] = [await own(stream), await own(stream.map(enveloped))];
      expect(within).toHaveLength(test.hits);
      expect(within.map(({ id, user, session, ip }) => ({ id, user, session, ip }))).toEqual(
        bare.map(({ id, user, session, ip }) => ({ id, user, session, ip })),
      );
    },
  );
});

const SHARED = join(import.meta.dirname, '../../../../shared');
const publicRules = globSync(join(SHARED, 'sigma/rules*/**/*.yml'))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }))
  .filter(({ text }) => /product: (azure|m365)/.test(text));
const FEED = ['ual-entra', 'ual-exchange', 'ual-sharepoint', 'ual-general', 'ual-dlp'] as const;

/** Records that others published of real tenants: of which content they are, they do not say. */
const published = globSync(join(SHARED, 'data/elastic-beats-o365-2020/*.ndjson'))
  .flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean))
  .map((line) => JSON.parse(line) as Record<string, unknown>)
  .filter((value) => typeof value['Operation'] === 'string' && 'RecordType' in value);

describe('public rules and ours', () => {
  const all = makeRuleBook({ loaded: publicRules });

  it('find in the envelopes of a story what they find in its records, and nothing else', () => {
    const story = { nowMs: Date.UTC(2026, 10, 24, 18), days: 10, records: 3000, users: 30 };
    const fired = new Set<string>();
    for (const { source, text } of generateStory(story)) {
      if (!isAudit(source)) continue;
      const record = { source, value: JSON.parse(text) as unknown };
      const bare = matchesOf(record, all);
      for (const key of bare) fired.add(key);
      expect(new Set(matchesOf(enveloped(record), all))).toEqual(new Set(bare));
    }
    expect(fired.size).toBeGreaterThan(20);
  });

  it('find in the envelopes of published records what they find in these as one content or another', () => {
    expect(published.length).toBeGreaterThan(100);
    for (const value of published) {
      const bare = new Set(FEED.flatMap((source) => matchesOf({ source, value }, all)));
      expect(new Set(matchesOf(enveloped({ source: 'ual-general', value }), all))).toEqual(bare);
    }
  });
});
