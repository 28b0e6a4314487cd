import { cached } from '../../../cached.ts';
import type { SigmaCorrelation } from '../ast.ts';
import { fieldFor, silentKeys } from '../correlation-needs.ts';
import { digest } from '../identity.ts';
import type { RuleSet } from '../rule-set.ts';
import type { Fields } from './event.ts';

/** A correlation with its references resolved. */
export interface Plan {
  readonly correlation: SigmaCorrelation;
  /** Its key and a hash of what it says: state of an edited correlation is not taken up again. */
  readonly stateKey: string;
  /** Key of each referenced rule or correlation, in the order of `rules`. */
  readonly refKeys: readonly string[];
  /** Correlations built on this one, and the index by which they know it. */
  readonly uppers: { readonly plan: Plan; readonly ref: number }[];
  /** Field names its events must carry, by reference: `wanted[ref]` maps the correlation's name to the event's. */
  readonly wanted: readonly ReadonlyMap<string, string>[];
  /** False: only feeds other correlations. */
  readonly reports: boolean;
}

/** Plans in the order in which they must be settled: the referenced before the referring. */
export function planCorrelations(ruleSet: RuleSet): Plan[] {
  const plans: Plan[] = [];
  const byKey = new Map<string, Plan>();
  const needed = namesNeeded(ruleSet);
  const silent = silentKeys(ruleSet.correlations, ruleSet);
  for (const correlation of ruleSet.correlations) {
    const refKeys = correlation.rules.map(({ reference }) => ruleSet.find(reference)!.key);
    const names = needed.get(correlation.key) ?? new Set<string>();
    const wanted = correlation.rules.map(
      ({ reference }) => new Map([...names].map((name) => [name, fieldFor(correlation, name, reference)])),
    );
    const plan: Plan = {
      correlation,
      stateKey: `${correlation.key}@${fingerprint(correlation)}`,
      refKeys,
      uppers: [],
      wanted,
      reports: !silent.has(correlation.key),
    };
    refKeys.forEach((key, ref) => byKey.get(key)?.uppers.push({ plan, ref }));
    byKey.set(correlation.key, plan);
    plans.push(plan);
  }
  return plans;
}

/** Names each correlation must know of its events: its own, and those that correlations above want of it. */
function namesNeeded(ruleSet: RuleSet): Map<string, Set<string>> {
  const needed = new Map<string, Set<string>>();
  for (const correlation of [...ruleSet.correlations].reverse()) {
    const own = needed.get(correlation.key) ?? new Set<string>();
    for (const name of [...correlation.groupBy, ...correlation.valueFields]) own.add(name);
    needed.set(correlation.key, own);
    for (const { reference } of correlation.rules) {
      const { key } = ruleSet.find(reference)!;
      const below = needed.get(key) ?? new Set<string>();
      for (const name of own) below.add(fieldFor(correlation, name, reference));
      needed.set(key, below);
    }
  }
  return needed;
}

function fingerprint(correlation: SigmaCorrelation): string {
  const { type, rules, groupBy, timespanMs, thresholds, valueFields, percentile, expression, aliases } =
    correlation;
  const alias = [...aliases].map(([name, fields]) => [name, [...fields]]);
  const references = rules.map(({ reference }) => reference);
  return digest([
    type,
    references,
    groupBy,
    timespanMs,
    thresholds,
    valueFields,
    percentile,
    expression,
    alias,
  ]).slice(0, 12);
}

// A list-valued field puts a record into several groups, within reason.
const MAX_GROUPS_PER_EVENT = 16;

/** A group an event belongs to, with the fields the group sees of it. */
export type Placing = readonly [key: string, fields: Fields];

/**
 * The groups that an event of reference `ref` belongs to, with the fields each group sees, under the correlation's own
 * names. Events that lack a group-by field belong to none.
 */
export function groupsOf(plan: Plan, ref: number, fields: Fields): readonly Placing[] {
  const known = fieldsOf(plan, ref, fields);
  const only = keyOfSingles(plan, plan.wanted[ref]!, fields);
  if (only !== undefined) return [[only, known]];
  return groupKeys(plan.correlation.groupBy.map((name) => known[name] ?? [])).map((key) => [key, known]);
}

/** The keys of these groups alone. */
export function keysOf(plan: Plan, ref: number, fields: Fields): readonly string[] {
  const only = keyOfSingles(plan, plan.wanted[ref]!, fields);
  return only === undefined ? groupsOf(plan, ref, fields).map(([key]) => key) : [only];
}

/** The same of several events that together are one. */
export function groupsOfAll(
  plan: Plan,
  ref: number,
  sources: readonly Fields[],
): ReadonlyMap<string, Fields> {
  const groups = new Map<string, Fields>();
  for (const source of sources)
    for (const [key, fields] of groupsOf(plan, ref, source)) {
      const known = groups.get(key);
      groups.set(key, known ? merged(known, fields) : fields);
    }
  return groups;
}

const merged = (a: Fields, b: Fields): Fields =>
  Object.fromEntries(
    Object.keys(b).map((name) => [name, sortedSet([...(a[name] ?? []), ...(b[name] ?? [])])]),
  );

const NOTHING: readonly string[] = [];

/** What groups keep of a record, under the correlation's own names. */
export function fieldsOf(plan: Plan, ref: number, fields: Fields): Fields {
  const known: Record<string, readonly string[]> = {};
  for (const [name, field] of plan.wanted[ref]!) known[name] = sortedSet(fields[field] ?? NOTHING);
  return known;
}

const sortedSet = (values: readonly string[]): readonly string[] =>
  values.length <= 1 ? values : [...new Set(values)].sort();

/** The key of the one group there is when each field has a single value, as nearly always. */
function keyOfSingles(
  { correlation: { groupBy } }: Plan,
  wanted: ReadonlyMap<string, string>,
  fields: Fields,
): string | undefined {
  const values: string[] = [];
  for (const name of groupBy) {
    const value = singleOf(fields[wanted.get(name)!]);
    if (value === undefined) return undefined;
    values.push(value);
  }
  if (values.length === 1) return keyOfOne(values[0]!);
  return values.length === 0 ? undefined : JSON.stringify(values.map((text) => text.toLowerCase()));
}

const singleOf = (values: readonly string[] | undefined): string | undefined =>
  values?.length === 1 && values[0] !== '' ? values[0] : undefined;

const keyOfOne = cached((text: string) => JSON.stringify([text.toLowerCase()]));

/** Group keys compare without case, as everything in Sigma: user names are spelled differently from log to log. */
function groupKeys(values: readonly (readonly string[])[]): string[] {
  let tuples: string[][] = [[]];
  for (const options of values) {
    const distinct = [
      ...new Set(options.filter((text) => text !== '').map((text) => text.toLowerCase())),
    ].sort();
    tuples = tuples
      .flatMap((tuple) => distinct.map((text) => [...tuple, text]))
      .slice(0, MAX_GROUPS_PER_EVENT);
  }
  return tuples.map((tuple) => JSON.stringify(tuple));
}
