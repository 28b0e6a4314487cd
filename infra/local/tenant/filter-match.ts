import { msFromTicks, parseInstant } from '../../../shared/instant.ts';
import type { Comparison, Expression, Literal } from './filter.ts';

/** Whether a parsed record satisfies the expression; lambda variables are looked up in `scope`. */
export function matches(
  expression: Expression,
  record: unknown,
  scope: Readonly<Record<string, unknown>> = {},
): boolean {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'and':
      return matches(expression.left, record, scope) && matches(expression.right, record, scope);
    case 'or':
      return matches(expression.left, record, scope) || matches(expression.right, record, scope);
    case 'not':
      return !matches(expression.inner, record, scope);
    case 'any':
      return elementsOf(valueAt(expression.path, record, scope)).some((element) =>
        matches(expression.inner, record, { ...scope, [expression.variable]: element }),
      );
    case 'text':
      return matchesText(expression, valueAt(expression.path, record, scope));
    default:
      return compares(
        expression.op,
        valueAt(expression.path, record, scope),
        expression.value,
        expression.path,
      );
  }
}

const elementsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function valueAt(path: string, record: unknown, scope: Readonly<Record<string, unknown>>): unknown {
  const [first, ...rest] = path.split('/');
  const start = Object.hasOwn(scope, first!) ? scope[first!] : property(record, first!);
  return rest.reduce(property, start);
}

// Microsoft's own pages write both `Type` and `type`: properties are found in any case.
function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
  const wanted = name.toLowerCase();
  return Object.entries(value).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

function matchesText(
  call: { name: 'startswith' | 'contains'; path: string; value: string },
  value: unknown,
): boolean {
  if (typeof value !== 'string') return false;
  const stored = storedForm(call.path, value);
  return call.name === 'startswith' ? stored.startsWith(call.value) : stored.includes(call.value);
}

// User principal names are kept in lower case for filtering; a filter in another case finds nothing.
const storedForm = (path: string, value: string): string =>
  path.endsWith('userPrincipalName') ? value.toLowerCase() : value;

function compares(op: Comparison, value: unknown, literal: Literal, path: string): boolean {
  if (literal.type === 'null') return op === 'ne' ? value != null : op === 'eq' && value == null;
  const order = orderOf(value, literal, path);
  if (order === undefined) return op === 'ne';
  const holds: Record<Comparison, boolean> = {
    eq: order === 0,
    ne: order !== 0,
    ge: order >= 0,
    le: order <= 0,
    gt: order > 0,
    lt: order < 0,
  };
  return holds[op];
}

function orderOf(value: unknown, literal: Literal, path: string): number | undefined {
  if (literal.type === 'instant') {
    const ticks = parseInstant(value);
    return ticks === undefined ? undefined : sign(ticks, literal.value);
  }
  if (literal.type === 'text')
    return typeof value === 'string' ? sign(storedForm(path, value), literal.value) : undefined;
  return typeof value === literal.type ? sign(value as number, literal.value as number) : undefined;
}

const sign = <T extends bigint | string | number>(a: T, b: T): number => (a < b ? -1 : Number(a > b));

/** Evaluates the lambdas over one collection for a known content, and folds the constants. */
export function specialised(expression: Expression, collection: string, element: string): Expression {
  switch (expression.kind) {
    case 'any': {
      if (expression.path !== collection) return expression;
      return constant(matches(expression.inner, {}, { [expression.variable]: element }));
    }
    case 'not': {
      const inner = specialised(expression.inner, collection, element);
      return inner.kind === 'constant' ? constant(!inner.value) : { kind: 'not', inner };
    }
    case 'and':
    case 'or': {
      const left = specialised(expression.left, collection, element);
      const right = specialised(expression.right, collection, element);
      return folded(expression.kind, left, right);
    }
    default:
      return expression;
  }
}

const constant = (value: boolean): Expression => ({ kind: 'constant', value });

function folded(kind: 'and' | 'or', left: Expression, right: Expression): Expression {
  const decides = kind === 'or';
  for (const side of [left, right]) if (side.kind === 'constant' && side.value === decides) return side;
  if (left.kind === 'constant') return right;
  return right.kind === 'constant' ? left : { kind, left, right };
}

/** A span of event time, ms, both ends inside. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const EVER: Span = { fromMs: -Infinity, toMs: Infinity };

/** A span outside which nothing can match, from the comparisons of `time`. */
export function spanOf(expression: Expression, time: string): Span {
  if (expression.kind === 'and') {
    const [a, b] = [spanOf(expression.left, time), spanOf(expression.right, time)];
    return { fromMs: Math.max(a.fromMs, b.fromMs), toMs: Math.min(a.toMs, b.toMs) };
  }
  if (expression.kind === 'or') {
    const [a, b] = [spanOf(expression.left, time), spanOf(expression.right, time)];
    return { fromMs: Math.min(a.fromMs, b.fromMs), toMs: Math.max(a.toMs, b.toMs) };
  }
  if (expression.kind !== 'compare' || expression.path !== time || expression.value.type !== 'instant')
    return EVER;
  const ms = msFromTicks(expression.value.value);
  const { op } = expression;
  return {
    fromMs: op === 'ge' || op === 'gt' || op === 'eq' ? ms : -Infinity,
    toMs: op === 'le' || op === 'lt' || op === 'eq' ? ms : Infinity,
  };
}

/** Only bounds on `time`, joined by `and`: a record inside the span matches without being read. */
export function isPlainSpan(expression: Expression, time: string): boolean {
  if (expression.kind === 'constant') return expression.value;
  if (expression.kind === 'and')
    return isPlainSpan(expression.left, time) && isPlainSpan(expression.right, time);
  return (
    expression.kind === 'compare' &&
    expression.path === time &&
    expression.op !== 'ne' &&
    expression.op !== 'eq'
  );
}

export type Leaf = Extract<Expression, { kind: 'compare' | 'text' | 'any' | 'constant' }>;

/** The expression's leaves; a lambda counts as one. */
export function* leavesOf(expression: Expression): Generator<Leaf> {
  if (expression.kind === 'and' || expression.kind === 'or') {
    yield* leavesOf(expression.left);
    yield* leavesOf(expression.right);
  } else if (expression.kind === 'not') yield* leavesOf(expression.inner);
  else yield expression as Leaf;
}
