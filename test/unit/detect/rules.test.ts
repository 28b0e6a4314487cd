import { describe, expect, it } from 'vitest';
import { makeRuleBook } from '../../../shared/detect/rule-book.ts';
import { formatFault } from '../../../shared/detect/sigma/index.ts';
import {
  findingsOf,
  ownRules,
  ownRuleTests,
  recordOf,
  streamOf,
  testsOf,
  type OwnRule,
  type RuleTest,
} from './support.ts';

type Single = Extract<RuleTest, { match: boolean }>;
type Stream = Extract<RuleTest, { hits: number }>;

const book = makeRuleBook();
const documents = ownRules();

/** Rules that say nothing by themselves need not tell analysts how to read them. */
const onlyFeeds = ({ tags }: OwnRule): boolean => tags.includes('holdfast.feeds');

describe('our rules', () => {
  it('load without faults and can all fire', () => {
    expect(book.faults.map((fault) => formatFault(fault))).toEqual([]);
    const idle = [...book.infos.values()].filter(({ status }) => status === 'cannot-fire');
    expect(idle.map(({ key, reasons }) => `${key}: ${reasons.join('; ')}`)).toEqual([]);
  });

  it.each(documents.map((rule) => [rule.name ?? rule.title, rule] as const))(
    '%s has a name, a level, a description, and tests that match and that do not',
    (_name, rule) => {
      expect(rule.name).toMatch(/^[a-z][a-z0-9-]+$/);
      expect(rule.level).toBeTruthy();
      expect(rule.description).toBeTruthy();
      const outcomes = testsOf(rule).map((test) => ('match' in test ? test.match : test.hits > 0));
      expect(new Set(outcomes)).toEqual(new Set([true, false]));
    },
  );

  it.each(
    documents.filter((rule) => !onlyFeeds(rule)).map((rule) => [rule.name ?? rule.title, rule] as const),
  )('%s tells its false positives, references and techniques', (_name, rule) => {
    expect(rule.falsePositives).not.toEqual([]);
    expect(rule.references).not.toEqual([]);
    expect(rule.tags.filter((tag) => /^attack\.t\d{4}(\.\d{3})?$/.test(tag))).not.toEqual([]);
  });
});

const cases = ownRuleTests();
const singles = cases.flatMap(({ name, rule, test }) =>
  'match' in test ? [[name, rule, test] as [string, OwnRule, Single]] : [],
);
const streams = cases.flatMap(({ name, rule, test }) =>
  'hits' in test ? [[name, rule, test] as [string, OwnRule, Stream]] : [],
);

describe('tests inside the rule files', () => {
  it.each(singles)('%s', (_name, rule, test) => {
    const record = recordOf(test.source, test.event, '2026-11-24T12:00:00Z');
    const keys = book.set.evaluate(record.source, record.value).map(({ ruleKey }) => ruleKey);
    expect(keys.includes(rule.key)).toBe(test.match);
  });

  it.each(streams)('%s', async (_name, rule, test) => {
    const stream = streamOf(test);
    const own = (findings: Awaited<ReturnType<typeof findingsOf>>) =>
      findings.filter((finding) => finding.rule === rule.key);
    const found = own(await findingsOf(book, [stream]));
    expect(found).toHaveLength(test.hits);
    expect(found.filter(({ records }) => records.length < 2)).toEqual([]);
    // In another order, one record a batch: the same findings under the same ids.
    const apart = own(
      await findingsOf(
        book,
        [...stream].reverse().map((record) => [record]),
      ),
    );
    expect(apart.map(({ id }) => id).sort()).toEqual(found.map(({ id }) => id).sort());
  });
});
