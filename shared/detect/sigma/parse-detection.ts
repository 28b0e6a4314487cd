import type { Condition, Detection, Selection } from './ast.ts';
import { Flaw, type Position } from './faults.ts';
import { applyModifiers } from './modifiers/table.ts';
import { parseCondition } from './parse-condition.ts';
import { asText, need } from './tree-access.ts';
import type { Entry, ListTree, MapTree, ScalarTree, Tree } from './yaml-positions.ts';

/** The `detection` of a rule, or the `filter` of a filter document without its `rules`. */
export function parseDetection(map: MapTree, where: string, reserved: readonly string[] = []): Detection {
  const selections = new Map<string, Selection>();
  for (const [name, entry] of map.entries) {
    if (name === 'condition' || reserved.includes(name)) continue;
    if (name === 'timeframe')
      throw new Flaw(entry.at, "'timeframe' is retired: write a correlation rule instead");
    selections.set(checkName(name, entry.at), parseSelection(entry.value));
  }
  if (selections.size === 0) throw new Flaw(map.at, `${where} has no selection`);
  const condition = need(map, 'condition', where).value;
  return { selections, ...parseConditions(condition, [...selections.keys()]) };
}

function checkName(name: string, at: Position): string {
  if (!/^[^\s()|*]+$/.test(name)) throw new Flaw(at, `'${name}' cannot be a selection's name`);
  return name;
}

/** "The condition can be a list, in this case ... they are logically linked with OR." */
function parseConditions(
  tree: Tree,
  names: readonly string[],
): { condition: Condition; conditionText: string } {
  const parts = tree.kind === 'list' ? tree.items : [tree];
  if (parts.length === 0) throw new Flaw(tree.at, 'the condition is empty');
  const texts = parts.map((part) => asText(part, 'the condition'));
  const of = parts.map((part, i) => parseCondition(texts[i]!, names, part.at));
  return { condition: of.length === 1 ? of[0]! : { kind: 'or', of }, conditionText: texts.join(' or ') };
}

/** A map of fields (and), a list of maps and keywords (or), or one keyword. */
function parseSelection(tree: Tree): Selection {
  if (tree.kind === 'map') return parseMap(tree);
  if (tree.kind === 'list') return parseList(tree);
  return keywords([tree], [], tree.at);
}

function parseMap(map: MapTree): Selection {
  if (map.entries.size === 0) throw new Flaw(map.at, 'the selection is empty');
  const of = [...map.entries.values()].map(parseField);
  return of.length === 1 ? of[0]! : { kind: 'and', of };
}

function parseList(list: ListTree): Selection {
  if (list.items.length === 0) throw new Flaw(list.at, 'the selection is empty');
  const words = list.items.filter((item): item is ScalarTree => item.kind === 'scalar');
  const maps = list.items
    .filter((item) => item.kind !== 'scalar')
    .map((item) => {
      if (item.kind === 'list') throw new Flaw(item.at, 'a list within a list is not a selection');
      return parseMap(item);
    });
  const of = words.length > 0 ? [keywords(words, [], list.at), ...maps] : maps;
  return of.length === 1 ? of[0]! : { kind: 'or', of };
}

function parseField({ key, at, value }: Entry): Selection {
  const [field = '', ...modifiers] = key.split('|').map((part) => part.trim());
  const scalars = scalarsOf(value, key);
  if (field === '') return keywords(scalars, modifiers, at);
  if (field.split('.').some((part) => part === '' || part === '__proto__'))
    throw new Flaw(at, `'${field}' is not a field name`);
  return { kind: 'predicate', predicate: applyModifiers(field, modifiers, scalars, at) };
}

function keywords(words: readonly ScalarTree[], modifiers: readonly string[], at: Position): Selection {
  const empty = words.find((word) => word.text.trim() === '');
  if (empty) throw new Flaw(empty.at, 'a keyword must not be empty');
  return { kind: 'predicate', predicate: applyModifiers(undefined, modifiers, words, at) };
}

function scalarsOf(value: Tree, key: string): ScalarTree[] {
  if (value.kind === 'scalar') return [value];
  if (value.kind === 'map')
    throw new Flaw(value.at, `'${key}' must be a value or a list of values, not a map`);
  if (value.items.length === 0) throw new Flaw(value.at, `'${key}' has an empty list`);
  return value.items.map((item) => {
    if (item.kind !== 'scalar') throw new Flaw(item.at, `a value of '${key}' must be plain`);
    // "null cannot be part of a list of field values as it is its own type".
    if (item.value === null && value.items.length > 1)
      throw new Flaw(item.at, 'null cannot be one of several values: give it a selection of its own');
    return item;
  });
}
