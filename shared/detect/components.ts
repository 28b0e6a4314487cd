import {
  compile,
  type CompileInput,
  type ParsedRules,
  type RuleSet,
  type SigmaCorrelation,
} from './sigma/index.ts';

/** Correlations that build on the same rules, and nothing else: evaluated and remembered together. */
export interface Component {
  /** Stable name: the first correlation's key. */
  readonly name: string;
  /** Only the rules below and the correlations themselves. */
  readonly set: RuleSet;
  /** Keys of the rules whose matches it takes. */
  readonly feeders: ReadonlySet<string>;
  readonly maxTimespanMs: number;
}

type Field = Pick<CompileInput, 'shapes' | 'pipelines' | 'lists'>;

/**
 * Divides correlations into components, so that state is loaded and stored only where new records concern it, and
 * no state grows with rules it has nothing to do with.
 */
export function componentsOf(parsed: ParsedRules, all: RuleSet, field: Field): Component[] {
  const leaves = new Map(all.correlations.map((c) => [c, leavesOf(c, all)]));
  const groups: { correlations: SigmaCorrelation[]; feeders: Set<string> }[] = [];
  for (const [correlation, feeders] of leaves) {
    const touching = groups.filter((group) => [...feeders].some((key) => group.feeders.has(key)));
    const merged = {
      correlations: [...touching.flatMap((group) => group.correlations), correlation],
      feeders: new Set([...touching.flatMap((group) => [...group.feeders]), ...feeders]),
    };
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups.map(({ correlations, feeders }) => ({
    name: correlations.map(({ key }) => key).sort()[0]!,
    set: compile({
      ...field,
      filters: parsed.filters,
      rules: parsed.rules.filter(({ key }) => feeders.has(key)),
      correlations,
    }),
    feeders,
    maxTimespanMs: Math.max(...correlations.map(({ timespanMs }) => timespanMs)),
  }));
}

/** Keys of the rules a correlation rests on in the end. */
function leavesOf(correlation: SigmaCorrelation, set: RuleSet): Set<string> {
  const found = new Set<string>();
  for (const { reference } of correlation.rules) {
    const target = set.find(reference);
    if (target?.kind === 'rule') found.add(target.key);
    else if (target) for (const key of leavesOf(target, set)) found.add(key);
  }
  return found;
}
