import { RE2JS } from 're2js';
import { Flaw } from '../faults.ts';
import { requireKind, type Draft, type ModifierTable } from './draft.ts';

/** `re` with its sub-modifiers i, m, s. Matching is RE2's: linear in the text, whatever the expression. */
export const regex: ModifierTable = {
  re(draft) {
    requireKind(draft, 'value', 're');
    if (draft.match !== 'equals' || draft.cased || draft.applied.length > 0)
      throw new Flaw(draft.at, "'re' must be the first modifier");
    draft.kind = 'regex';
  },
  i: (draft) => flag(draft, 'i', RE2JS.CASE_INSENSITIVE),
  m: (draft) => flag(draft, 'm', RE2JS.MULTILINE),
  s: (draft) => flag(draft, 's', RE2JS.DOTALL),
};

function flag(draft: Draft, name: string, bit: number): void {
  if (draft.kind !== 'regex') throw new Flaw(draft.at, `'${name}' must follow 're'`);
  draft.regexFlags |= bit;
}
