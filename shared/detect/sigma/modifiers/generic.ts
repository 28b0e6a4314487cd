import { Flaw } from '../faults.ts';
import { surround } from '../sigma-string.ts';
import { requireKind, textsOf, type Draft, type ModifierTable } from './draft.ts';

/** contains, startswith, endswith; all; cased; neq; exists. */
export const generic: ModifierTable = {
  contains: (draft) => affix(draft, 'contains', true, true),
  startswith: (draft) => affix(draft, 'startswith', false, true),
  endswith: (draft) => affix(draft, 'endswith', true, false),
  all(draft) {
    const expands = draft.values.some((value) => /%[^%\s]+%/.test(value.scalar.text));
    // The specification: "Single item values are not allowed to have an `all` modifier".
    if (draft.values.length < 2 && !expands)
      throw new Flaw(draft.at, "'all' needs a list of at least two values");
    draft.every = true;
  },
  cased(draft) {
    if (draft.kind !== 'value' && draft.kind !== 'field')
      throw new Flaw(draft.at, `'cased' cannot follow '${draft.kind}'`);
    draft.cased = true;
  },
  neq(draft) {
    if (draft.isKeyword) throw new Flaw(draft.at, "'neq' needs a field");
    draft.negated = true;
  },
  exists(draft) {
    requireKind(draft, 'value', 'exists');
    if (draft.isKeyword) throw new Flaw(draft.at, "'exists' needs a field");
    if (draft.applied.length > 0) throw new Flaw(draft.at, "'exists' must be the only modifier");
    const [value] = draft.values;
    if (draft.values.length !== 1 || typeof value?.scalar.value !== 'boolean')
      throw new Flaw(draft.at, "'exists' needs true or false");
    draft.kind = 'exists';
  },
};

function affix(
  draft: Draft,
  name: 'contains' | 'startswith' | 'endswith',
  before: boolean,
  after: boolean,
): void {
  if (draft.match !== 'equals')
    throw new Flaw(draft.at, `'${name}' cannot be combined with '${draft.match}'`);
  draft.match = name;
  if (draft.kind === 'field') return;
  requireKind(draft, 'value', name);
  for (const value of textsOf(draft, name)) value.tokens = surround(value.tokens, before, after);
}
