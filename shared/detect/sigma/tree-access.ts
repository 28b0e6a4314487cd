import { Flaw } from './faults.ts';
import type { Entry, ListTree, MapTree, ScalarTree, Tree } from './yaml-positions.ts';

/** Typed access to a document's parts; every refusal carries the position of what is wrong. */

export function asMap(tree: Tree, what: string): MapTree {
  if (tree.kind !== 'map') throw new Flaw(tree.at, `${what} must be a map`);
  return tree;
}

export function asList(tree: Tree, what: string): ListTree {
  if (tree.kind !== 'list') throw new Flaw(tree.at, `${what} must be a list`);
  return tree;
}

export function asScalar(tree: Tree, what: string): ScalarTree {
  if (tree.kind !== 'scalar') throw new Flaw(tree.at, `${what} must be a single value`);
  return tree;
}

export function asText(tree: Tree, what: string): string {
  const scalar = asScalar(tree, what);
  if (scalar.value === null || scalar.text.trim() === '')
    throw new Flaw(tree.at, `${what} must not be empty`);
  return scalar.text;
}

export function need(map: MapTree, key: string, where: string): Entry {
  const entry = map.entries.get(key);
  if (!entry) throw new Flaw(map.at, `${where} has no '${key}'`);
  return entry;
}

export function optionalText(map: MapTree, key: string): string | undefined {
  const entry = map.entries.get(key);
  return entry && asText(entry.value, `'${key}'`);
}

/** One text or a list of texts, as the schemas allow for references, tags, authors ... */
export function optionalTexts(map: MapTree, key: string): string[] {
  const entry = map.entries.get(key);
  if (!entry) return [];
  if (entry.value.kind === 'scalar') return entry.value.value === null ? [] : [entry.value.text];
  return asList(entry.value, `'${key}'`).items.map((item) => asScalar(item, `an item of '${key}'`).text);
}

export function optionalBoolean(map: MapTree, key: string): boolean | undefined {
  const entry = map.entries.get(key);
  if (!entry) return undefined;
  const value = asScalar(entry.value, `'${key}'`).value;
  if (typeof value !== 'boolean') throw new Flaw(entry.value.at, `'${key}' must be true or false`);
  return value;
}

export function oneOf<T extends string>(map: MapTree, key: string, allowed: readonly T[]): T | undefined {
  const entry = map.entries.get(key);
  if (!entry) return undefined;
  const text = asText(entry.value, `'${key}'`);
  if (!(allowed as readonly string[]).includes(text))
    throw new Flaw(entry.value.at, `'${key}' must be one of ${allowed.join(', ')}, not '${text}'`);
  return text as T;
}
