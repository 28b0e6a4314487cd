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

/**
 * The groups that events of reference `ref` belong to, with the fields each group sees, under the correlation's own
 * names. Events that lack a group-by field belong to none.
 */
export function groupsOf(plan: Plan, ref: number, sources: readonly Fields[]): Map<string, Fields> {
  const groups = new Map<string, Record<string, string[]>>();
  for (const fields of sources) {
    const known = knownFields(plan, ref, fields);
    for (const key of groupKeys(plan.correlation.groupBy.map((name) => known[name] ?? []))) {
      const merged = groups.get(key) ?? {};
      for (const [name, values] of Object.entries(known))
        merged[name] = [...new Set([...(merged[name] ?? []), ...values])].sort();
      groups.set(key, merged);
    }
  }
  return groups;
}

const knownFields = (plan: Plan, ref: number, fields: Fields): Record<string, readonly string[]> =>
  Object.fromEntries([...plan.wanted[ref]!].map(([name, field]) => [name, fields[field] ?? []]));

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
