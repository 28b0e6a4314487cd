import { parseAddress } from './networks.ts';
import { compilePath, leavesOf, type PathReader } from './field-path.ts';
import { FieldValues, type Scalar } from './field-values.ts';
import type { FieldSource } from './pipeline.ts';

/** Everything a field holds in a record. */
export type FieldReader = (record: unknown) => FieldValues;

export const WHOLE_RECORD = '$';

/** Reads a field from its sources; what any of them has, the field has. */
export function compileField(sources: readonly FieldSource[], roots: readonly string[]): FieldReader {
  const readers = sources.map((source) => ({
    read: compileSource(source, roots),
    fallback: source.fallback,
  }));
  return (record) => {
    const out = new FieldValues();
    for (const { read, fallback } of readers) if (!fallback || isBlank(out)) read(record, out);
    return out;
  };
}

const isBlank = (values: FieldValues): boolean =>
  values.composites.length === 0 && values.scalars.every((value) => value === '');

/** All values of the record, for keywords. */
export const readLeaves: FieldReader = (record) => {
  const out = new FieldValues();
  leavesOf(record, out);
  return out;
};

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
  values.composites.length > 0 ? values.json : values.scalars.map((value) => JSON.stringify(value));

/** The first root below which the path leads anywhere. */
function belowRoots(path: string, roots: readonly string[]): PathReader {
  const readers = roots.map((root) => compilePath(root === '' ? path : `${root}.${path}`));
  const [only] = readers;
  if (readers.length === 1 && only) return only;
  return (record, out) => {
    for (const read of readers) {
      const found = new FieldValues();
      read(record, found);
      if (!found.present) continue;
      out.present = true;
      out.hasNull ||= found.hasNull;
      out.scalars.push(...found.scalars);
      out.composites.push(...found.composites);
      return;
    }
  };
}

type Transform = (value: Scalar) => readonly Scalar[];

function transformOf(source: FieldSource): Transform | undefined {
  const steps: Transform[] = [];
  if (source.trim) steps.push((value) => [trimOperation(String(value))]);
  if (source.address) steps.push((value) => plainAddress(String(value)));
  if (source.map) steps.push(mapped(source.map, source.otherwise));
  if (source.alias) steps.push(aliased(source.alias));
  if (steps.length === 0) return undefined;
  return (value) => steps.reduce<readonly Scalar[]>((values, step) => values.flatMap(step), [value]);
}

/** `Update user.` → `Update user`; real names also end in a blank. */
export const trimOperation = (text: string): string => text.trim().replace(/\.$/, '').trimEnd();

function plainAddress(text: string): string[] {
  const address = parseAddress(text)?.toString();
  return address === undefined || address === '::1' ? [] : [address];
}

function mapped(table: Readonly<Record<string, string>>, otherwise: string | undefined): Transform {
  const lower = lowerKeys(table);
  return (value) => {
    const name = lower.get(String(value).toLowerCase()) ?? otherwise;
    return name === undefined ? [] : [name];
  };
}

function aliased(table: Readonly<Record<string, string>>): Transform {
  const lower = lowerKeys(table);
  return (value) => {
    const name = lower.get(String(value).toLowerCase());
    return name === undefined ? [value] : [value, name];
  };
}

const lowerKeys = (table: Readonly<Record<string, string>>): Map<string, string> =>
  new Map(Object.entries(table).map(([key, value]) => [key.toLowerCase(), value]));
