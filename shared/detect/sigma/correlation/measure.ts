import { numberOf } from '../matcher.ts';
import type { Condition, SigmaCorrelation, Threshold } from '../ast.ts';
import type { GroupEvent } from './event.ts';
import { longestChain, sequenceEnd } from './sequence.ts';

/** What a window amounts to, and whether that satisfies the correlation. */
export interface Verdict {
  readonly holds: boolean;
  readonly value: number;
}

/** Follows a window that only moves forward: events join at its end and leave at its start. */
export interface WindowMeasure {
  add(event: GroupEvent): void;
  remove(event: GroupEvent): void;
  /** `events.slice(from, to)` is the window. */
  verdict(events: readonly GroupEvent[], from: number, to: number): Verdict;
}

/**
 * Knows of any number of events whether some window of them can satisfy the correlation: what is counted in a window is
 * at most what is counted in all of them. Most groups never hold as much as the condition asks for.
 */
export class Ceiling {
  readonly #correlation: SigmaCorrelation;
  readonly #thingsOf: ThingsOf | undefined;
  readonly #counts = new Map<string | number, number>();

  constructor(correlation: SigmaCorrelation) {
    this.#correlation = correlation;
    const least = correlation.thresholds.some(({ operator }) => operator in AT_LEAST);
    this.#thingsOf = least && !correlation.expression ? COUNTED[correlation.type]?.(correlation) : undefined;
  }

  add(event: GroupEvent): void {
    if (this.#thingsOf) for (const thing of this.#thingsOf(event)) count(this.#counts, thing);
  }

  remove(event: GroupEvent): void {
    if (this.#thingsOf) for (const thing of this.#thingsOf(event)) uncount(this.#counts, thing);
  }

  /** False: no window can. */
  get canHold(): boolean {
    if (!this.#thingsOf) return true;
    const most = this.#counts.size;
    return this.#correlation.thresholds.every(
      ({ operator, value }) => AT_LEAST[operator]?.(most, value) ?? true,
    );
  }
}

/** How many things must be counted at least, for any window to hold; 0 where that is not known. */
export function leastThings({ type, expression, thresholds }: SigmaCorrelation): number {
  if (expression || !COUNTED[type]) return 0;
  const least = thresholds.map(({ operator, value }) => {
    if (!(operator in AT_LEAST)) return 0;
    return operator === 'gt' ? Math.floor(value) + 1 : Math.ceil(value);
  });
  return Math.max(0, ...least);
}

/** The measure of a correlation's type. */
export function measureFor(correlation: SigmaCorrelation): WindowMeasure {
  const { expression } = correlation;
  if (expression) return new ExpressionMeasure(correlation, expression);
  return MEASURES[correlation.type](correlation);
}

const MEASURES: Readonly<Record<SigmaCorrelation['type'], (correlation: SigmaCorrelation) => WindowMeasure>> =
  {
    event_count: (correlation) => new DistinctMeasure(correlation),
    value_count: (correlation) => new DistinctMeasure(correlation),
    temporal: (correlation) => new DistinctMeasure(correlation),
    temporal_ordered: (correlation) => new WholeMeasure(correlation, longestChain),
    value_sum: (correlation) =>
      numeric(correlation, (values) => values.reduce((sum, value) => sum + value, 0)),
    value_avg: (correlation) =>
      numeric(correlation, (values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    value_median: (correlation) => numeric(correlation, median),
    value_percentile: (correlation) =>
      numeric(correlation, (values) => nearestRank(values, correlation.percentile ?? 50)),
  };

type ThingsOf = (event: GroupEvent) => readonly (string | number)[];

const refOf: ThingsOf = (event) => [event.ref];

/** What is counted, where something is: for chains of events, what no chain can be longer than. */
const COUNTED: Partial<Record<SigmaCorrelation['type'], (correlation: SigmaCorrelation) => ThingsOf>> = {
  event_count: () => (event) => [event.id],
  value_count: (correlation) => (event) => countedValues(event, correlation),
  temporal: () => refOf,
  temporal_ordered: () => refOf,
};

function count<T>(counts: Map<T, number>, thing: T): void {
  counts.set(thing, (counts.get(thing) ?? 0) + 1);
}

function uncount<T>(counts: Map<T, number>, thing: T): void {
  const left = (counts.get(thing) ?? 0) - 1;
  if (left > 0) counts.set(thing, left);
  else counts.delete(thing);
}

const OPERATORS: Readonly<Record<Threshold, (value: number, limit: number) => boolean>> = {
  gt: (value, limit) => value > limit,
  gte: (value, limit) => value >= limit,
  lt: (value, limit) => value < limit,
  lte: (value, limit) => value <= limit,
  eq: (value, limit) => value === limit,
  neq: (value, limit) => value !== limit,
};

/** Thresholds that small values do not reach: those of them that a value reaches or one below it could. */
const AT_LEAST: Partial<typeof OPERATORS> = { gt: OPERATORS.gt, gte: OPERATORS.gte, eq: OPERATORS.gte };

const judge = (correlation: SigmaCorrelation, value: number): Verdict => ({
  holds: correlation.thresholds.every(({ operator, value: limit }) => OPERATORS[operator](value, limit)),
  value,
});

/** How many different things are in the window. */
class DistinctMeasure implements WindowMeasure {
  readonly #correlation: SigmaCorrelation;
  readonly #thingsOf: ThingsOf;
  readonly #counts = new Map<string | number, number>();

  constructor(correlation: SigmaCorrelation) {
    this.#correlation = correlation;
    this.#thingsOf = COUNTED[correlation.type]!(correlation);
  }

  add(event: GroupEvent): void {
    for (const thing of this.#thingsOf(event)) count(this.#counts, thing);
  }

  remove(event: GroupEvent): void {
    for (const thing of this.#thingsOf(event)) uncount(this.#counts, thing);
  }

  verdict(): Verdict {
    return judge(this.#correlation, this.#counts.size);
  }
}

/** One field: each of its values. Several: the combination. Compared without case. */
function countedValues(event: GroupEvent, { valueFields }: SigmaCorrelation): string[] {
  const [field] = valueFields;
  const single = valueFields.length === 1 && field !== undefined ? event.fields[field] : undefined;
  if (single?.length === 1) return [single[0]!.toLowerCase()];
  const values = valueFields.map((name) => [
    ...new Set((event.fields[name] ?? []).map((text) => text.toLowerCase())),
  ]);
  const [only = []] = values;
  if (values.length === 1) return only;
  return values.every((options) => options.length > 0) ? [JSON.stringify(values)] : [];
}

/** A value worked out anew from all of the window; undefined when the window has none. */
class WholeMeasure implements WindowMeasure {
  readonly #correlation: SigmaCorrelation;
  readonly #valueOf: (events: readonly GroupEvent[]) => number | undefined;

  constructor(correlation: SigmaCorrelation, valueOf: (events: readonly GroupEvent[]) => number | undefined) {
    this.#correlation = correlation;
    this.#valueOf = valueOf;
  }

  add(): void {}
  remove(): void {}

  verdict(events: readonly GroupEvent[], from: number, to: number): Verdict {
    const value = this.#valueOf(events.slice(from, to));
    return value === undefined ? { holds: false, value: 0 } : judge(this.#correlation, value);
  }
}

function numeric(
  correlation: SigmaCorrelation,
  combine: (values: readonly number[]) => number,
): WindowMeasure {
  const [field = ''] = correlation.valueFields;
  return new WholeMeasure(correlation, (events) => {
    const values = numbersIn(events, field);
    return values.length === 0 ? undefined : combine(values);
  });
}

/** A record that several rules matched has its number counted once. Text that is no number has none. */
function numbersIn(events: readonly GroupEvent[], field: string): number[] {
  const seen = new Set<string>();
  return events.flatMap((event) => {
    if (seen.has(event.id)) return [];
    seen.add(event.id);
    const number = event.fields[field]?.map(numberOf).find((value) => value !== undefined);
    return number === undefined ? [] : [number];
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value that at least `percentile` per cent of the values do not exceed. */
function nearestRank(values: readonly number[], percentile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)]!;
}

/** Extended temporal conditions: which of the rules occurred, and for temporal_ordered in which order. */
class ExpressionMeasure implements WindowMeasure {
  readonly #correlation: SigmaCorrelation;
  readonly #expression: Condition;
  readonly #refs: ReadonlyMap<string, number>;

  constructor(correlation: SigmaCorrelation, expression: Condition) {
    this.#correlation = correlation;
    this.#expression = expression;
    this.#refs = new Map(correlation.rules.map(({ reference }, ref) => [reference, ref]));
  }

  add(): void {}
  remove(): void {}

  verdict(events: readonly GroupEvent[], from: number, to: number): Verdict {
    const window = events.slice(from, to);
    const present = new Set(window.map((event) => event.ref));
    const ordered = this.#correlation.type === 'temporal_ordered';
    const holds = ordered
      ? sequenceEnd(this.#expression, window, this.#refs) !== undefined
      : this.#occurs(this.#expression, present);
    return { holds, value: present.size };
  }

  #occurs(condition: Condition, present: ReadonlySet<number>): boolean {
    if (condition.kind === 'name') return present.has(this.#refs.get(condition.name)!);
    if (condition.kind === 'not') return !this.#occurs(condition.of, present);
    return condition.kind === 'and'
      ? condition.of.every((part) => this.#occurs(part, present))
      : condition.of.some((part) => this.#occurs(part, present));
  }
}
