import { compilePath, leavesOf, type PathReader } from './field-path.ts';
import { FieldValues, type Scalar } from './field-values.ts';
import { cacheFirst, cacheScalars, cacheTuples } from './scalar-cache.ts';
import { transformOf } from './field-transform.ts';
import type { FieldSource } from './pipeline.ts';

/** Everything a field holds in a record. The answer may be shared by records: it must not be changed. */
export type FieldReader = (record: unknown) => FieldValues;

export const WHOLE_RECORD = '$';

/**
 * Reads a field from its sources; what any of them has, the field has. `canonical`: top-level names are known to be
 * spelled as in the path, so that a missing one need not be looked for in other spellings.
 */
export function compileField(
  sources: readonly FieldSource[],
  roots: readonly string[],
  canonical: boolean,
): FieldReader {
  const readers = sources.map((source) => ({
    read: compileSource(source, roots),
    fallback: source.fallback,
  }));
  const readAll: FieldReader = (record) => {
    const out = new FieldValues();
    for (const { read, fallback } of readers) if (!fallback || isBlank(out)) read(record, out);
    return out;
  };
  const paths = sources.flatMap(({ path, json, const: fixed }) =>
    path === undefined || path === WHOLE_RECORD || json || fixed !== undefined ? [] : [path],
  );
  if (paths.length !== sources.length) return readAll;
  const spelled = canonical && roots.length === 1;
  const [first = '', ...others] = paths.map((path) => joinRoot(roots[0] ?? '', path));
  if (others.length === 0) return cacheScalars(first, spelled, readAll);
  if (!sources.slice(1).every(({ fallback }) => fallback))
    return cacheTuples([first, ...others], spelled, readAll);
  const readFirst = (record: unknown): FieldValues | undefined => {
    const out = new FieldValues();
    readers[0]!.read(record, out);
    return isBlank(out) ? undefined : out;
  };
  return cacheFirst(first, readFirst, readAll);
}

const isBlank = (values: FieldValues): boolean =>
  values.composites.length === 0 && values.scalars.every((value) => value === '');

/** All values of the record, for keywords. */
export const readLeaves: FieldReader = (record) => {
  const out = new FieldValues();
  leavesOf(record, out);
  return out;
};

export const joinRoot = (root: string, path: string): string => (root === '' ? path : `${root}.${path}`);

function compileSource(source: FieldSource, roots: readonly string[]): PathReader {
  const fixed = source.const;
  if (fixed !== undefined) return (_, out) => out.add(fixed);
  const read = source.path === WHOLE_RECORD ? wholeRecord : belowRoots(source.path ?? WHOLE_RECORD, roots);
  const change = transformOf(source);
  if (!change && !source.json) return read;
  return (record, out) => {
    const raw = new FieldValues();
    read(record, raw);
    if (raw.present) out.present = true;
    out.hasNull ||= raw.hasNull;
    if (source.json) for (const text of jsonTexts(raw)) out.add(text);
    else for (const value of raw.scalars) for (const changed of change!(value)) out.add(changed);
  };
}

const wholeRecord: PathReader = (record, out) => {
  if (typeof record === 'object' && record !== null) out.add(record);
};

/** An array's elements are part of its JSON already. */
const jsonTexts = (values: FieldValues): readonly string[] =>
  values.composites.length > 0 ? values.json : values.scalars.map((value: Scalar) => JSON.stringify(value));

/** The first root below which the path leads anywhere. */
function belowRoots(path: string, roots: readonly string[]): PathReader {
  const readers = roots.map((root) => compilePath(joinRoot(root, path)));
  const [only] = readers;
  if (readers.length === 1 && only) return only;
  return (record, out) => {
    for (const read of readers) {
      const found = new FieldValues();
      read(record, found);
      if (found.present) return out.merge(found);
    }
  };
}
