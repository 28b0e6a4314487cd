import type { FieldReader } from './field-source.ts';
import { FieldValues, type Scalar } from './field-values.ts';

// Enough for the countries, clients and applications of a tenant; fields with more values are simply read.
const MAX_ENTRIES = 512;
const MAX_CHARS = 256;

type Json = Readonly<Record<string, unknown>>;

/** A path as its names, from the record on. */
type Names = readonly string[];

/**
 * Most fields hold one of few values, over and over. A value seen before is answered with the same FieldValues, on which
 * its lower case and the outcomes of tests are already noted.
 */
export function cacheScalars(path: string, canonical: boolean, read: FieldReader): FieldReader {
  const segments = path.split('.');
  const cache = new Map<Scalar, FieldValues>();
  const [top = ''] = segments;
  const nothing = sharedNothing();
  return (record) => {
    const value = follow(record, segments);
    if (isShort(value)) return cache.get(value) ?? remember(cache, value, read(record));
    if (canonical && value === undefined && (record as Json | undefined)?.[top] === undefined) return nothing;
    return read(record);
  };
}

/** The same for a field whose values come from several paths: equal ones in all of them, equal FieldValues. */
export function cacheTuples(paths: readonly string[], canonical: boolean, read: FieldReader): FieldReader {
  const all = paths.map((path) => path.split('.'));
  const root: Branch = new Map();
  let entries = 0;
  return (record) => {
    const tuple: Known[] = [];
    let at: Branch | FieldValues | undefined = root;
    for (const names of all) {
      const value = follow(record, names);
      const isKnown =
        isShort(value) ||
        // Of one name, null may stand beside another spelling of it.
        (value === null && (canonical || names.length > 1)) ||
        (canonical && value === undefined && isMissing(record, names));
      if (!isKnown) return read(record);
      tuple.push(value);
      at = at instanceof Map ? at.get(value) : undefined;
    }
    if (at instanceof FieldValues) return at;
    // Read from these values alone: what else the record has must not be remembered for others.
    const values = read(recordOf(all, tuple));
    if (entries < MAX_ENTRIES) {
      entries++;
      place(root, tuple, values.share());
    }
    return values;
  };
}

function place(root: Branch, tuple: readonly Known[], values: FieldValues): void {
  let branch = root;
  for (const value of tuple.slice(0, -1)) {
    const next = (branch.get(value) as Branch | undefined) ?? (new Map() as Branch);
    branch.set(value, next);
    branch = next;
  }
  branch.set(tuple.at(-1), values);
}

function recordOf(paths: readonly Names[], tuple: readonly Known[]): Json {
  const record: Record<string, unknown> = {};
  paths.forEach((names, i) => {
    if (tuple[i] === undefined) return;
    let node = record;
    for (const name of names.slice(0, -1)) node = (node[name] ??= {}) as Record<string, unknown>;
    node[names.at(-1)!] = tuple[i];
  });
  return record;
}

/**
 * The same for a field that is looked for elsewhere only when its first path has nothing: where that has a value, the
 * others do not matter. `readFirst` answers undefined when they do.
 */
export function cacheFirst(
  path: string,
  readFirst: (record: unknown) => FieldValues | undefined,
  readAll: FieldReader,
): FieldReader {
  const segments = path.split('.');
  const cache = new Map<Scalar, FieldValues>();
  return (record) => {
    const value = follow(record, segments);
    if (!isShort(value)) return readAll(record);
    const known = cache.get(value);
    if (known) return known;
    const first = readFirst(record);
    return first ? remember(cache, value, first) : readAll(record);
  };
}

/** A value of which all is known; undefined: the field is missing. */
type Known = Scalar | null | undefined;
type Branch = Map<Known, Branch | FieldValues>;

function sharedNothing(): FieldValues {
  return new FieldValues().share();
}

const isMissing = (record: unknown, [top = '']: Names): boolean =>
  (record as Json | undefined)?.[top] === undefined;

const isShort = (value: unknown): value is Scalar =>
  typeof value === 'string'
    ? value.length <= MAX_CHARS
    : typeof value === 'number' || typeof value === 'boolean';

/** The value at the path, spelled exactly and through objects only; undefined says nothing. */
function follow(record: unknown, segments: Names): unknown {
  if (segments.length === 1 && typeof record === 'object' && record !== null && !Array.isArray(record))
    return (record as Json)[segments[0]!];
  let node = record;
  for (let i = 0; i < segments.length; i++) {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return undefined;
    node = (node as Json)[segments[i]!];
  }
  return node;
}

function remember(cache: Map<Scalar, FieldValues>, value: Scalar, values: FieldValues): FieldValues {
  if (cache.size >= MAX_ENTRIES) return values;
  cache.set(value, values.share());
  return values;
}
