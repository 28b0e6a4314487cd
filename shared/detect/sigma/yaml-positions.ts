import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from 'yaml';
import { Flaw, type FaultList, type Position } from './faults.ts';

/** YAML with a position on every node; anchors resolved, tags and merge keys refused. */
export type Tree = MapTree | ListTree | ScalarTree;

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written: `4688`, `0x17`, or the string itself. */
  readonly text: string;
  readonly at: Position;
}

export interface ListTree {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly at: Position;
}

export interface Entry {
  readonly key: string;
  readonly at: Position;
  readonly value: Tree;
}

export interface MapTree {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
  readonly at: Position;
}

// Generous for rules, small enough that a file of nested anchors cannot fill memory.
const MAX_CHARS = 2 * 1024 * 1024;
const MAX_NODES = 200_000;
const MAX_DEPTH = 100;

/** The documents of a file; syntax errors go to `faults` and drop their document. */
export function readYaml(text: string, faults: FaultList): Tree[] {
  if (text.length > MAX_CHARS) {
    faults.add({ line: 1, column: 1 }, `the file has more than ${MAX_CHARS} characters`);
    return [];
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const trees: Tree[] = [];
  for (const document of documents as Document.Parsed[]) {
    for (const error of document.errors) faults.add(place(lines, error.pos[0]), `YAML: ${error.message}`);
    if (document.errors.length > 0 || document.contents === null) continue;
    const tree = faults.attempt(() => new Reader(document, lines).tree(document.contents as Node, 0));
    if (tree && !(tree.kind === 'scalar' && tree.value === null)) trees.push(tree);
  }
  return trees;
}

function place(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

class Reader {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  #nodes = 0;

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  tree(node: Node | null, depth: number): Tree {
    const at = place(this.#lines, node?.range?.[0] ?? 0);
    if (++this.#nodes > MAX_NODES || depth > MAX_DEPTH)
      throw new Flaw(at, 'the document is too large or too deeply nested');
    if (node === null) return { kind: 'scalar', value: null, text: '', at };
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (!target) throw new Flaw(at, `unknown anchor *${node.source}`);
      return this.tree(target, depth + 1);
    }
    if (isMap(node)) return this.#map(node.items, at, depth);
    if (isSeq(node))
      return { kind: 'list', items: node.items.map((item) => this.tree(item as Node, depth + 1)), at };
    if (isScalar(node)) return scalar(node.value, node.source, at);
    throw new Flaw(at, 'not a YAML value');
  }

  #map(items: { key: unknown; value: unknown }[], at: Position, depth: number): MapTree {
    const entries = new Map<string, Entry>();
    for (const { key, value } of items) {
      const node = this.tree(key as Node, depth + 1);
      if (node.kind !== 'scalar') throw new Flaw(node.at, 'a key must be plain text');
      if (node.text === '<<') throw new Flaw(node.at, 'merge keys (<<) are not supported');
      const child = this.tree(value as Node | null, depth + 1);
      // A key without a value has no node of its own: report it where the key stands.
      const placed = value === null ? { ...child, at: node.at } : child;
      entries.set(node.text, { key: node.text, at: node.at, value: placed });
    }
    return { kind: 'map', entries, at };
  }
}

function scalar(value: unknown, source: string | undefined, at: Position): ScalarTree {
  if (value === null || value === undefined) return { kind: 'scalar', value: null, text: source ?? '', at };
  if (typeof value === 'string') return { kind: 'scalar', value, text: value, at };
  if (typeof value === 'boolean') return { kind: 'scalar', value, text: source ?? String(value), at };
  // An integer beyond 2^53 would compare equal to its neighbours as a number: keep it as text.
  if (typeof value === 'number' && (Number.isSafeInteger(value) || !Number.isInteger(value)))
    return { kind: 'scalar', value, text: source ?? String(value), at };
  const text = source ?? JSON.stringify(value);
  return { kind: 'scalar', value: text, text, at };
}

/** Plain JavaScript values, for parts of a rule that the engine itself does not interpret. */
export function plain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plain);
  return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, plain(entry.value)]));
}
