import type { Comparison, TimePart } from '../ast.ts';
import { Flaw } from '../faults.ts';
import { requireKind, type Draft, type ModifierTable } from './draft.ts';

/** gt, gte, lt, lte; the parts of a date; cidr; fieldref. */
export const typed: ModifierTable = {
  gt: (draft) => compare(draft, 'gt'),
  gte: (draft) => compare(draft, 'gte'),
  lt: (draft) => compare(draft, 'lt'),
  lte: (draft) => compare(draft, 'lte'),
  minute: (draft) => part(draft, 'minute'),
  hour: (draft) => part(draft, 'hour'),
  day: (draft) => part(draft, 'day'),
  week: (draft) => part(draft, 'week'),
  month: (draft) => part(draft, 'month'),
  year: (draft) => part(draft, 'year'),
  cidr(draft) {
    onlyField(draft, 'cidr');
    plainValue(draft, 'cidr');
    draft.kind = 'cidr';
  },
  fieldref(draft) {
    onlyField(draft, 'fieldref');
    requireKind(draft, 'value', 'fieldref');
    draft.kind = 'field';
  },
};

function compare(draft: Draft, comparison: Comparison): void {
  onlyField(draft, comparison);
  plainValue(draft, comparison);
  for (const { scalar } of draft.values)
    if (typeof scalar.value !== 'number')
      throw new Flaw(scalar.at, `'${comparison}' needs a number, not '${scalar.text}'`);
  draft.kind = 'compare';
  draft.comparison = comparison;
}

function part(draft: Draft, name: TimePart): void {
  onlyField(draft, name);
  plainValue(draft, name);
  for (const { scalar } of draft.values)
    if (typeof scalar.value !== 'number')
      throw new Flaw(scalar.at, `'${name}' needs a number, not '${scalar.text}'`);
  draft.part = name;
}

function onlyField(draft: Draft, name: string): void {
  if (draft.isKeyword) throw new Flaw(draft.at, `'${name}' needs a field`);
}

function plainValue(draft: Draft, name: string): void {
  requireKind(draft, 'value', name);
  if (draft.match !== 'equals')
    throw new Flaw(draft.at, `'${name}' cannot be combined with '${draft.match}'`);
}
