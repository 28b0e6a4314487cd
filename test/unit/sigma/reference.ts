import type { Condition, SigmaCorrelation } from '../../../shared/detect/sigma/index.ts';

/**
 * Correlations by brute force: for every instant with an event, all events of the group are filtered for the window that
 * ends there, and everything is counted from nothing. Written from the definition, sharing no code with the engine.
 */
export interface PlainEvent {
  /** Key of the rule that matched. */
  readonly rule: string;
  readonly id: string;
  readonly t: number;
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

export interface PlainHit {
  readonly rule: string;
  readonly group: readonly string[];
  readonly tip: number;
  readonly from: number;
  readonly last: number;
  readonly value: number;
  readonly count: number;
}

/** Hits of all correlations, which must be listed with the referenced before the referring. */
export function bruteForce(
  correlations: readonly SigmaCorrelation[],
  events: readonly PlainEvent[],
): PlainHit[] {
  const all = new Map<string, PlainEvent>(events.map((event) => [`${event.rule}|${event.id}`, event]));
  const known = [...all.values()];
  return correlations.flatMap((correlation) => {
    const { hits, asEvents } = hitsOf(correlation, known);
    known.push(...asEvents);
    return hits;
  });
}

function hitsOf(correlation: SigmaCorrelation, events: readonly PlainEvent[]) {
  const references = correlation.rules.map(({ reference }) => reference);
  const mine = events.filter((event) => references.includes(event.rule));
  const alias = (name: string, rule: string) => correlation.aliases.get(name)?.get(rule) ?? name;
  const groups = new Map<string, PlainEvent[]>();
  for (const event of mine) {
    const values = correlation.groupBy.map((name) =>
      event.fields[alias(name, event.rule)]?.[0]?.toLowerCase(),
    );
    if (values.some((value) => value === undefined || value === '')) continue;
    const key = JSON.stringify(values);
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  const hits: PlainHit[] = [];
  const asEvents: PlainEvent[] = [];
  for (const [key, members] of groups) {
    const window = (t: number) =>
      members.filter((event) => event.t <= t && event.t >= t - correlation.timespanMs);
    const instants = [...new Set(members.map((event) => event.t))].sort((a, b) => a - b);
    const held = instants.map((t) => ({ t, ...judge(correlation, window(t), alias) }));
    for (let i = 0; i < held.length; i++) {
      if (!held[i]!.holds) continue;
      const tip = held[i]!;
      while (held[i + 1]?.holds && held[i + 1]!.t - held[i]!.t <= correlation.timespanMs) i++;
      const last = held[i]!.t;
      const inside = members.filter((event) => event.t >= tip.t - correlation.timespanMs && event.t <= last);
      const from = Math.min(...window(tip.t).map((event) => event.t));
      const group = JSON.parse(key) as string[];
      hits.push({
        rule: correlation.key,
        group,
        tip: tip.t,
        from,
        last,
        value: tip.value,
        count: inside.length,
      });
      asEvents.push(...passOn(correlation, key, tip.t, window(tip.t)));
    }
  }
  return { hits, asEvents };
}

/** A hit as an event of others: once for each combination of fields among the events of its window. */
function passOn(
  correlation: SigmaCorrelation,
  key: string,
  tip: number,
  window: readonly PlainEvent[],
): PlainEvent[] {
  return window.map((event, i) => ({
    rule: correlation.name ?? correlation.key,
    id: `${correlation.key}|${key}|${tip}|${i}`,
    t: tip,
    fields: { ...event.fields, hit: [`${correlation.key}|${key}|${tip}`] },
  }));
}

type Alias = (name: string, rule: string) => string;

function judge(correlation: SigmaCorrelation, window: readonly PlainEvent[], alias: Alias) {
  if (correlation.expression) {
    const present = new Set(window.map((event) => event.rule));
    const ordered = correlation.type === 'temporal_ordered';
    const holds = ordered
      ? someOrder(correlation.expression, window)
      : truth(correlation.expression, present);
    return { holds, value: present.size };
  }
  const value = VALUE[correlation.type](window, correlation, alias);
  if (value === undefined) return { holds: false, value: 0 };
  const holds = correlation.thresholds.every(({ operator, value: limit }) => {
    if (operator === 'gt') return value > limit;
    if (operator === 'gte') return value >= limit;
    if (operator === 'lt') return value < limit;
    if (operator === 'lte') return value <= limit;
    return operator === 'eq' ? value === limit : value !== limit;
  });
  return { holds, value };
}

type Value = (
  window: readonly PlainEvent[],
  correlation: SigmaCorrelation,
  alias: Alias,
) => number | undefined;

const idOf = (event: PlainEvent): string => event.fields['hit']?.[0] ?? event.id;

const VALUE: Record<SigmaCorrelation['type'], Value> = {
  event_count: (window) => new Set(window.map(idOf)).size,
  value_count: (window, { valueFields: [name = ''] }, alias) =>
    new Set(
      window
        .flatMap((event) => event.fields[alias(name, event.rule)] ?? [])
        .map((text) => text.toLowerCase()),
    ).size,
  temporal: (window) => new Set(window.map((event) => event.rule)).size,
  temporal_ordered: (window, correlation) => {
    const references = correlation.rules.map(({ reference }) => reference);
    let best = 0;
    for (let mask = 1; mask < 1 << references.length; mask++) {
      const chosen = references.filter((_, i) => mask & (1 << i));
      if (occursInOrder(chosen, window, Number.NEGATIVE_INFINITY)) best = Math.max(best, chosen.length);
    }
    return best;
  },
  value_sum: (window, correlation, alias) =>
    numbers(window, correlation, alias)?.reduce((sum, value) => sum + value, 0),
  value_avg: (window, correlation, alias) => {
    const values = numbers(window, correlation, alias);
    return values && values.reduce((sum, value) => sum + value, 0) / values.length;
  },
  value_median: (window, correlation, alias) => {
    const values = numbers(window, correlation, alias)?.sort((a, b) => a - b);
    if (!values) return undefined;
    return (values[Math.floor((values.length - 1) / 2)]! + values[Math.ceil((values.length - 1) / 2)]!) / 2;
  },
  value_percentile: (window, correlation, alias) => {
    const values = numbers(window, correlation, alias)?.sort((a, b) => a - b);
    return values?.find((_, i) => (i + 1) / values.length >= correlation.percentile! / 100);
  },
};

function numbers(
  window: readonly PlainEvent[],
  { valueFields: [name = ''] }: SigmaCorrelation,
  alias: Alias,
) {
  const byId = new Map<string, number>();
  for (const event of window) {
    const value = Number(event.fields[alias(name, event.rule)]?.[0]);
    if (!Number.isNaN(value) && !byId.has(event.id)) byId.set(event.id, value);
  }
  return byId.size === 0 ? undefined : [...byId.values()];
}

/** Is there an event of each rule, none before the one of the rule before it? */
function occursInOrder(rules: readonly string[], window: readonly PlainEvent[], after: number): boolean {
  const [rule, ...rest] = rules;
  if (rule === undefined) return true;
  return window.some(
    (event) => event.rule === rule && event.t >= after && occursInOrder(rest, window, event.t),
  );
}

function truth(condition: Condition, present: ReadonlySet<string>): boolean {
  if (condition.kind === 'name') return present.has(condition.name);
  if (condition.kind === 'not') return !truth(condition.of, present);
  return condition.kind === 'and'
    ? condition.of.every((part) => truth(part, present))
    : condition.of.some((part) => truth(part, present));
}

/** All times at which the condition can be fulfilled in order, by exhaustion. */
function ends(condition: Condition, window: readonly PlainEvent[], after: number): number[] {
  if (condition.kind === 'name')
    return window
      .filter((event) => event.rule === condition.name && event.t >= after)
      .map((event) => event.t);
  if (condition.kind === 'not')
    return ends(condition.of, window, Number.NEGATIVE_INFINITY).length === 0 ? [after] : [];
  if (condition.kind === 'or') return condition.of.flatMap((part) => ends(part, window, after));
  return condition.of.reduce<number[]>(
    (times, part) => times.flatMap((time) => ends(part, window, time)),
    [after],
  );
}

const someOrder = (condition: Condition, window: readonly PlainEvent[]): boolean =>
  ends(condition, window, Number.NEGATIVE_INFINITY).length > 0;
