import { describe, expect, it } from 'vitest';
import { compileText, evaluate, ruleText } from './support.ts';

const explained = (detection: string, event: unknown) =>
  evaluate(compileText(ruleText(detection)), event)[0]?.selections;

describe('explanations', () => {
  it('name selection, field, value and pattern', () => {
    const detection = `
sel_rule:
  Operation: [New-InboxRule, Set-InboxRule]
  Parameters.Name|contains|all: [Forward, To]
filter_main_us:
  UserId|endswith: '@contoso.example'
condition: sel_rule and not 1 of filter_main_*`;
    const event = {
      Operation: 'set-inboxrule',
      Parameters: [{ Name: 'ForwardTo', Value: 'x' }],
      UserId: 'a@evil.example',
    };
    expect(explained(detection, event)).toEqual([
      {
        selection: 'sel_rule',
        held: true,
        fields: [
          {
            field: 'Operation',
            path: 'Operation',
            value: 'set-inboxrule',
            pattern: 'Set-InboxRule',
            modifiers: [],
          },
          {
            field: 'Parameters.Name',
            path: 'Parameters.Name',
            value: 'ForwardTo',
            pattern: 'Forward',
            modifiers: ['contains', 'all'],
          },
          {
            field: 'Parameters.Name',
            path: 'Parameters.Name',
            value: 'ForwardTo',
            pattern: 'To',
            modifiers: ['contains', 'all'],
          },
        ],
      },
      { selection: 'filter_main_us', held: false, fields: [] },
    ]);
  });

  it('leave out alternatives that did not match', () => {
    const selections = explained('a: { f: 1 }\nb: { g: 1 }\nc: { h: 1 }\ncondition: (a and b) or c', {
      h: 1,
      f: 1,
    });
    expect(selections?.map(({ selection }) => selection)).toEqual(['c']);
  });

  it.each([
    ['a: { f: null }', { g: 1 }, '', 'null'],
    ['a: { f|neq: x }', { f: 'y' }, 'y', 'x'],
    ['a: { f|fieldref: g }', { f: 'Y', g: 'y' }, 'Y', 'g'],
    ["a: ['evil']", { deep: { er: ['so evil!'] } }, 'so evil!', 'evil'],
    ['a: { f|re: b+ }', { f: 'abbc' }, 'abbc', 'b+'],
    ['a: { f|contains: inner }', { f: { k: 'inner' } }, '{"k":"inner"}', 'inner'],
    ['a: { f|gt: 3 }', { f: [1, 7] }, '7', '3'],
  ])('%s on %j', (selection, event, value, pattern) => {
    const [first] = explained(`${selection}\ncondition: a`, event) ?? [];
    expect(first?.fields[0]).toMatchObject({ value, pattern });
  });

  it('show at most 256 characters of a value', () => {
    const [first] = explained('a: { f|contains: x }\ncondition: a', { f: 'x'.repeat(5000) }) ?? [];
    expect(first?.fields[0]?.value).toHaveLength(256);
  });

  it('go with a stable id; everything serialises', () => {
    const set = compileText(ruleText('a: { f: 1 }\ncondition: a'));
    const ids = [
      { id: 'r1', f: 1 },
      { f: '1', id: 'r1', more: 2 },
      { id: 'r2', f: 1 },
      { f: 1 },
      { f: 1 },
    ].map((event) => evaluate(set, event)[0]?.id);
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
    expect(ids[3]).toBe(ids[4]);
    const [match] = set.evaluate('import', { f: 1 }, { id: 'given', timeMs: 5 });
    expect(JSON.parse(JSON.stringify(match))).toMatchObject({
      recordId: 'given',
      timeMs: 5,
      source: 'import',
      standalone: true,
    });
  });
});
