import type { Comparison, Test, TextMatch, TimePart } from '../ast.ts';
import { Flaw, type Position } from '../faults.ts';
import { tokenize, type Token } from '../sigma-string.ts';
import type { ScalarTree } from '../yaml-positions.ts';

/** A value on its way through the modifiers of its field. */
export interface DraftValue {
  readonly scalar: ScalarTree;
  /** What the modifiers made of the text; absent for null, and for numbers and booleans nobody turned into text. */
  tokens?: Token[];
  /** Set by the utf16 family, consumed by base64. */
  bytes?: Buffer;
}

/** What the modifiers of one field have decided so far. */
export interface Draft {
  readonly at: Position;
  readonly isKeyword: boolean;
  values: DraftValue[];
  every: boolean;
  negated: boolean;
  cased: boolean;
  match: TextMatch;
  kind: 'value' | 'regex' | 'cidr' | 'exists' | 'field' | 'compare';
  regexFlags: number;
  comparison?: Comparison;
  part?: TimePart;
  readonly applied: string[];
}

/** A modifier changes the draft, or throws a Flaw. */
export type Modifier = (draft: Draft) => void;

export type ModifierTable = Readonly<Record<string, Modifier>>;

export function draftOf(scalars: readonly ScalarTree[], at: Position, isKeyword: boolean): Draft {
  const values = scalars.map((scalar): DraftValue =>
    typeof scalar.value === 'string' ? { scalar, tokens: tokenize(scalar.value) } : { scalar },
  );
  return {
    at,
    isKeyword,
    values,
    every: false,
    negated: false,
    cased: false,
    match: 'equals',
    kind: 'value',
    regexFlags: 0,
    applied: [],
  };
}

/** Tokens of every value, for modifiers on text. Numbers are taken as they were written. */
export function textsOf(draft: Draft, modifier: string): (DraftValue & { tokens: Token[] })[] {
  return draft.values.map((value) => {
    if (value.scalar.value === null)
      throw new Flaw(value.scalar.at, `'${modifier}' cannot be applied to null`);
    value.tokens ??= [value.scalar.text];
    return value as DraftValue & { tokens: Token[] };
  });
}

export function requireKind(draft: Draft, kind: Draft['kind'], modifier: string): void {
  if (draft.kind !== kind)
    throw new Flaw(draft.at, `'${modifier}' cannot follow '${draft.applied.join('|')}'`);
}

export const shownOf = (value: DraftValue): Pick<Test, 'shown' | 'at'> => ({
  shown: value.scalar.value === null ? 'null' : value.scalar.text,
  at: value.scalar.at,
});
