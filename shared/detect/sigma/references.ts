import type { LogSource, Metadata, SigmaCorrelation, SigmaFilter, SigmaRule } from './ast.ts';
import type { Position, RuleFault } from './faults.ts';

/** Rules and correlations by the names others use for them; doubtful ones are refused. */
export class Catalogue {
  readonly rules: SigmaRule[] = [];
  readonly correlations: SigmaCorrelation[] = [];
  readonly faults: RuleFault[] = [];
  readonly #byName = new Map<string, SigmaRule | SigmaCorrelation>();

  constructor(rules: readonly SigmaRule[], correlations: readonly SigmaCorrelation[]) {
    for (const rule of rules) if (this.#add(rule)) this.rules.push(rule);
    const named = correlations.filter((correlation) => this.#add(correlation));
    this.correlations = this.#sound(named);
  }

  find(reference: string): SigmaRule | SigmaCorrelation | undefined {
    return this.#byName.get(reference);
  }

  refuse(document: Metadata, at: Position, reason: string): void {
    this.faults.push({ file: document.file, line: at.line, column: at.column, reason });
  }

  #add(document: SigmaRule | SigmaCorrelation): boolean {
    const names = [...new Set([document.key, document.id, document.name])].filter(
      (name) => name !== undefined,
    );
    const taken = names.find((name) => this.#byName.has(name));
    if (taken !== undefined) {
      const other = this.#byName.get(taken)!;
      this.refuse(
        document,
        document.at,
        `'${taken}' is already the name of a rule (${other.file}:${other.at.line})`,
      );
      return false;
    }
    for (const name of names) this.#byName.set(name, document);
    return true;
  }

  /** Correlations whose references all exist and lead to rules in the end, the referenced before the referring. */
  #sound(correlations: readonly SigmaCorrelation[]): SigmaCorrelation[] {
    const settled = new Map<SigmaCorrelation, boolean>();
    const ordered: SigmaCorrelation[] = [];
    const visit = (correlation: SigmaCorrelation, path: readonly SigmaCorrelation[]): boolean => {
      const known = settled.get(correlation);
      if (known !== undefined) return known;
      const sound = correlation.rules.every((reference) => this.#leads(correlation, reference, path, visit));
      settled.set(correlation, sound);
      if (sound) ordered.push(correlation);
      return sound;
    };
    for (const correlation of correlations) visit(correlation, []);
    return ordered;
  }

  #leads(
    from: SigmaCorrelation,
    { reference, at }: SigmaCorrelation['rules'][number],
    path: readonly SigmaCorrelation[],
    visit: (correlation: SigmaCorrelation, path: readonly SigmaCorrelation[]) => boolean,
  ): boolean {
    const target = this.#byName.get(reference);
    if (!target) this.refuse(from, at, `there is no rule '${reference}'`);
    else if (target === from || (target.kind === 'correlation' && path.includes(target)))
      this.refuse(from, at, `'${reference}' leads back to this correlation`);
    else if (target.kind === 'rule' || visit(target, [...path, from])) return true;
    else this.refuse(from, at, `'${reference}' was refused itself`);
    return false;
  }
}

/** The filters that apply to a rule; those that name no loaded rule are reported by `checkFilters`. */
export function filtersFor(rule: SigmaRule, filters: readonly SigmaFilter[]): SigmaFilter[] {
  return filters.filter(
    (filter) =>
      covers(filter.logSource, rule.logSource) &&
      (filter.rules === 'any' ||
        filter.rules.some(
          ({ reference }) => reference === rule.id || reference === rule.name || reference === rule.key,
        )),
  );
}

/** A filter that names a rule nobody loaded is not wrong, only idle: rule packs differ. It must not name a correlation. */
export function checkFilters(filters: readonly SigmaFilter[], catalogue: Catalogue): void {
  for (const filter of filters) {
    if (filter.rules === 'any') continue;
    for (const { reference, at } of filter.rules) {
      const target = catalogue.find(reference);
      if (target?.kind === 'correlation')
        catalogue.refuse(filter, at, `'${reference}' is a correlation: filter its rules`);
      else if (target && !covers(filter.logSource, target.logSource))
        catalogue.refuse(filter, at, `'${reference}' has another log source than the filter`);
    }
  }
}

/** Does every part that `general` names have the same value in `particular`? */
export const covers = (general: LogSource, particular: LogSource): boolean =>
  (['category', 'product', 'service'] as const).every(
    (part) => general[part] === undefined || general[part] === particular[part],
  );
