import { FieldValues } from './field-values.ts';

/** Adds what a path leads to in `record` to `out`. */
export type PathReader = (record: unknown, out: FieldValues) => void;

/**
 * Compiles a dotted path. A segment names a key (exact spelling first, then any case), an element of an array (any), or
 * the entry of that name in an array of `{Name, Value}`, `{Name, NewValue, OldValue}`, `{key, value}` or
 * `{displayName, newValue}`: always by name, never by position. Keys and names may themselves contain dots. A path may
 * go on into text that holds JSON.
 */
export function compilePath(path: string): PathReader {
  const segments = path.split('.');
  const lower = segments.map((segment) => segment.toLowerCase());
  const walker = new Walker(segments, lower);
  if (segments.length > 1) return (record, out) => walker.walk(record, 0, out, 0);
  const [key = ''] = segments;
  const lowerKey = lower[0]!;
  return (record, out) => {
    if (isPlainObject(record)) out.add(ownValue(record, key) ?? record[keyOf(record, lowerKey) ?? key]);
    else walker.walk(record, 0, out, 0);
  };
}

type Json = Readonly<Record<string, unknown>>;

const isPlainObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// Inherited members (`constructor`) are functions or live under __proto__, which no path may name.
function ownValue(object: Json, key: string): unknown {
  const value = object[key];
  return typeof value === 'function' ? undefined : value;
}

/** The key's spelling in this object, whatever the case. Lengths are compared first: most keys end there. */
function keyOf(object: Json, lowerKey: string): string | undefined {
  for (const key in object) if (key.length >= lowerKey.length && sameName(key, lowerKey)) return key;
  return undefined;
}

/** Sigma: names "as they appear in the log source", with "all spaces" stripped. */
function sameName(name: string, lowerName: string): boolean {
  if (name.length === lowerName.length) return name.toLowerCase() === lowerName;
  return name.includes(' ') && name.replaceAll(' ', '').toLowerCase() === lowerName;
}

const NAMES = ['Name', 'name', 'displayName', 'DisplayName', 'key', 'Key'];
const VALUES = ['Value', 'value', 'NewValue', 'newValue'];
const MAX_DEPTH = 32;
// Text longer than this is not parsed to look for a field inside it.
const MAX_JSON_CHARS = 256 * 1024;

class Walker {
  readonly #segments: readonly string[];
  readonly #lower: readonly string[];

  constructor(segments: readonly string[], lower: readonly string[]) {
    this.#segments = segments;
    this.#lower = lower;
  }

  walk(node: unknown, at: number, out: FieldValues, depth: number): void {
    if (at === this.#segments.length) out.add(node);
    else if (depth > MAX_DEPTH) return;
    else if (Array.isArray(node)) this.#array(node, at, out, depth);
    else if (isPlainObject(node)) this.#object(node, at, out, depth);
    else if (typeof node === 'string') this.#text(node, at, out, depth);
  }

  #object(node: Json, at: number, out: FieldValues, depth: number): void {
    // The longest run of segments that is a key is tried last: "a.b" as two keys is the rule, as one the exception.
    for (let end = at + 1; end <= this.#segments.length; end++) {
      const value = this.#member(node, at, end);
      if (value !== undefined) return this.walk(value, end, out, depth + 1);
    }
  }

  #member(node: Json, at: number, end: number): unknown {
    const exact = ownValue(
      node,
      end === at + 1 ? this.#segments[at]! : this.#segments.slice(at, end).join('.'),
    );
    if (exact !== undefined) return exact;
    const key = keyOf(node, end === at + 1 ? this.#lower[at]! : this.#lower.slice(at, end).join('.'));
    return key === undefined ? undefined : ownValue(node, key);
  }

  #array(nodes: readonly unknown[], at: number, out: FieldValues, depth: number): void {
    const before = out.scalars.length + out.composites.length + Number(out.hasNull);
    for (const node of nodes) this.walk(node, at, out, depth + 1);
    if (out.scalars.length + out.composites.length + Number(out.hasNull) > before) return;
    for (const node of nodes) if (isPlainObject(node)) this.#named(node, at, out, depth);
  }

  #named(node: Json, at: number, out: FieldValues, depth: number): void {
    const nameKey = NAMES.find((key) => typeof node[key] === 'string');
    if (nameKey === undefined) return;
    const name = node[nameKey] as string;
    for (let end = at + 1; end <= this.#segments.length; end++) {
      if (!sameName(name, this.#lower.slice(at, end).join('.'))) continue;
      if (end < this.#segments.length) {
        const before = out.present;
        this.walk(node, end, out, depth + 1);
        if (out.present !== before) return;
      }
      const valueKey = VALUES.find((key) => key in node);
      if (valueKey !== undefined) this.walk(unquote(node[valueKey]), end, out, depth + 1);
      return;
    }
  }

  #text(node: string, at: number, out: FieldValues, depth: number): void {
    const first = node[0];
    if ((first !== '{' && first !== '[') || node.length > MAX_JSON_CHARS) return;
    let parsed: unknown;
    try {
      parsed = JSON.parse(node);
    } catch {
      return; // text that only looks like JSON holds no field
    }
    this.walk(parsed, at, out, depth + 1);
  }
}

/** Graph writes the new value of a property as JSON text: `"\"False\""`. */
export function unquote(value: unknown): unknown {
  if (typeof value !== 'string' || value.length < 2 || value[0] !== '"' || value.at(-1) !== '"') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value; // quotes that are no JSON text belong to the value
  }
}

/** Every scalar in the record, for keywords. */
export function leavesOf(record: unknown, out: FieldValues): void {
  const stack: unknown[] = [record];
  while (stack.length > 0) {
    const node = stack.pop();
    if (typeof node !== 'object' || node === null) out.add(node);
    else {
      const children: readonly unknown[] = Array.isArray(node) ? node : Object.values(node);
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]);
    }
  }
}
