/**
 * The JSON that a Bicep expression will become, as far as it can be told without running it. Whatever depends on a
 * parameter, a loop or Azure is UNKNOWN, which every check accepts.
 */
import type { Node } from 'web-tree-sitter';
import { literalText, named, property, type Template } from './template.ts';

export const UNKNOWN: unique symbol = Symbol('unknown');

export type Value =
  typeof UNKNOWN | string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** Which side of every `condition ? a : b` is looked at; a check is made once with each. */
export type Side = 'consequence' | 'alternative';

type Record_ = { readonly [key: string]: Value };

export const isRecord = (value: Value): value is Record_ =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

const other = (side: Side): Side => (side === 'consequence' ? 'alternative' : 'consequence');

const isEmpty = (value: Value): boolean =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

function objectValue(node: Node, template: Template, side: Side): Value {
  const entries: [string, Value][] = [];
  for (const child of named(node)) {
    const entry = child.type === 'object_property' ? property(child) : undefined;
    if (entry !== undefined && !entry.key.includes('${'))
      entries.push([entry.key, valueOf(entry.value, template, side)]);
  }
  return Object.fromEntries(entries);
}

function callValue(node: Node, template: Template, side: Side): Value {
  const args = node.childForFieldName('arguments');
  const list = args == null ? [] : named(args);
  const values = (): Value[] => list.map((a) => valueOf(a, template, side));
  switch (node.childForFieldName('function')?.text) {
    case 'union': {
      const parts = values();
      return parts.every(isRecord) ? Object.assign({}, ...parts) : UNKNOWN;
    }
    case 'concat': {
      const parts = values();
      return parts.every(isList) ? parts.flat() : UNKNOWN;
    }
    case 'map': {
      const lambda = list[1] === undefined ? undefined : named(list[1]).at(-1);
      return lambda === undefined ? UNKNOWN : [valueOf(lambda, template, side)];
    }
    default:
      return UNKNOWN;
  }
}

export function valueOf(node: Node, template: Template, side: Side): Value {
  const again = (child: Node | null | undefined): Value =>
    child == null ? UNKNOWN : valueOf(child, template, side);
  switch (node.type) {
    case 'object':
      return objectValue(node, template, side);
    case 'array':
      return named(node).map((c) => valueOf(c, template, side));
    case 'string':
      return literalText(node) ?? UNKNOWN;
    case 'number':
      return Number(node.text);
    case 'boolean':
      return node.text === 'true';
    case 'null':
      return null;
    case 'parenthesized_expression':
      return again(named(node)[0]);
    case 'ternary_expression': {
      const value = again(node.childForFieldName(side));
      // "cond ? {} : {...}" says that something is left out: the side that is there is the one to look at.
      return isEmpty(value) ? again(node.childForFieldName(other(side))) : value;
    }
    case 'for_statement':
      return [again(node.childForFieldName('body'))];
    case 'if_statement':
      return again(named(node).at(-1));
    case 'call_expression':
      return callValue(node, template, side);
    case 'identifier':
      return again(template.variables.get(node.text)?.value);
    default:
      return UNKNOWN;
  }
}
