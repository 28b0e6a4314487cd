import type { Test } from '../../../shared/detect/sigma/ast.ts';
import type { Shape } from '../../../shared/detect/sigma/pipeline.ts';

type Json = Record<string, unknown>;

type Wish =
  | { readonly equals: string | number }
  | { readonly contains: string }
  | { readonly startsWith: string }
  | { readonly endsWith: string };

/** Members that vendors write as lists of named values, and the names of the columns. */
const NAMED: Record<string, readonly [name: string, value: string]> = {
  modifiedProperties: ['displayName', 'newValue'],
  ModifiedProperties: ['Name', 'NewValue'],
  additionalDetails: ['key', 'value'],
  ExtendedProperties: ['Name', 'Value'],
  Parameters: ['Name', 'Value'],
  OperationProperties: ['Name', 'Value'],
};
const LISTS = ['targetResources', 'Target'];
const COLUMNS = [
  'displayName',
  'oldValue',
  'newValue',
  'Name',
  'Value',
  'OldValue',
  'NewValue',
  'key',
  'value',
];

/** Puts values where a raw record of a shape has them. */
export class RecordBuilder {
  readonly #record: Json = {};
  readonly #root: string;

  constructor(shape: Shape) {
    this.#root = shape.roots[0] ?? '';
    for (const path of shape.has)
      if (this.#read(path) === undefined) this.#write(this.#record, path.split('.'), 'present');
    this.put(shape.id[0]!, { equals: 'record-1' });
    this.put(shape.time[0]!, { equals: '2026-01-02T03:04:05Z' });
  }

  value(): unknown {
    return JSON.parse(JSON.stringify(this.#record));
  }

  /** Adds to what is there already: a prefix before, a suffix behind. */
  put(path: string, wish: Wish): void {
    const full = this.#full(path);
    const there = this.#read(full);
    const before = typeof there === 'string' && there !== 'present' && there !== OTHER ? there : '';
    if ('equals' in wish) this.#write(this.#record, full.split('.'), wish.equals);
    else if ('startsWith' in wish) this.#write(this.#record, full.split('.'), wish.startsWith + before);
    else if ('endsWith' in wish) this.#write(this.#record, full.split('.'), before + wish.endsWith);
    else
      this.#write(
        this.#record,
        full.split('.'),
        before.includes(wish.contains) ? before : `${before} ${wish.contains}`,
      );
  }

  /** A value that none of the tests accept; `words`: values the mapping knows, one of which may be needed for that. */
  putOther(path: string, tests: readonly Test[], words: readonly string[]): void {
    const full = this.#full(path).split('.');
    const blank = tests.some(({ kind, shown }) => kind === 'null' || (kind === 'text' && shown === ''));
    const otherwise = tests.some(({ shown }) => shown.toLowerCase() === 'failure') && words.length > 0;
    this.#write(this.#record, full, blank ? 'something' : otherwise ? words[0] : OTHER);
  }

  /** A value whose JSON is, or has within, this text. */
  putJson(path: string, text: string): void {
    if (path === '$') return this.put('FreeText', { contains: text });
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = [{ modifiedProperties: [JSON.parse(`{${text}}`)] }];
    }
    this.#write(this.#record, this.#full(path).split('.'), value);
  }

  remove(path: string): void {
    this.#write(this.#record, this.#full(path).split('.'), undefined);
  }

  #full(path: string): string {
    return this.#root === '' ? path : `${this.#root}.${path}`;
  }

  #read(path: string): unknown {
    return path.split('.').reduce<unknown>((node, step) => {
      const at: unknown = Array.isArray(node) ? node[0] : node;
      return typeof at === 'object' && at !== null ? (at as Json)[step] : undefined;
    }, this.#record);
  }

  #write(node: Json, steps: readonly string[], value: unknown): void {
    const [step = '', ...rest] = steps;
    const columns = NAMED[step];
    if (columns && rest.length > 0) return this.#writeNamed(node, step, columns, rest, value);
    if (columns && typeof value === 'string') node[step] = [{ [columns[0]]: value, [columns[1]]: 'x' }];
    else if (LISTS.includes(step) && rest.length > 0) this.#write(firstOf(node, step), rest, value);
    else if (LISTS.includes(step) && typeof value === 'string') node[step] = [{ id: value }];
    else if (rest.length === 0) node[step] = value;
    else {
      const next = typeof node[step] === 'object' && node[step] !== null ? (node[step] as Json) : {};
      node[step] = next;
      this.#write(next, rest, value);
    }
  }

  #writeNamed(
    node: Json,
    step: string,
    [nameColumn, valueColumn]: readonly [string, string],
    rest: readonly string[],
    value: unknown,
  ): void {
    if (COLUMNS.includes(rest[0]!)) {
      firstOf(node, step)[rest[0]!] = value;
      return;
    }
    const list = Array.isArray(node[step]) ? (node[step] as Json[]) : [];
    node[step] = [...list, { [nameColumn]: rest.join('.'), [valueColumn]: value }];
  }
}

const OTHER = 'zz-another-value';

function firstOf(node: Json, step: string): Json {
  if (!Array.isArray(node[step])) node[step] = [{}];
  return (node[step] as Json[])[0]!;
}
