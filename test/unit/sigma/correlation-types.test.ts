import { describe, expect, it, test } from 'vitest';
import {
  BASE_RULES,
  compileCorrelations,
  correlation,
  matchesOf,
  run,
  type TestEvent,
} from './correlation-support.ts';
import { compileText, faultsOf } from './support.ts';

/** `a1 b2 ...`: an event of kind `a` at second 1, of kind `b` at second 2 ... all of user u unless `fields` says else. */
const stream = (text: string, fields: (i: number) => object = () => ({})): TestEvent[] =>
  text
    .split(' ')
    .filter(Boolean)
    .map((word, i) => {
      const [, kind = '', t = '0'] = /^([a-z]+)(\d+)$/.exec(word) ?? [];
      return { id: `e${i}`, kind, t: Number(t), User: 'u', ...fields(i) };
    });

const tips = (lines: string, events: TestEvent[]): number[] =>
  run(compileCorrelations(correlation('x', lines)), events)
    .map((hit) => hit.timeMs / 1000)
    .sort((p, q) => p - q);

const count = (condition: string, timespan = '10s') =>
  `type: event_count\nrules: [a]\ngroup-by: [User]\ntimespan: ${timespan}\ncondition: ${condition}`;
const temporal = (type: string, rules: string, condition = '') =>
  `type: ${type}\nrules: [${rules}]\ngroup-by: [User]\ntimespan: 10s\n${condition && `condition: ${condition}`}`;

describe('event_count', () => {
  const cases: [condition: string, events: string, tips: number[]][] = [
    ['{ gte: 3 }', 'a1 a2 a3', [3]],
    ['{ gte: 3 }', 'a1 a2', []],
    ['{ gt: 2 }', 'a1 a2 a3 a4', [3]],
    // The window slides: no boundary at ten seconds.
    ['{ gte: 3 }', 'a8 a9 a12', [12]],
    ['{ gte: 3 }', 'a1 a2 a11', [11]],
    ['{ gte: 3 }', 'a1 a2 a12', []],
    ['{ gte: 3 }', 'a3 a1 a2', [3]],
    ['{ gte: 2 }', 'a1 a2 a30 a31', [2, 31]],
    ['{ eq: 2 }', 'a1 a2 a3', [2]],
    ['{ neq: 1 }', 'a1 a2', [2]],
    ['{ lt: 2 }', 'a1 a2', [1]],
    ['{ lte: 1 }', 'a1 a20', [1, 20]],
    // "To define a range": gt 1 and lte 3.
    ['{ gt: 1, lte: 3 }', 'a1 a2 a3 a4 a5', [2]],
    ['{ gte: 2 }', 'b1 b2 a3', []],
  ];
  test.each(cases)('%s over %s: tips %j', (condition, events, expected) => {
    expect(tips(count(condition), stream(events))).toEqual(expected);
  });

  it('counts groups separately and without case; a missing field is no group', () => {
    const events = stream('a1 a2 a3 a4 a5', (i) => ({ User: ['u', 'U', 'v', undefined, ''][i] }));
    expect(tips(count('{ gte: 2 }'), events)).toEqual([2]);
  });

  it('counts a record once, however often it is fed and by how many rules it is matched', () => {
    const both = count('{ gte: 2 }').replace('[a]', '[a, b]');
    expect(tips(both, [...stream('ab1'), ...stream('ab1')])).toEqual([]);
    expect(tips(both, stream('ab1 ab2'))).toEqual([2]);
  });

  it('works without group-by, over everything', () => {
    const events = stream('a1 a2', (i) => ({ User: `u${i}` }));
    expect(tips(count('{ gte: 2 }').replace('group-by: [User]\n', ''), events)).toEqual([2]);
  });

  it('describes the hit', () => {
    const set = compileCorrelations(correlation('x', count('{ gte: 2 }')));
    const [hit] = run(
      set,
      stream('a1 a2 a5', (i) => ({ User: ['Bob', 'bob', 'BOB'][i] })),
    );
    expect(hit).toMatchObject({
      title: 'x',
      level: 'high',
      type: 'event_count',
      group: { User: 'Bob' },
      value: 2,
      count: 3,
    });
    expect(hit).toMatchObject({ timeMs: 2000, fromMs: 1000, toMs: 5000 });
    expect(hit?.events.map((event) => event.recordId)).toEqual(['e0', 'e1', 'e2']);
  });
});

describe('values', () => {
  const value = (type: string, condition: string) =>
    `type: ${type}\nrules: [a]\ngroup-by: [User]\ntimespan: 10s\ncondition: ${condition}`;
  const sized = (values: unknown[]) =>
    stream(values.map((_, i) => `a${i + 1}`).join(' '), (i) => ({ n: values[i] }));
  const cases: [type: string, condition: string, values: unknown[], tips: number[]][] = [
    ['value_count', '{ field: n, gte: 2 }', ['x', 'X', 'y'], [3]],
    ['value_count', '{ field: n, gte: 2 }', ['x', 'x'], []],
    ['value_count', '{ field: n, gte: 2 }', [['x', 'y']], [1]],
    ['value_sum', '{ field: n, gt: 10 }', [5, '5', 1], [3]],
    ['value_sum', '{ field: n, gt: 10 }', [5, 'many', 5], []],
    ['value_avg', '{ field: n, gt: 500 }', [400, 500, 700], [3]],
    ['value_avg', '{ field: n, lte: 0 }', ['none'], []],
    ['value_median', '{ field: n, eq: 3 }', [1, 5], [2]],
    ['value_median', '{ field: n, eq: 5 }', [1, 5, 9], [3]],
    ['value_percentile', '{ field: n, percentile: 95, gte: 9 }', [1, 1, 9], [3]],
    ['value_percentile', '{ field: n, percentile: 50, gte: 9 }', [1, 1, 9], []],
    ['value_percentile', '{ field: n, percentile: 1, lte: 1 }', [5, 1], [2]],
  ];
  test.each(cases)('%s %s of %j: tips %j', (type, condition, values, expected) => {
    expect(tips(value(type, condition), sized(values))).toEqual(expected);
  });

  it('value_count over several fields counts their combinations', () => {
    const events = stream('a1 a2 a3', (i) => ({ n: ['x', 'x', 'y'][i], m: ['1', '1', '1'][i] }));
    expect(tips(value('value_count', '{ field: [n, m], gte: 2 }'), events)).toEqual([3]);
  });
});

describe('temporal', () => {
  const cases: [type: string, rules: string, condition: string, events: string, tips: number[]][] = [
    ['temporal', 'a, b, c', '', 'c1 a2 b3', [3]],
    ['temporal', 'a, b, c', '', 'c1 a2', []],
    ['temporal', 'a, b', '', 'a1 b12', []],
    ['temporal', 'a, b', '', 'ab1', [1]],
    ['temporal', 'a, b, c', '{ gte: 2 }', 'a1 a2 c3', [3]],
    ['temporal_ordered', 'a, b, c', '', 'a1 b2 c3', [3]],
    ['temporal_ordered', 'a, b, c', '', 'a1 c2 b3', []],
    ['temporal_ordered', 'a, b, c', '', 'b1 a2 b3 c4', [4]],
    ['temporal_ordered', 'a, b', '', 'a5 b5', [5]],
    ['temporal_ordered', 'a, b', '', 'b5 a5', [5]],
    ['temporal_ordered', 'a, b', '', 'b4 a5', []],
    ['temporal_ordered', 'a, b, c', '{ gte: 2 }', 'b1 c2', [2]],
    // The forms of the specification's schema tests.
    ['temporal', 'a, b, c', 'a AND b AND c', 'c1 b2 a3', [3]],
    ['temporal_ordered', 'a, b, c', 'a AND b AND c', 'a1 b2 c3', [3]],
    ['temporal_ordered', 'a, b, c', 'a AND b AND c', 'c1 b2 a3', []],
    ['temporal', 'a, b, c', 'a and (b or c)', 'c1 a2', [2]],
    ['temporal', 'a, b, c', 'a and not b', 'a1 b2', [1]],
    ['temporal', 'a, b, c', 'a and not b', 'b1 a2', []],
    ['temporal_ordered', 'a, b, c', '(a or b) and c', 'c1 b2 c3', [3]],
    ['temporal_ordered', 'a, b, c', 'a and not b and c', 'a1 b2 c3', []],
  ];
  test.each(cases)('%s of %s %s over %s: tips %j', (type, rules, condition, events, expected) => {
    expect(tips(temporal(type, rules, condition), stream(events))).toEqual(expected);
  });
});

describe('aliases, generate, chains', () => {
  it("follows aliases (the specification's example: addresses in opposite roles)", () => {
    const text = `${BASE_RULES}---
title: x
name: x
correlation:
  type: temporal
  rules: [a, b]
  group-by: [internal_ip, remote_ip]
  timespan: 10s
  aliases:
    internal_ip: { a: destination.ip, b: source.ip }
    remote_ip: { a: source.ip, b: destination.ip }
`;
    const flow = (id: string, kind: string, t: number, from: string, to: string): TestEvent => ({
      id,
      kind,
      t,
      source: { ip: from },
      destination: { ip: to },
    });
    const set = compileText(text);
    const hits = run(set, [
      flow('1', 'a', 1, 'evil', 'web'),
      flow('2', 'b', 2, 'web', 'evil'),
      flow('3', 'b', 3, 'evil', 'web'),
    ]);
    expect(hits.map((hit) => [hit.group, hit.timeMs])).toEqual([
      [{ internal_ip: 'web', remote_ip: 'evil' }, 2000],
    ]);
  });

  it('silences the rules it refers to, unless asked to generate them', () => {
    const standalone = (extra: string) => {
      const set = compileCorrelations(correlation('x', `${count('{ gte: 2 }')}\n${extra}`));
      return matchesOf(set, stream('a1 b2')).map((match) => [match.ruleKey, match.standalone]);
    };
    expect(standalone('generate: false')).toEqual([
      ['a', false],
      ['b', true],
    ]);
    expect(standalone('generate: true')).toEqual([
      ['a', true],
      ['b', true],
    ]);
  });

  const many = correlation('many', count('{ gte: 3 }').replace('[User]', '[Host]'));
  const then = correlation(
    'then',
    'type: temporal_ordered\nrules: [many, b]\ngroup-by: [User]\ntimespan: 1h',
  );

  it('many failures, then a success: the upper correlation groups by a field the lower does not', () => {
    const hosts = (i: number) => ({ Host: 'h', User: i < 4 ? 'bob' : 'eve' });
    const hits = run(compileCorrelations(many, then), stream('a1 a2 a3 b60 b61', hosts));
    expect(hits.map((hit) => [hit.title, hit.group, hit.timeMs])).toEqual([
      ['then', { User: 'bob' }, 60_000],
    ]);
    expect(run(compileCorrelations(many, then), stream('b1 a2 a3 a4', hosts))).toEqual([]);
  });

  it('takes a lower hit back when late records show that it was none', () => {
    const exactly = correlation('exactly', count('{ eq: 2 }'));
    const upper = correlation(
      'upper',
      'type: event_count\nrules: [exactly]\ngroup-by: [User]\ntimespan: 1h\ncondition: { gte: 1 }',
    );
    const set = compileCorrelations(exactly, upper);
    const late = stream('a5 a5 a5');
    expect(run(set, late.slice(0, 2))).toHaveLength(1);
    expect(run(set, late, 1)).toEqual([]);
  });

  it('refuses what leads nowhere or in a circle, with positions', () => {
    const referring = (name: string, to: string) =>
      correlation(
        name,
        `type: event_count\nrules: [${to}]\ngroup-by: [User]\ntimespan: 1h\ncondition: { gte: 1 }`,
      );
    expect(faultsOf(BASE_RULES + referring('x', 'nobody'))[0]).toMatch(/^21:13 there is no rule 'nobody'/);
    expect(faultsOf(BASE_RULES + referring('x', 'x'))[0]).toMatch(/'x' leads back to this correlation/);
    const circle = faultsOf(BASE_RULES + referring('x', 'y') + referring('y', 'x'));
    expect(circle.join()).toMatch(/leads back/);
    expect(circle).toHaveLength(2);
  });
});

describe('correlation documents are refused for', () => {
  const base = 'type: event_count\nrules: [a]\ngroup-by: [User]\ntimespan: 10s\ncondition: { gte: 2 }';
  const cases: [what: string, lines: string, fault: RegExp][] = [
    ['an unknown type', base.replace('event_count', 'event_sum'), /'type' must be one of/],
    ['no type', base.replace('type: event_count\n', ''), /has no 'type'/],
    ['no rules', base.replace('rules: [a]\n', ''), /has no 'rules'/],
    ['empty rules', base.replace('[a]', '[]'), /'rules' is empty/],
    ['a rule named twice', base.replace('[a]', '[a, a]'), /'a' is named twice/],
    ['no timespan', base.replace('timespan: 10s\n', ''), /has no 'timespan'/],
    ['a bad timespan', base.replace('10s', '10 minutes'), /'10 minutes' is not a timespan/],
    ['a zero timespan', base.replace('10s', '0s'), /'0s' is not a timespan/],
    ['no condition', base.replace('\ncondition: { gte: 2 }', ''), /needs a 'condition'/],
    ['a condition without threshold', base.replace('gte: 2', ''), /needs one of gt, gte/],
    ['a text threshold', base.replace('gte: 2', 'gte: two'), /'gte' must be a number/],
    ['an unknown condition key', base.replace('gte: 2', 'gte: 2, min: 1'), /'min' is not part/],
    ['an expression where a number belongs', base.replace('{ gte: 2 }', 'a'), /must be a map/],
    ['a field where none belongs', base.replace('gte: 2', 'gte: 2, field: n'), /takes no 'field'/],
    ['value_count without field', base.replace('event_count', 'value_count'), /needs 'field'/],
    [
      'value_sum of two fields',
      base.replace('event_count', 'value_sum').replace('gte: 2', 'gte: 2, field: [m, n]'),
      /takes one 'field'/,
    ],
    [
      'value_percentile without percentile',
      base.replace('event_count', 'value_percentile').replace('gte: 2', 'gte: 2, field: n'),
      /needs 'percentile'/,
    ],
    [
      'percentile 0',
      base.replace('event_count', 'value_percentile').replace('gte: 2', 'gte: 2, field: n, percentile: 0'),
      /must be above 0/,
    ],
    ['percentile elsewhere', base.replace('gte: 2', 'gte: 2, percentile: 5'), /takes no 'percentile'/],
    ['group_by', base.replace('group-by', 'group_by'), /write 'group-by'/],
    ['an unknown key', `${base}\nwindow: sliding`, /'window' is not part of a correlation/],
    ['an alias for a stranger', `${base}\naliases: { u: { z: f } }`, /names 'z', which is not in 'rules'/],
    [
      'a condition that nothing fulfils',
      base.replace('event_count', 'temporal').replace('{ gte: 2 }', 'not a'),
      /also holds when nothing happens/,
    ],
    [
      'an unknown rule in the condition',
      base.replace('event_count', 'temporal').replace('{ gte: 2 }', 'a and z'),
      /there is no selection 'z'/,
    ],
  ];
  test.each(cases)('%s', (_, lines, fault) => {
    const faults = faultsOf(BASE_RULES + correlation('x', lines));
    expect(faults[0]).toMatch(fault);
  });

  it.each([
    ['30s', 30],
    ['5m', 300],
    ['2h', 7200],
    ['1d', 86_400],
    ['1w', 604_800],
  ])('%s is %d seconds', (text, seconds) => {
    const set = compileCorrelations(correlation('x', base.replace('10s', text)));
    expect(set.correlations[0]?.timespanMs).toBe(seconds * 1000);
  });
});
