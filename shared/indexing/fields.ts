import { isObject, textOf } from '../record.ts';

/** Reading values out of vendors' shapes: case and nesting differ, nothing may be assumed. */

export type Json = Readonly<Record<string, unknown>>;

export const objectAt = (value: unknown, ...path: string[]): Json | undefined => {
  let at: unknown = value;
  for (const name of path) at = isObject(at) ? at[name] : undefined;
  return isObject(at) ? at : undefined;
};

export const textAt = (value: unknown, ...path: string[]): string | undefined => {
  const parent = path.length > 1 ? objectAt(value, ...path.slice(0, -1)) : value;
  return isObject(parent) ? textOf(parent[path.at(-1)!]) : undefined;
};

export const objectsAt = (value: unknown, ...path: string[]): Json[] => {
  const parent = path.length > 1 ? objectAt(value, ...path.slice(0, -1)) : value;
  const list = isObject(parent) ? parent[path.at(-1)!] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
};

/** The value of a `{Name, Value}` (or `{key, value}`) pair in a list, by name; lists change their order. */
export function namedValue(pairs: readonly Json[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  const pair = pairs.find((p) => (textOf(p['Name']) ?? textOf(p['key']))?.toLowerCase() === wanted);
  return pair && (textOf(pair['Value']) ?? textOf(pair['value']));
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ZERO = '00000000-0000-0000-0000-000000000000';

/** A GUID in lower case without braces; undefined for anything else and for the zero GUID. */
export function guidOf(text: string | undefined): string | undefined {
  const guid = text
    ?.trim()
    .replace(/^\{|\}$/g, '')
    .toLowerCase();
  return guid && guid !== ZERO && GUID.test(guid) ? guid : undefined;
}

export const distinct = (values: readonly (string | undefined)[]): string[] => [
  ...new Set(values.filter((v): v is string => v !== undefined && v !== '')),
];
