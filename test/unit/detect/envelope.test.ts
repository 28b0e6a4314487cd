import { describe, expect, it } from 'vitest';
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

const matchesOf = ({ source, value }: SourcedRecord): readonly string[] =>
  book.set.evaluate(source, value).map(({ ruleKey }) => ruleKey);

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
