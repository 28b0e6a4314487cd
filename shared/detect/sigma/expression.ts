import type { FieldExplanation, SelectionExplanation } from './match.ts';
import type { RecordView } from './record-view.ts';

/** A predicate bound to one shape. */
export interface Item {
  readonly holds: (view: RecordView) => boolean;
  /** Number of its test: of items with the same, the same holds. Undefined: of no other. */
  readonly test: number | undefined;
  /** Relative effort of `holds`. */
  readonly cost: number;
  readonly explain: (view: RecordView) => FieldExplanation[];
  /** Slots of the fields it reads. */
  readonly slots: readonly number[];
  /** Lower-cased paths the outcome depends on; undefined: the whole record. */
  readonly dependencies: readonly string[] | undefined;
  /** True stays true when the field has further values: a value test, not negated, on sources that add up. */
  readonly monotone: boolean;
  /** The outcome where it is the same for every record, and why. */
  readonly always: { readonly outcome: boolean; readonly reason: string } | undefined;
}

/** A rule's condition, bound to one shape. */
export type Expression =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'selection'; readonly name: string; readonly of: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] };

export type Evaluator = (view: RecordView) => boolean;

/** Closures: evaluating a rule allocates nothing. */
export function toEvaluator(expression: Expression): Evaluator {
  switch (expression.kind) {
    case 'item':
      return expression.item.holds;
    case 'selection':
      return toEvaluator(expression.of);
    case 'not': {
      const inner = toEvaluator(expression.of);
      return (view) => !inner(view);
    }
    default:
      return combineAll(expression.kind, byCost(expression.of).map(toEvaluator));
  }
}

const evaluators = new WeakMap<Expression, Evaluator>();

/** The same, made once for each part that is ever explained. */
function evaluatorOf(expression: Expression): Evaluator {
  const known = evaluators.get(expression);
  if (known) return known;
  const made = toEvaluator(expression);
  evaluators.set(expression, made);
  return made;
}

/** The order of the parts does not change the outcome. */
const byCost = (parts: readonly Expression[]): Expression[] =>
  [...parts].sort((a, b) => costOf(a) - costOf(b));

function costOf(expression: Expression): number {
  if (expression.kind === 'item') return expression.item.cost;
  return partsOf(expression).reduce((sum, part) => sum + costOf(part), 0);
}

function combineAll(kind: 'and' | 'or', parts: readonly Evaluator[]): Evaluator {
  const [a, b] = parts;
  if (parts.length === 1) return a!;
  if (parts.length === 2)
    return kind === 'and' ? (view) => a!(view) && b!(view) : (view) => a!(view) || b!(view);
  const stop = kind === 'or';
  return (view) => {
    for (const part of parts) if (part(view) === stop) return stop;
    return !stop;
  };
}

/** All items of the condition. */
export function itemsOf(expression: Expression): readonly Item[] {
  return expression.kind === 'item' ? [expression.item] : partsOf(expression).flatMap(itemsOf);
}

/** The outcome when only some items are decided: undefined where the others matter. */
export function partialOutcome(
  expression: Expression,
  decide: (item: Item) => boolean | undefined,
): boolean | undefined {
  if (expression.kind === 'item') return expression.item.always?.outcome ?? decide(expression.item);
  if (expression.kind === 'selection') return partialOutcome(expression.of, decide);
  if (expression.kind === 'not') {
    const inner = partialOutcome(expression.of, decide);
    return inner === undefined ? undefined : !inner;
  }
  const stop = expression.kind === 'or';
  let open = false;
  for (const part of expression.of) {
    const outcome = partialOutcome(part, decide);
    if (outcome === stop) return stop;
    open ||= outcome === undefined;
  }
  return open ? undefined : !stop;
}

/** Why the expression can never be true, or undefined when it can. */
export function whyNever(expression: Expression): string[] | undefined {
  if (partialOutcome(expression, () => undefined) !== false) return undefined;
  const reasons = new Set<string>();
  collectReasons(expression, reasons);
  return [...reasons];
}

function collectReasons(expression: Expression, reasons: Set<string>): void {
  if (expression.kind === 'item') {
    if (expression.item.always) reasons.add(expression.item.always.reason);
    return;
  }
  for (const part of partsOf(expression)) collectReasons(part, reasons);
}

/** Which selections made the expression true in this record; `held: false` for those whose absence did. */
export function explain(expression: Expression, view: RecordView, held = true): SelectionExplanation[] {
  switch (expression.kind) {
    case 'not':
      return explain(expression.of, view, !held);
    case 'selection':
      return [{ selection: expression.name, held, fields: held ? fieldsOf(expression.of, view) : [] }];
    case 'item':
      return [];
    default: {
      const decisive = expression.of.filter((part) => evaluatorOf(part)(view) === held);
      // "All of" that hold explain an and; any that holds explains an or. Reversed below a not.
      return unique(decisive.flatMap((part) => explain(part, view, held)));
    }
  }
}

function unique(explanations: SelectionExplanation[]): SelectionExplanation[] {
  if (explanations.length < 2) return explanations;
  const seen = new Set<string>();
  return explanations.filter(({ selection }) => !seen.has(selection) && seen.add(selection));
}

function fieldsOf(expression: Expression, view: RecordView): FieldExplanation[] {
  if (expression.kind === 'item') return expression.item.explain(view);
  return partsOf(expression)
    .filter((part) => evaluatorOf(part)(view))
    .flatMap((part) => fieldsOf(part, view));
}

function partsOf(expression: Exclude<Expression, { kind: 'item' }>): readonly Expression[] {
  return expression.kind === 'not' || expression.kind === 'selection' ? [expression.of] : expression.of;
}
