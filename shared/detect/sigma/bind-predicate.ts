import type { Predicate, Test } from './ast.ts';
import { excerpt, type FieldExplanation } from './match.ts';
import type { Item } from './expression.ts';
import type { ResolvedField } from './field-names.ts';
import { FieldValues } from './field-values.ts';
import { literalOf } from './sigma-string.ts';
import { combine, compareFields, compileTest, type Matcher, type ValueTest } from './matcher.ts';
import type { FieldTable, RecordView } from './record-view.ts';
import type { Impossible } from './pipeline.ts';

/** What a predicate is bound against: one shape's fields, as one rule names them. */
export interface BindContext {
  readonly table: FieldTable;
  readonly names: { resolve(name: string): ResolvedField };
  readonly impossible: readonly Impossible[];
  /** Told how each field was found, for the rule's status. */
  readonly used: (field: string, how: ResolvedField['how']) => void;
}

export function bindPredicate(predicate: Predicate, context: BindContext): Item {
  if (predicate.field === undefined) return bindKeywords(predicate, context);
  const field = resolve(predicate.field, context);
  const slot = context.table.slotOf(field.sources);
  const within = field.sources.some((source) => source.within);
  const references = fieldReferences(predicate, context);
  if (references) return bindReferences(predicate, field, slot, references);
  const tests = predicate.tests as readonly ValueTest[];
  const matchers = tests.map((test) => compileTest(test, predicate.part, within));
  const positive = combine(predicate, matchers);
  const holds = predicate.negated ? (values: FieldValues) => !positive(values) : positive;
  const path = pathOf(field);
  const { part, every, negated } = predicate;
  const test = context.table.testOf([
    slot,
    within,
    part,
    every,
    negated,
    tests.map((each) => ({ ...each, at: 0 })),
  ]);
  return {
    holds: remembering(slot, test, holds),
    test,
    cost: costOf(predicate, field),
    explain: (view) => explainTests(predicate, path, view.get(slot), matchers),
    slots: [slot],
    dependencies: dependenciesOf(field),
    monotone: isMonotone(predicate, field),
    always: alwaysOf(predicate, field, holds, context.impossible),
  };
}

/** Values shared by many records remember what a test said of them. */
function remembering(slot: number, test: number, holds: (values: FieldValues) => boolean): Item['holds'] {
  return (view) => {
    const values = view.get(slot);
    const { outcomes } = values;
    if (outcomes === undefined) return holds(values);
    return (outcomes[test] ??= holds(values));
  };
}

/** Rough order of effort, so that the cheap and likely decisive parts of a condition are tried first. */
function costOf(predicate: Predicate, field: ResolvedField): number {
  const json = field.sources.some((source) => source.json) ? 20 : 0;
  const regex = predicate.tests.some(({ kind }) => kind === 'regex') ? 10 : 0;
  const search = predicate.modifiers.includes('contains') ? 3 : 1;
  return json + regex + search + field.sources.length * 2 + Math.min(5, predicate.tests.length / 10);
}

function resolve(name: string, context: BindContext): ResolvedField {
  const field = context.names.resolve(name);
  context.used(name, field.how);
  return field;
}

function bindKeywords(predicate: Predicate, context: BindContext): Item {
  const slot = context.table.keywordSlot();
  // Keywords are unbound: they are looked for anywhere in a value.
  const matchers = (predicate.tests as readonly ValueTest[]).map((test) =>
    compileTest(asText(test), undefined, true),
  );
  const holds = combine(predicate, matchers);
  return {
    holds: (view) => holds(view.get(slot)),
    test: undefined,
    cost: 100,
    explain: (view) => explainTests(predicate, '$', view.get(slot), matchers),
    slots: [slot],
    dependencies: undefined,
    monotone: false,
    always: undefined,
  };
}

/** A keyword such as 4688 is looked for as text. */
const asText = (test: ValueTest): ValueTest =>
  test.kind === 'number' || test.kind === 'boolean'
    ? { kind: 'text', tokens: [test.shown], cased: false, shown: test.shown, at: test.at }
    : test;

type FieldTest = Extract<Test, { kind: 'field' }>;

interface Reference {
  readonly test: FieldTest;
  readonly field: ResolvedField;
  readonly slot: number;
}

function fieldReferences(predicate: Predicate, context: BindContext): Reference[] | undefined {
  if (predicate.tests[0]?.kind !== 'field') return undefined;
  return (predicate.tests as readonly FieldTest[]).map((test) => {
    const field = resolve(test.field, context);
    return { test, field, slot: context.table.slotOf(field.sources) };
  });
}

function bindReferences(
  predicate: Predicate,
  field: ResolvedField,
  slot: number,
  references: readonly Reference[],
): Item {
  const found = (view: RecordView, { test, slot: other }: Reference) =>
    compareFields(view.get(slot), view.get(other), test.match, test.cased);
  const positive = (view: RecordView) =>
    predicate.every
      ? references.every((reference) => found(view, reference) >= 0)
      : references.some((reference) => found(view, reference) >= 0);
  const all = [field, ...references.map((reference) => reference.field)].map(dependenciesOf);
  return {
    holds: predicate.negated ? (view) => !positive(view) : positive,
    test: undefined,
    cost: 10,
    slots: [slot, ...references.map((reference) => reference.slot)],
    explain: (view) =>
      references.map((reference) => ({
        field: predicate.field,
        path: pathOf(field),
        value: excerpt(view.get(slot).candidate(Math.max(0, found(view, reference)))),
        pattern: reference.test.field,
        modifiers: predicate.modifiers,
      })),
    dependencies: all.some((part) => part === undefined) ? undefined : all.flatMap((part) => part ?? []),
    monotone: false,
    always: undefined,
  };
}

const pathOf = (field: ResolvedField): string =>
  field.sources.map((source) => source.path ?? `=${source.const}`).join(' | ');

/** Lower-cased paths a field is read from; undefined: the whole record. */
export function dependenciesOf(field: ResolvedField): readonly string[] | undefined {
  const paths = field.sources.flatMap((source) =>
    source.path === undefined ? [] : [source.path.toLowerCase()],
  );
  return paths.includes('$') ? undefined : paths;
}

const isMonotone = (predicate: Predicate, field: ResolvedField): boolean =>
  !predicate.negated &&
  predicate.tests.every(({ kind }) => kind !== 'null' && kind !== 'exists') &&
  field.sources.every((source) => !source.fallback && !source.json);

/** Outcomes that no record can change: unknown fields, fixed values, literals that no record has. */
function alwaysOf(
  predicate: Predicate,
  field: ResolvedField,
  holds: (values: FieldValues) => boolean,
  impossible: readonly Impossible[],
): Item['always'] {
  if (predicate.tests.length === 0)
    return { outcome: predicate.negated, reason: `the list for '${predicate.field}' is empty` };
  if (field.how === 'missing')
    return { outcome: holds(new FieldValues()), reason: `no record has a field '${predicate.field}'` };
  const reason = impossibleReason(predicate, impossible);
  if (reason !== undefined) return { outcome: predicate.negated, reason };
  if (!field.sources.every((source) => source.const !== undefined)) return undefined;
  const values = new FieldValues();
  for (const source of field.sources) values.add(source.const);
  return { outcome: holds(values), reason: `'${predicate.field}' is always '${values.texts.join(', ')}'` };
}

function impossibleReason(predicate: Predicate, impossible: readonly Impossible[]): string | undefined {
  const reasons = predicate.tests.map(
    (test) => impossible.find((entry) => names(entry, predicate, test))?.reason,
  );
  const never = predicate.every
    ? reasons.some((reason) => reason !== undefined)
    : reasons.every((reason) => reason !== undefined);
  return never ? reasons.find((reason) => reason !== undefined) : undefined;
}

function names(entry: Impossible, predicate: Predicate, test: Test): boolean {
  if (entry.field?.toLowerCase() !== predicate.field?.toLowerCase() || test.kind !== 'text') return false;
  const text = (literalOf(test.tokens) ?? test.shown).toLowerCase();
  return entry.values?.some((value) => value.toLowerCase() === text) ?? false;
}

function explainTests(
  predicate: Predicate,
  path: string,
  values: FieldValues,
  matchers: readonly Matcher[],
): FieldExplanation[] {
  const explanations = predicate.tests.flatMap((test, i): FieldExplanation[] => {
    const index = matchers[i]!(values);
    if (index < 0 !== predicate.negated) return [];
    const value = test.kind === 'null' ? '' : excerpt(values.candidate(Math.max(0, index)));
    return [{ field: predicate.field, path, value, pattern: test.shown, modifiers: predicate.modifiers }];
  });
  return predicate.every || predicate.negated ? explanations : explanations.slice(0, 1);
}
