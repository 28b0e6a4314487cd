import { isObject, textOf } from '../record.ts';

/** Reading values out of vendors' shapes: case and nesting differ, nothing may be assumed. */

export type Json = Readonly<Record<string, unknown>>;

/**
 * The value at a path of at most three names; undefined where a step of it is no object. Names are parameters of their
 * own here and below: lists of them would be made by the hundred for each record.
 */
function valueAt(value: unknown, first: string, second?: string, third?: string): unknown {
  const found = isObject(value) ? value[first] : undefined;
  if (second === undefined) return found;
  const inner = isObject(found) ? found[second] : undefined;
  return third === undefined ? inner : isObject(inner) ? inner[third] : undefined;
}

export function objectAt(value: unknown, first: string, second?: string, third?: string): Json | undefined {
  const found = valueAt(value, first, second, third);
  return isObject(found) ? found : undefined;
}

export const textAt = (value: unknown, first: string, second?: string, third?: string): string | undefined =>
  textOf(valueAt(value, first, second, third));

export function objectsAt(value: unknown, first: string, second?: string, third?: string): Json[] {
  const list = valueAt(value, first, second, third);
  return Array.isArray(list) ? list.filter(isObject) : [];
}

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

/** So few are compared with one another faster than they are put into a set. */
const FEW = 32;

/** Each text once, in the order of first appearance; neither what is missing nor what is empty. */
export function distinct(values: readonly (string | undefined)[]): string[] {
  const texts = values.filter((v): v is string => v !== undefined && v !== '');
  if (texts.length > FEW) return [...new Set(texts)];
  return texts.length < 2 ? texts : texts.filter((text, i) => texts.indexOf(text) === i);
}
