import { describe, expect, it } from 'vitest';
import { compileText, evaluate, lineMatches, ruleText } from './support.ts';

/** Milliseconds of processor time, so that a busy machine does not fail the test. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const time = (line: string, event: unknown): { ms: number; matched: boolean } => {
  const set = compileText(ruleText(`s:\n  ${line}\ncondition: s`));
  let matched = false;
  const ms = cpuMs(() => {
    matched = evaluate(set, event).length > 0;
  });
  return { ms, matched };
};

const MEGA = 1_000_000;

describe('hostile patterns and records', () => {
  it.each([
    "f|re: '(a+)+$'",
    "f|re: '^(a|aa)+$'",
    "f|re: '(a*)*b'",
    "f|re|i: '(x+x+)+y'",
    "f|re: '(.*)(.*)(.*)(.*)[0-9]z$'",
    "f|re: '^(([a-z])+.)+[A-Z]([a-z])+$'",
  ])('%s takes time linear in the text', (line) => {
    const short = time(line, { f: `${'a'.repeat(20_000)}!` });
    const long = time(line, { f: `${'a'.repeat(200_000)}!` });
    expect(long.matched).toBe(false);
    expect(long.ms).toBeLessThan(Math.max(500, short.ms * 40));
    expect(long.ms).toBeLessThan(5000);
  });

  it.each([
    ["f: '*a*b*c*d*e*f*g*h*'", 'a'.repeat(MEGA), false],
    [`f: '${'*a'.repeat(500)}*z'`, 'a'.repeat(MEGA), false],
    [`f: '*${'?'.repeat(200)}z*'`, 'a'.repeat(MEGA / 5), false],
    ["f|contains: 'aaaaaaaaaaaaaaaaaaaaaaaab'", 'a'.repeat(MEGA), false],
    ["f|contains|windash: ' -x -y -z'", ' /x'.repeat(MEGA / 5), false],
    ["f|contains: 'needle'", `${'x'.repeat(MEGA * 5)}NEEDLE`, true],
    ["f|re: 'needle$'", `${'x'.repeat(MEGA)}needle`, true],
    ["f|base64offset|contains: 'needle'", 'x'.repeat(MEGA), false],
    ['f|cidr: 10.0.0.0/8', '1'.repeat(MEGA), false],
    ['f|hour: 3', '2026-01-01T'.repeat(MEGA / 20), false],
    ['f|gt: 3', '9'.repeat(MEGA), false],
  ])('%s on a very long text is bounded', (line, text, expected) => {
    const { ms, matched } = time(line, { f: text });
    expect(matched).toBe(expected);
    expect(ms).toBeLessThan(3000);
  });

  it('very many fields, elements and keywords are bounded', () => {
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, `v${i}`]));
    expect(time('missing.path: x', wide).ms).toBeLessThan(2000);
    const numbers = { f: Array.from({ length: 500_000 }, (_, i) => i) };
    expect(time('f: 499999', numbers)).toMatchObject({ matched: true });
    const list = { f: Array.from({ length: 100_000 }, (_, i) => ({ Name: `n${i}`, Value: i })) };
    expect(time('f.n99999: 99999', list)).toMatchObject({ matched: true });
    const set = compileText(ruleText('k: [evil]\ncondition: k'));
    expect(cpuMs(() => expect(evaluate(set, { ...wide, last: 'evil' })).toHaveLength(1))).toBeLessThan(2000);
  });

  it('names of Object members are only names', () => {
    const event = JSON.parse(
      '{"__proto__":{"admin":true},"constructor":{"name":"x"},"hasOwnProperty":"y"}',
    ) as unknown;
    expect(lineMatches('admin: true', event)).toBe(false);
    expect(lineMatches('constructor.name: x', event)).toBe(true);
    expect(lineMatches('hasOwnProperty: y', event)).toBe(true);
    expect(lineMatches('valueOf|exists: true', {})).toBe(false);
  });
});
