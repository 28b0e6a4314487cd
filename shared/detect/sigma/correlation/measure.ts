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

/** The measure of a correlation's type. */
export function measureFor(correlation: SigmaCorrelation): WindowMeasure {
  const { expression } = correlation;
  if (expression) return new ExpressionMeasure(correlation, expression);
  return MEASURES[correlation.type](correlation);
}

const MEASURES: Readonly<Record<SigmaCorrelation['type'], (correlation: SigmaCorrelation) => WindowMeasure>> =
  {
    event_count: (correlation) => new DistinctMeasure(correlation, (event) => [event.id]),
    value_count: (correlation) =>
      new DistinctMeasure(correlation, (event) => countedValues(event, correlation)),
    temporal: (correlation) => new DistinctMeasure(correlation, (event) => [event.ref]),
    temporal_ordered: (correlation) => new WholeMeasure(correlation, longestChain),
    value_sum: (correlation) =>
      numeric(correlation, (values) => values.reduce((sum, value) => sum + value, 0)),
    value_avg: (correlation) =>
      numeric(correlation, (values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    value_median: (correlation) => numeric(correlation, median),
    value_percentile: (correlation) =>
      numeric(correlation, (values) => nearestRank(values, correlation.percentile ?? 50)),
  };

const OPERATORS: Readonly<Record<Threshold, (value: number, limit: number) => boolean>> = {
  gt: (value, limit) => value > limit,
  gte: (value, limit) => value >= limit,
  lt: (value, limit) => value < limit,
  lte: (value, limit) => value <= limit,
  eq: (value, limit) => value === limit,
  neq: (value, limit) => value !== limit,
};

const judge = (correlation: SigmaCorrelation, value: number): Verdict => ({
  holds: correlation.thresholds.every(({ operator, value: limit }) => OPERATORS[operator](value, limit)),
  value,
});

/** How many different things are in the window. */
class DistinctMeasure implements WindowMeasure {
  readonly #correlation: SigmaCorrelation;
  readonly #thingsOf: (event: GroupEvent) => readonly (string | number)[];
  readonly #counts = new Map<string | number, number>();

  constructor(correlation: SigmaCorrelation, thingsOf: (event: GroupEvent) => readonly (string | number)[]) {
    this.#correlation = correlation;
    this.#thingsOf = thingsOf;
  }

  add(event: GroupEvent): void {
    for (const thing of this.#thingsOf(event)) this.#counts.set(thing, (this.#counts.get(thing) ?? 0) + 1);
  }

  remove(event: GroupEvent): void {
    for (const thing of this.#thingsOf(event)) {
      const left = (this.#counts.get(thing) ?? 0) - 1;
      if (left > 0) this.#counts.set(thing, left);
      else this.#counts.delete(thing);
    }
  }

  verdict(): Verdict {
    return judge(this.#correlation, this.#counts.size);
  }
}

/** One field: each of its values. Several: the combination. Compared without case. */
function countedValues(event: GroupEvent, { valueFields }: SigmaCorrelation): string[] {
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
