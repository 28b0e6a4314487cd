import type { FieldMap, FieldSource, Pipeline, Shape } from './pipeline.ts';

type Bind = Pipeline['bind'][number];

/** How a Sigma field name reaches the raw record. */
export interface ResolvedField {
  readonly sources: readonly FieldSource[];
  readonly how: 'native' | 'mapped' | 'missing';
}

/** Resolves the field names of one rule for one shape. The most particular mapping wins: rule, binding, shape. */
export class FieldNames {
  readonly #maps: readonly ReadonlyMap<string, readonly FieldSource[]>[];
  readonly #strip: readonly string[];
  readonly #known: ReadonlyMap<string, string> | undefined;

  constructor(shape: Shape, pipeline: Pipeline, bind: Bind, ruleKey: string) {
    this.#maps = [bind.rules[ruleKey] ?? {}, bind.fields, shape.fields].map(lowerMap);
    this.#strip = pipeline.strip.map((prefix) => prefix.toLowerCase());
    this.#known = shape.known && new Map(shape.known.map((name) => [name.toLowerCase(), name]));
  }

  resolve(name: string): ResolvedField {
    const lower = name.toLowerCase();
    for (const map of this.#maps) {
      const sources = map.get(lower);
      if (sources) return { sources, how: isSame(sources, lower) ? 'native' : 'mapped' };
    }
    const prefix = this.#strip.find((candidate) => lower.startsWith(candidate));
    if (prefix !== undefined) {
      const rest = this.resolve(name.slice(prefix.length));
      return rest.how === 'native' ? { ...rest, how: 'mapped' } : rest;
    }
    return this.#native(name);
  }

  #native(name: string): ResolvedField {
    const [top = '', ...rest] = name.split('.');
    if (!this.#known) return { sources: [rawPath(name)], how: 'native' };
    const spelling = this.#known.get(top.toLowerCase());
    if (spelling === undefined) return { sources: [rawPath(name)], how: 'missing' };
    return { sources: [rawPath([spelling, ...rest].join('.'))], how: 'native' };
  }
}

/** A field read as it lies. */
export const rawPath = (text: string): FieldSource => ({
  path: text,
  json: false,
  trim: false,
  address: false,
  within: false,
  fallback: false,
});

const lowerMap = (fields: FieldMap): Map<string, readonly FieldSource[]> =>
  new Map(Object.entries(fields).map(([name, sources]) => [name.toLowerCase(), sources]));

/** A mapping that only spells the same path out is not a translation. */
function isSame(sources: readonly FieldSource[], lower: string): boolean {
  const [only] = sources;
  return (
    sources.length === 1 && only?.path?.toLowerCase() === lower && !only.map && !only.alias && !only.within
  );
}
