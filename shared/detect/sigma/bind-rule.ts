import { SOURCE_IDS, type SourceId } from '../../sources.ts';
import type { Condition, Detection, Predicate, Selection, SigmaRule } from './ast.ts';
import { bindPredicate, dependenciesOf, type BindContext } from './bind-predicate.ts';
import { itemsOf, toEvaluator, whyNever, type Evaluator, type Expression } from './expression.ts';
import type { SelectionExplanation } from './match.ts';
import { FieldNames, rawPath, type ResolvedField } from './field-names.ts';
import type { Pipeline, Shape } from './pipeline.ts';
import type { FieldTable } from './record-view.ts';

type Bind = Pipeline['bind'][number];

/** A rule with everything that has to hold for it: its own detection and those of its filters. */
export interface FilteredRule {
  readonly rule: SigmaRule;
  readonly detections: readonly { readonly prefix: string; readonly detection: Detection }[];
  /** Field names correlations need from its matches. */
  readonly correlateFields: readonly string[];
  /** Does any correlation refer to it? */
  readonly correlated: boolean;
  readonly standalone: boolean;
}

/** A rule on one shape, ready to run. */
export interface BoundRule {
  readonly source: FilteredRule;
  readonly shape: Shape;
  readonly sources: readonly SourceId[];
  readonly expression: Expression;
  readonly holds: Evaluator;
  readonly correlateSlots: readonly (readonly [name: string, slot: number])[];
  /** Lower-cased paths of all that its condition and correlations look at; undefined: the whole record. */
  readonly reads: readonly string[] | undefined;
  readonly mappedFields: readonly string[];
  /** Slots of the fields that its condition reads. */
  readonly slots: readonly number[];
  /** Why it matched, by the values it saw: see `RuleMatch`. */
  readonly explained: Map<string, readonly SelectionExplanation[]>;
}

export type Binding =
  { readonly bound: BoundRule } | { readonly never: readonly string[]; readonly shape: Shape };

/** Binds a rule to one shape, or says why it cannot match any record of it. */
export function bindRule(
  filtered: FilteredRule,
  pipeline: Pipeline,
  bind: Bind,
  shape: Shape,
  table: FieldTable,
): Binding {
  const used = new Map<string, ResolvedField['how']>();
  const context: BindContext = {
    table,
    names: new FieldNames(shape, pipeline, bind, filtered.rule.key),
    impossible: [...pipeline.impossible, ...bind.impossible],
    used: (field, how) => used.set(field, how),
  };
  const dead = context.impossible.find(
    (entry) => entry.rule !== undefined && entry.rule === filtered.rule.key,
  );
  if (dead) return { never: [dead.reason], shape };
  const parts = filtered.detections.map(({ prefix, detection }) => bindDetection(detection, prefix, context));
  const expression: Expression = { kind: 'and', of: [...whenItems(bind, table), ...parts] };
  const never = whyNever(expression);
  if (never) return { never, shape };
  const correlated = filtered.correlateFields.map((name) => [name, context.names.resolve(name)] as const);
  return {
    bound: {
      source: filtered,
      shape,
      sources: sourcesOf(bind, shape),
      expression,
      holds: toEvaluator(expression),
      correlateSlots: correlated.map(([name, field]) => [name, table.slotOf(field.sources)]),
      reads: allOf([
        ...itemsOf(expression).map(({ dependencies }) => dependencies),
        ...correlated.map(([, field]) => dependenciesOf(field)),
      ]),
      slots: [...new Set(itemsOf(expression).flatMap(({ slots }) => slots))],
      explained: new Map(),
      mappedFields: [...used].filter(([, how]) => how === 'mapped').map(([field]) => field),
    },
  };
}

const allOf = (parts: readonly (readonly string[] | undefined)[]): readonly string[] | undefined =>
  parts.includes(undefined) ? undefined : [...new Set(parts.flatMap((part) => part ?? []))];

/** Unless a binding lists its sources: the shape's own, and whatever was imported in that shape. */
export const sourcesOf = (bind: Bind, shape: Shape): readonly SourceId[] =>
  bind.sources ?? SOURCE_IDS.filter((id) => id === 'import' || shape.sources.includes(id));

function bindDetection(detection: Detection, prefix: string, context: BindContext): Expression {
  const selections = new Map<string, Expression>();
  for (const [name, selection] of detection.selections)
    selections.set(name, { kind: 'selection', name: prefix + name, of: bindSelection(selection, context) });
  return bindCondition(detection.condition, selections);
}

function bindSelection(selection: Selection, context: BindContext): Expression {
  if (selection.kind === 'predicate')
    return { kind: 'item', item: bindPredicate(selection.predicate, context) };
  return { kind: selection.kind, of: selection.of.map((part) => bindSelection(part, context)) };
}

function bindCondition(condition: Condition, selections: ReadonlyMap<string, Expression>): Expression {
  if (condition.kind === 'name') return selections.get(condition.name)!;
  if (condition.kind === 'not') return { kind: 'not', of: bindCondition(condition.of, selections) };
  return { kind: condition.kind, of: condition.of.map((part) => bindCondition(part, selections)) };
}

const AT = { line: 1, column: 1 };

/** A binding's `when`, as items like those of a rule, so that the index can use them. */
function whenItems(bind: Bind, table: FieldTable): Expression[] {
  const names = { resolve: (name: string): ResolvedField => ({ sources: [rawPath(name)], how: 'native' }) };
  const context: BindContext = { table, names, impossible: [], used: () => undefined };
  return Object.entries(bind.when).map(([field, values]) => {
    const tests = values.map(
      (value) =>
        ({ kind: 'text', tokens: [String(value)], cased: false, shown: String(value), at: AT }) as const,
    );
    const predicate: Predicate = { at: AT, field, modifiers: [], tests, every: false, negated: false };
    return { kind: 'item', item: bindPredicate(predicate, context) };
  });
}
