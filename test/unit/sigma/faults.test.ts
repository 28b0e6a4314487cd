import { describe, expect, it, test } from 'vitest';
import { parseRules, parsePipelines, refuseFaults } from '../../../shared/detect/sigma/index.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { faultsOf, ruleText } from './support.ts';

const HEAD = 'title: t\nlogsource: { product: test }\n';
const rule = (lines: string) => `${HEAD}detection:\n  s:\n    ${lines}\n  condition: s\n`;

describe('faults name line, column and reason', () => {
  const cases: [what: string, text: string, fault: string | RegExp][] = [
    ['unknown modifier', rule('f|contians: a'), "5:5 unknown modifier 'contians'"],
    ['modifier from Object', rule('f|constructor: a'), "5:5 unknown modifier 'constructor'"],
    [
      'unknown selection',
      `${HEAD}detection:\n  s: { f: 1 }\n  condition: s and t\n`,
      "5:20 there is no selection 't'",
    ],
    ['bad level', `${HEAD}level: urgent\n${rule('f: 1').slice(HEAD.length)}`, /^3:8 'level' must be one of/],
    ['bad status', `${HEAD}status: new\n${rule('f: 1').slice(HEAD.length)}`, /^3:9 'status' must be one of/],
    [
      'no title',
      'logsource: { product: x }\ndetection: { s: { f: 1 }, condition: s }',
      /^1:1 the document has no 'title'/,
    ],
    [
      'no log source',
      'title: t\ndetection: { s: { f: 1 }, condition: s }',
      /^1:1 the document has no 'logsource'/,
    ],
    [
      'empty log source',
      'title: t\nlogsource: { definition: d }\ndetection: { s: { f: 1 }, condition: s }',
      /^2:1 'logsource' needs/,
    ],
    ['no condition', `${HEAD}detection:\n  s: { f: 1 }\n`, /^4:3 'detection' has no 'condition'/],
    ['no selection', `${HEAD}detection:\n  condition: s\n`, /^4:3 'detection' has no selection/],
    ['empty selection', rule('{}').replace('s:\n    {}', 's: {}'), /^4:6 the selection is empty/],
    ['map as value', rule('f: { a: 1 }'), /^5:8 'f' must be a value or a list of values/],
    ['nested list', rule('f: [[1]]'), /^5:9 a value of 'f' must be plain/],
    ['empty list', rule('f: []'), /^5:8 'f' has an empty list/],
    ['null among values', rule("f: ['', null]"), /^5:13 null cannot be one of several values/],
    ['empty field part', rule('f..g: 1'), /^5:5 'f..g' is not a field name/],
    ['prototype', rule('__proto__.x: 1'), /is not a field name/],
    ['lookahead', rule("f|re: 'a(?=b)'"), /^5:11 not an RE2 expression/],
    ['back reference', rule("f|re: '(a)\\1'"), /^5:11 not an RE2 expression/],
    ['huge repetition', rule("f|re: '((a{100}){100}){100}'"), /^5:11 not an RE2 expression/],
    ['bad network', rule('f|cidr: 10.0.0.0/33'), /^5:13 '10.0.0.0\/33' is not a network/],
    ['bare address', rule('f|cidr: 10.0.0.1'), /is not a network/],
    ['text compared', rule('f|gt: many'), /^5:11 'gt' needs a number/],
    ['text as hour', rule('f|hour: noon'), /^5:13 'hour' needs a number/],
    ['exists with text', rule('f|exists: maybe'), /^5:5 'exists' needs true or false/],
    [
      'exists and more',
      rule('f|contains|exists: true'),
      /^5:5 'exists' cannot follow|must be the only|cannot/,
    ],
    ['all with one value', rule('f|contains|all: a'), /^5:5 'all' needs a list/],
    ['re after contains', rule('f|contains|re: a'), /^5:5 're' must be the first modifier/],
    ['contains after re', rule('f|re|contains: a'), /^5:5 'contains' cannot follow 're'/],
    ['i without re', rule('f|i: a'), /^5:5 'i' must follow 're'/],
    ['two affixes', rule('f|startswith|endswith: a'), /^5:5 'endswith' cannot be combined with 'startswith'/],
    [
      'base64 of a wildcard',
      rule('f|base64: a*b'),
      /^5:15 'base64' cannot be applied to a value with wildcards/,
    ],
    ['base64 after contains', rule('f|contains|base64: a'), /^5:5 'base64' must come before 'contains'/],
    ['contains null', rule('f|contains: null'), /^5:17 'contains' cannot be applied to null/],
    ['fieldref to a number', rule('f|fieldref: 5'), /^5:17 'fieldref' needs the name of a field/],
    [
      'keyword with cidr',
      `${HEAD}detection:\n  s:\n    '|cidr': 10.0.0.0/8\n  condition: s\n`,
      /^5:5 'cidr' needs a field/,
    ],
    [
      'retired timeframe',
      `${HEAD}detection:\n  s: { f: 1 }\n  timeframe: 5m\n  condition: s\n`,
      /^5:3 'timeframe' is retired/,
    ],
    ['duplicate key', rule('f: 1\n    f: 2'), /^6:5 YAML: Map keys must be unique/],
    ['broken YAML', 'title: [a\n', /YAML:/],
    ['two kinds', `${rule('f: 1')}correlation: {}\n`, /^1:1 a document must have exactly one of/],
    ['no kind', 'title: t\n', /^1:1 a document must have exactly one of/],
    ['not a map', '- a\n- b\n', /^1:1 a rule must be a map/],
    ['empty file', '', '1:1 the file holds no rule'],
    ['unknown anchor', rule('f: *nowhere'), /^5:8/],
    ['merge key', rule('<<: { f: 1 }'), /^5:5 merge keys/],
    ['long pattern', rule(`f: ${'x'.repeat(5000)}`), /^5:8 a value has more than 4096 characters/],
    [
      'many single wildcards',
      rule(`f: '${'?'.repeat(300)}'`),
      /^5:8 a value has more than 256 single-character wildcards/,
    ],
    ['second document', `${rule('f: 1')}---\n${rule('f|nope: 1')}`, "12:5 unknown modifier 'nope'"],
  ];
  test.each(cases)('%s', (_, text, fault) => {
    const faults = faultsOf(text);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]).toMatch(fault);
  });

  it('a refused document leaves the others of the file in place', () => {
    const parsed = parseRules(`${rule('f: 1')}---\n${rule('f|nope: 1')}---\n${rule('f: 2')}`, 'x.yml');
    expect(parsed.rules).toHaveLength(2);
    expect(parsed.faults).toEqual([
      { file: 'x.yml', line: 12, column: 5, reason: "unknown modifier 'nope'" },
    ]);
  });

  it('becomes an invalid request that names file, line and reason', () => {
    const { faults } = parseRules(rule('f|nope: 1'), 'mine.yml');
    expect(() => refuseFaults(faults)).toThrow(HoldfastError);
    expect(() => refuseFaults(faults)).toThrow(/mine\.yml:5:5: unknown modifier 'nope'/);
    expect(() => refuseFaults([])).not.toThrow();
  });

  it('anchors are resolved, a billion laughs is refused', () => {
    expect(faultsOf(ruleText('s: &a { f: 1 }\nt: *a\ncondition: s or t'))).toEqual([]);
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `a${i}: &a${i} [${Array(10)
          .fill(i ? `*a${i - 1}` : 'x')
          .join(', ')}]`,
    );
    expect(faultsOf(levels.join('\n'))[0]).toMatch(/too large or too deeply nested/);
  });

  it('pipelines are checked by schema, with positions', () => {
    const { faults } = parsePipelines(
      'shape: s\nid: [id]\ntime: [t]\nsources: [nowhere]\n---\npipeline: p\nlogsource: {}\nbnd: []\n',
      'p.yml',
    );
    expect(faults.map(({ line, reason }) => [line, reason.slice(0, 12)])).toEqual([
      [4, 'sources.0: I'],
      [6, ': Unrecogniz'],
    ]);
  });
});
