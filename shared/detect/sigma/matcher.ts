import { RE2JS } from 're2js';
import { parseInstant, msFromTicks } from '../../instant.ts';
import type { Comparison, Predicate, Test, TimePart } from './ast.ts';
import type { FieldValues, Scalar } from './field-values.ts';
import { inNetwork, parseAddress, parseNetwork } from './networks.ts';
import { surround, type Token } from './sigma-string.ts';
import { compileText, type TextMatcher } from './text-matcher.ts';

/** Index of the first candidate that matches (see FieldValues.candidate), or -1. */
export type Matcher = (values: FieldValues) => number;

/** A test that looks at one field only; `fieldref` is compiled where the other field is known. */
export type ValueTest = Exclude<Test, { kind: 'field' }>;

/** Compiles one test of a predicate. `within`: the field's text is searched rather than compared as a whole. */
export function compileTest(test: ValueTest, part: TimePart | undefined, within: boolean): Matcher {
  if (part) return compilePart(test, part);
  const compile = COMPILE[test.kind] as (test: ValueTest, within: boolean) => Matcher;
  return compile(test, within);
}

const COMPILE: {
  readonly [K in ValueTest['kind']]: (test: Extract<ValueTest, { kind: K }>, within: boolean) => Matcher;
} = {
  text: (test, within) => textMatcher(within ? surround(test.tokens, true, true) : test.tokens, test.cased),
  number: (test) => numberMatcher(test.value, test.shown),
  boolean: (test) => textMatcher([String(test.value)], false),
  null: () => (values) => (values.isNull ? 0 : -1),
  exists: (test) => (values) => (values.present === test.value ? 0 : -1),
  regex: (test) => regexMatcher(test.source, test.flags),
  compare: (test) => comparisonMatcher(test.comparison, test.value),
  cidr: (test) => cidrMatcher(test.network),
};

function textMatcher(tokens: readonly Token[], cased: boolean): Matcher {
  const folded = cased
    ? tokens
    : tokens.map((token) => (typeof token === 'string' ? token.toLowerCase() : token));
  const { matches, onJson } = compileText(folded);
  if (cased)
    return (values) =>
      first(values.texts, matches, onJson && values.composites.length > 0 ? values.json : NONE);
  return (values) =>
    first(values.lower, matches, onJson && values.composites.length > 0 ? values.jsonLower : NONE);
}

const NONE: readonly string[] = [];

function first(texts: readonly string[], matches: TextMatcher, json: readonly string[]): number {
  for (let i = 0; i < texts.length; i++) if (matches(texts[i]!)) return i;
  for (let i = 0; i < json.length; i++) if (matches(json[i]!)) return texts.length + i;
  return -1;
}

const NUMERIC = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/** The number a scalar is or spells, else undefined. */
export function numberOf(value: Scalar): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.length <= 40 && NUMERIC.test(value) ? Number(value) : undefined;
}

/** A number equals the same number, its decimal spelling, and the spelling the rule used (`0x17`). */
function numberMatcher(value: number, shown: string): Matcher {
  const text = shown.toLowerCase();
  return ({ scalars }) => {
    for (let i = 0; i < scalars.length; i++) {
      const scalar = scalars[i]!;
      if (scalar === value || numberOf(scalar) === value) return i;
      if (typeof scalar === 'string' && scalar.toLowerCase() === text) return i;
    }
    return -1;
  };
}

const COMPARE: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

function comparisonMatcher(comparison: Comparison, limit: number): Matcher {
  const holds = COMPARE[comparison];
  return ({ scalars }) =>
    scalars.findIndex((scalar) => {
      const number = numberOf(scalar);
      return number !== undefined && holds(number, limit);
    });
}

function regexMatcher(source: string, flags: number): Matcher {
  const expression = RE2JS.compile(source, flags);
  const matches = (text: string) => expression.test(text);
  return (values) => first(values.texts, matches, values.composites.length > 0 ? values.json : NONE);
}

function cidrMatcher(text: string): Matcher {
  const network = parseNetwork(text)!;
  return (values) =>
    values.texts.findIndex((value) => {
      const address = parseAddress(value);
      return address !== undefined && inNetwork(address, network);
    });
}

function compilePart(test: ValueTest, part: TimePart): Matcher {
  const holds = partTest(test);
  return ({ scalars }) =>
    scalars.findIndex((scalar) => {
      const ticks = parseInstant(scalar);
      return ticks !== undefined && holds(PARTS[part](new Date(msFromTicks(ticks))));
    });
}

function partTest(test: ValueTest): (value: number) => boolean {
  if (test.kind === 'compare') return (value) => COMPARE[test.comparison](value, test.value);
  return (value) => test.kind === 'number' && value === test.value;
}

/** UTC. Weeks are ISO 8601's. */
const PARTS: Readonly<Record<TimePart, (date: Date) => number>> = {
  minute: (date) => date.getUTCMinutes(),
  hour: (date) => date.getUTCHours(),
  day: (date) => date.getUTCDate(),
  week: isoWeek,
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
};

const DAY_MS = 86_400_000;

function isoWeek(date: Date): number {
  // The week belongs to the year of its Thursday.
  const weekday = (date.getUTCDay() + 6) % 7;
  const thursday = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() - weekday + 3);
  const yearStart = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return 1 + Math.floor((thursday - yearStart) / DAY_MS / 7);
}

/** Does any value of one field stand in the relation to any value of the other? Answers like a Matcher. */
export function compareFields(
  values: FieldValues,
  other: FieldValues,
  match: Extract<Test, { kind: 'field' }>['match'],
  cased: boolean,
): number {
  const [left, right] = cased ? [values.texts, other.texts] : [values.lower, other.lower];
  return left.findIndex((text) => right.some((reference) => RELATION[match](text, reference)));
}

const RELATION = {
  equals: (text: string, other: string) => text === other,
  startswith: (text: string, other: string) => text.startsWith(other),
  endswith: (text: string, other: string) => text.endsWith(other),
  contains: (text: string, other: string) => text.includes(other),
} as const;

/** All or any of the tests, ignoring `neq`. */
export const combine = (
  predicate: Predicate,
  matchers: readonly Matcher[],
): ((values: FieldValues) => boolean) => {
  const [only] = matchers;
  if (matchers.length === 1 && only) return (values) => only(values) >= 0;
  if (predicate.every) return (values) => matchers.every((matcher) => matcher(values) >= 0);
  return (values) => matchers.some((matcher) => matcher(values) >= 0);
};
