import { describe, expect, it } from 'vitest';
import { parseRules } from '../../../shared/detect/sigma/index.ts';
import { compileText, evaluate, faultsOf } from './support.ts';

const GLOBAL = `
action: global
title: Shared
level: high
logsource: { product: test }
detection:
    common: { kind: 1 }
    condition: common and own
---
id: one
detection:
    own: { f: 1 }
---
id: two
title: Second
detection:
    own: { f: 2 }
---
action: reset
---
id: three
title: Third
logsource: { product: test }
detection:
    own: { f: 3 }
    condition: own
---
action: repeat
id: four
detection:
    own: { f: 4 }
`;

describe('several documents in one file', () => {
  it("lays 'action: global' under the documents that follow", () => {
    const set = compileText(GLOBAL);
    expect(set.rules.map(({ key, title, level }) => [key, title, level])).toEqual([
      ['one', 'Shared', 'high'],
      ['two', 'Second', 'high'],
      ['three', 'Third', undefined],
      ['four', 'Third', undefined],
    ]);
    const hits = (event: unknown) => evaluate(set, event).map((match) => match.ruleKey);
    expect(hits({ kind: 1, f: 1 })).toEqual(['one']);
    expect(hits({ f: 2 })).toEqual([]);
    expect(hits({ kind: 1, f: 2 })).toEqual(['two']);
    expect(hits({ f: 4 })).toEqual(['four']);
  });

  it('refuses unknown actions, and two rules of one name', () => {
    const rule = (id: string) =>
      `title: t\nid: ${id}\nlogsource: { product: test }\ndetection: { s: { f: 1 }, condition: s }\n`;
    expect(faultsOf(`action: explode\n---\n${rule('a')}`)[0]).toMatch(
      /^1:1 'action: explode' is not supported/,
    );
    expect(faultsOf(`${rule('a')}---\n${rule('a')}`)).toEqual([
      "6:1 'a' is already the name of a rule (rule.yml:1)",
    ]);
  });

  it('keeps what it does not interpret for others, as plain values', () => {
    const text =
      'title: t\nid: x\nauthor: [A, B]\nlogsource: { product: test }\ndetection: { s: { f: 1 }, condition: s }\ntests:\n  - { event: { a: [1, null] } }\n';
    const [rule] = parseRules(text, 'x.yml').rules;
    expect(rule?.extra).toEqual({ tests: [{ event: { a: [1, null] } }] });
    expect(rule?.author).toBe('A, B');
  });

  it('gives rules without id or name a key that depends on their content only', () => {
    const text = (value: number) =>
      `title: t\nlogsource: { product: test }\ndetection: { s: { f: ${value} }, condition: s }\n`;
    const key = (value: number, file: string) => parseRules(text(value), file).rules[0]?.key;
    expect(key(1, 'a.yml')).toMatch(/^sha256:[0-9a-f]{32}$/);
    expect(key(1, 'a.yml')).toBe(key(1, 'b.yml'));
    expect(key(1, 'a.yml')).not.toBe(key(2, 'a.yml'));
  });
});

const filtered = (filter: string) => `
title: Base
id: base-id
name: base
logsource: { product: test, service: audit }
detection: { s: { f: 1 }, condition: s }
---
title: Administrators
${filter}
`;

const holds = (text: string, event: unknown) =>
  evaluate(compileText(text.replace('service: audit', 'category: c')), event).length;

describe('filters', () => {
  const admin = { f: 1, User: 'adm_bob' };
  const other = { f: 1, User: 'bob' };
  const body = "  selection: { User|startswith: 'adm_' }\n  condition: not selection";

  it.each([
    ['by name', 'rules: [base]'],
    ['by id', 'rules: [base-id]'],
    ['all rules of the log source', 'rules: any'],
  ])('narrow a rule %s', (_, rules) => {
    const text = filtered(`logsource: { product: test }\nfilter:\n  ${rules}\n${body}`);
    expect(holds(text, admin)).toBe(0);
    expect(holds(text, other)).toBe(1);
  });

  it('also include ("condition: selection" keeps only what the selection matches)', () => {
    const text = filtered(
      `logsource: { product: test }\nfilter:\n  rules: [base]\n${body.replace('not selection', 'selection')}`,
    );
    expect(holds(text, admin)).toBe(1);
    expect(holds(text, other)).toBe(0);
  });

  it('leave rules alone that they do not name or whose log source is another', () => {
    expect(
      holds(filtered(`logsource: { product: test }\nfilter:\n  rules: [elsewhere]\n${body}`), admin),
    ).toBe(1);
    expect(holds(filtered(`logsource: { product: other }\nfilter:\n  rules: any\n${body}`), admin)).toBe(1);
  });

  it('are refused with a position', () => {
    const wrong = `logsource: { product: other }\nfilter:\n  rules: [base]\n${body}`;
    expect(faultsOf(filtered(wrong))).toEqual(["11:11 'base' has another log source than the filter"]);
    expect(
      faultsOf(
        filtered('logsource: { product: test }\nfilter:\n  rules: []\n  s: { a: 1 }\n  condition: s'),
      )[0],
    ).toMatch(/'rules' is empty/);
    expect(faultsOf(filtered(`logsource: { product: test }\nfilter:\n${body}`))[0]).toMatch(
      /'filter' has no 'rules'/,
    );
  });

  it('are part of the explanation', () => {
    const text = filtered(`logsource: { product: test }\nfilter:\n  rules: [base]\n${body}`).replace(
      'service: audit',
      'category: c',
    );
    const [match] = evaluate(compileText(text), other);
    expect(match?.selections).toEqual([
      {
        selection: 's',
        held: true,
        fields: [{ field: 'f', path: 'f', value: '1', pattern: '1', modifiers: [] }],
      },
      { selection: 'Administrators: selection', held: false, fields: [] },
    ]);
  });
});
