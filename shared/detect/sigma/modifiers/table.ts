import { RE2JS } from 're2js';
import type { Predicate, Test, TestKind } from '../ast.ts';
import { Flaw, type Position } from '../faults.ts';
import { parseNetwork } from '../networks.ts';
import { DASH, ONE } from '../sigma-string.ts';
import type { ScalarTree } from '../yaml-positions.ts';
import { draftOf, shownOf, type Draft, type DraftValue, type ModifierTable } from './draft.ts';
import { encoding } from './encoding.ts';
import { generic } from './generic.ts';
import { placeholders } from './placeholders.ts';
import { regex } from './regex.ts';
import { typed } from './typed.ts';

/** Every modifier of the specification's appendix (v2.1), by name. A new one is one more entry. */
export const MODIFIERS: ModifierTable = { ...generic, ...encoding, ...regex, ...typed, ...placeholders };

export const MAX_PATTERN_CHARS = 4096;
// Single-character wildcards are the only part of a pattern whose search costs text × pattern in JavaScript.
const MAX_SINGLE_WILDCARDS = 256;
const MAX_VALUES = 10_000;

/** Applies `names` in order to a field's values. */
export function applyModifiers(
  field: string | undefined,
  names: readonly string[],
  scalars: readonly ScalarTree[],
  at: Position,
): Predicate {
  if (scalars.length > MAX_VALUES) throw new Flaw(at, `more than ${MAX_VALUES} values`);
  const draft = draftOf(scalars, at, field === undefined);
  for (const name of names) {
    const modifier = Object.hasOwn(MODIFIERS, name) ? MODIFIERS[name] : undefined;
    if (!modifier) throw new Flaw(at, `unknown modifier '${name}'`);
    modifier(draft);
    draft.applied.push(name);
  }
  return {
    at,
    ...(field === undefined ? {} : { field }),
    modifiers: names,
    tests: draft.values.map((value) => testOf(draft, value)),
    every: draft.every,
    negated: draft.negated,
    ...(draft.part ? { part: draft.part } : {}),
  };
}

function testOf(draft: Draft, value: DraftValue): Test {
  if (value.scalar.text.length > MAX_PATTERN_CHARS)
    throw new Flaw(value.scalar.at, `a value has more than ${MAX_PATTERN_CHARS} characters`);
  const singles = value.tokens?.filter((token) => token === ONE || token === DASH).length ?? 0;
  if (singles > MAX_SINGLE_WILDCARDS)
    throw new Flaw(
      value.scalar.at,
      `a value has more than ${MAX_SINGLE_WILDCARDS} single-character wildcards`,
    );
  return { ...shownOf(value), ...FINISH[draft.kind](draft, value) };
}

const FINISH: Readonly<Record<Draft['kind'], (draft: Draft, value: DraftValue) => TestKind>> = {
  value: finishValue,
  exists: (_, value) => ({ kind: 'exists', value: value.scalar.value === true }),
  compare: (draft, value) => ({
    kind: 'compare',
    comparison: draft.comparison!,
    value: Number(value.scalar.value),
  }),
  regex: finishRegex,
  cidr(_, value) {
    const network = value.scalar.text.trim();
    if (!parseNetwork(network))
      throw new Flaw(value.scalar.at, `'${network}' is not a network such as 10.0.0.0/8`);
    return { kind: 'cidr', network };
  },
  field(draft, value) {
    const field = value.scalar.text.trim();
    if (typeof value.scalar.value !== 'string' || !field)
      throw new Flaw(value.scalar.at, "'fieldref' needs the name of a field");
    return { kind: 'field', field, match: draft.match, cased: draft.cased };
  },
};

function finishValue(draft: Draft, value: DraftValue): TestKind {
  if (value.tokens) return { kind: 'text', tokens: value.tokens, cased: draft.cased };
  const plain = value.scalar.value;
  if (plain === null) {
    if (draft.isKeyword) throw new Flaw(value.scalar.at, 'null cannot be a keyword');
    return { kind: 'null' };
  }
  return typeof plain === 'boolean'
    ? { kind: 'boolean', value: plain }
    : { kind: 'number', value: Number(plain) };
}

function finishRegex(draft: Draft, value: DraftValue): TestKind {
  if (value.scalar.value === null) throw new Flaw(value.scalar.at, "'re' needs an expression, not null");
  const source = value.scalar.text;
  try {
    RE2JS.compile(source, draft.regexFlags);
  } catch (error) {
    throw new Flaw(value.scalar.at, `not an RE2 expression: ${(error as Error).message}`);
  }
  return { kind: 'regex', source, flags: draft.regexFlags };
}
