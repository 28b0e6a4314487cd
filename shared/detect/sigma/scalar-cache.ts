import type { FieldReader } from './field-source.ts';
import { FieldValues, type Scalar } from './field-values.ts';

// Enough for the countries, clients and applications of a tenant; fields with more values are simply read.
const MAX_ENTRIES = 512;
const MAX_CHARS = 256;

type Json = Readonly<Record<string, unknown>>;

/**
 * Most fields hold one of few values, over and over. A value seen before is answered with the same FieldValues, on which
 * its lower case and the outcomes of tests are already noted.
 */
export function cacheScalars(path: string, canonical: boolean, read: FieldReader): FieldReader {
  const segments = path.split('.');
  const cache = new Map<Scalar, FieldValues>();
  const [top = ''] = segments;
  const nothing = new FieldValues();
  nothing.outcomes = [];
  return (record) => {
    const value = follow(record, segments);
    if (isShort(value)) return cache.get(value) ?? remember(cache, value, read(record));
    if (canonical && value === undefined && (record as Json | undefined)?.[top] === undefined) return nothing;
    return read(record);
  };
}

const isShort = (value: unknown): value is Scalar =>
  typeof value === 'string'
    ? value.length <= MAX_CHARS
    : typeof value === 'number' || typeof value === 'boolean';

/** The value at the path, spelled exactly and through objects only; undefined says nothing. */
function follow(record: unknown, segments: readonly string[]): unknown {
  let node = record;
  for (const segment of segments) {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return undefined;
    node = (node as Json)[segment];
  }
  return node;
}

function remember(cache: Map<Scalar, FieldValues>, value: Scalar, values: FieldValues): FieldValues {
  if (cache.size >= MAX_ENTRIES) return values;
  values.outcomes = [];
  cache.set(value, values);
  return values;
}
