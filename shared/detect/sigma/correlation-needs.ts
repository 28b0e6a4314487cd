import type { SigmaCorrelation } from './ast.ts';
import type { Catalogue } from './references.ts';

/** What the correlations want from the rules they are built on. */
export interface CorrelationNeeds {
  /** Rule key → field names to read from its matches. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>;
  /** Keys of rules and correlations that report nothing by themselves. */
  readonly silent: ReadonlySet<string>;
}

/** The field that `name` means in events of `reference`: an alias where there is one. */
export const fieldFor = (correlation: SigmaCorrelation, name: string, reference: string): string =>
  correlation.aliases.get(name)?.get(reference) ?? name;

export function correlationNeeds(catalogue: Catalogue): CorrelationNeeds {
  const fields = new Map<string, Set<string>>();
  for (const correlation of catalogue.correlations) {
    for (const { reference } of correlation.rules) {
      need(catalogue, reference, undefined, fields);
      for (const name of [...correlation.groupBy, ...correlation.valueFields])
        need(catalogue, reference, fieldFor(correlation, name, reference), fields);
    }
  }
  return { fields, silent: silentKeys(catalogue.correlations, catalogue) };
}

/** Keys of what is referred to by correlations none of which sets `generate`. */
export function silentKeys(
  correlations: readonly SigmaCorrelation[],
  names: { find(reference: string): { readonly key: string } | undefined },
): Set<string> {
  const asked = new Map<string, boolean>();
  for (const correlation of correlations)
    for (const { reference } of correlation.rules) {
      const { key } = names.find(reference)!;
      asked.set(key, (asked.get(key) ?? false) || correlation.generate);
    }
  return new Set([...asked].filter(([, generate]) => !generate).map(([key]) => key));
}

/** A field wanted of a correlation is wanted of the rules below it, under the names it has there. */
function need(
  catalogue: Catalogue,
  reference: string,
  field: string | undefined,
  into: Map<string, Set<string>>,
): void {
  const target = catalogue.find(reference)!;
  if (target.kind === 'rule') {
    const set = into.get(target.key) ?? new Set<string>();
    if (field !== undefined) set.add(field);
    into.set(target.key, set);
    return;
  }
  for (const { reference: below } of target.rules)
    need(catalogue, below, field === undefined ? undefined : fieldFor(target, field, below), into);
}
