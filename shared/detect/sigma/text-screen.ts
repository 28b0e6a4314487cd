import type { BoundRule } from './bind-rule.ts';
import { itemsOf, partialOutcome, type Item } from './expression.ts';
import type { FieldReader } from './field-source.ts';
import { neededLiterals, patternOf } from './literals.ts';
import type { Shape } from './pipeline.ts';
import { ABSENT, textPath, type RecordText, type TextPath, type TextValue } from './record-text.ts';
import { RecordView } from './record-view.ts';

/** What the values at some of the paths tell of a record. */
interface Node {
  /** Whether a rule can match, or a pattern that the text then matches. */
  readonly verdict: boolean | RegExp;
  /** The next path worth a look; undefined: no further one changes the verdict. */
  readonly next: number | undefined;
  readonly known: readonly Known[];
  readonly children: Map<string, Node>;
}

interface Known {
  readonly path: Path;
  /** The value is one of these. */
  readonly values: readonly TextValue[];
}

interface Path extends TextPath {
  readonly key: string;
}

// A pattern of more literals takes longer than parsing the record.
const MAX_LITERALS = 10;
// Looking for more paths takes longer than parsing the record.
const MAX_PATHS = 3;
// Real tenants show some hundreds of operations; hostile ones must not fill memory.
const MAX_NODES = 5_000;

/**
 * Tells by a record's text alone that no rule of a shape can match it, so that it need not be parsed. Says "can" in
 * every case of doubt.
 */
export class TextScreen {
  readonly #rules: readonly BoundRule[];
  readonly #readers: readonly FieldReader[];
  readonly #paths: readonly Path[];
  /** Records spell names as the shape does, and a missing one is missing in every spelling. */
  readonly #canonical: boolean;
  #root: Node | undefined;
  #nodes = 0;

  constructor(
    shape: Shape,
    readers: readonly FieldReader[],
    rules: readonly BoundRule[],
    canonical: boolean,
  ) {
    this.#rules = rules;
    this.#readers = readers;
    this.#canonical = canonical;
    const plain = shape.roots.length === 1 && shape.roots[0] === '';
    this.#paths = plain ? shape.dispatch.map((path) => ({ key: path.toLowerCase(), ...textPath(path) })) : [];
  }

  canMatch(text: RecordText): boolean {
    let node = (this.#root ??= this.#node([], 0));
    while (node.next !== undefined) {
      const path = this.#paths[node.next]!;
      const values = this.#values(text, path);
      const key = values === undefined ? '' : keyOf(values);
      let child = node.children.get(key);
      if (!child) {
        child = this.#node(values ? [...node.known, { path, values }] : node.known, node.next + 1);
        if (this.#nodes++ < MAX_NODES) node.children.set(key, child);
      }
      node = child;
    }
    return typeof node.verdict === 'boolean' ? node.verdict : text.matches(node.verdict);
  }

  #values(text: RecordText, path: Path): readonly TextValue[] | undefined {
    const values = text.read(path);
    return this.#canonical || !values?.includes(ABSENT) ? values : undefined;
  }

  #node(known: readonly Known[], from: number): Node {
    const decide = this.#decider(known);
    const rules = this.#rules.filter(({ expression }) => partialOutcome(expression, decide) !== false);
    const verdict = this.#verdict(rules, decide);
    const open = new Set(rules.flatMap(({ expression }) => itemsOf(expression).map(({ reads }) => reads)));
    const next =
      known.length < MAX_PATHS ? this.#paths.findIndex(({ key }, i) => i >= from && open.has(key)) : -1;
    return {
      verdict,
      next: verdict === false || next < 0 ? undefined : next,
      known,
      children: new Map(),
    };
  }

  #verdict(rules: readonly BoundRule[], decide: (item: Item) => boolean | undefined): Node['verdict'] {
    const all = new Set<string>();
    for (const { expression } of rules) {
      const literals = neededLiterals(expression, decide);
      if (literals === undefined) return true;
      for (const literal of literals) all.add(literal);
    }
    if (all.size === 0) return false;
    return all.size > MAX_LITERALS ? true : patternOf([...all]);
  }

  /** Decides items that read one of the paths, where every value that may be there gives the same outcome. */
  #decider(known: readonly Known[]): (item: Item) => boolean | undefined {
    const views = new Map(
      known.map(({ path, values }) => [
        path.key,
        values.map((value) => new RecordView(this.#readers, recordOf(path.names, value))),
      ]),
    );
    return (item) => {
      const [first, ...others] = (item.reads !== undefined && views.get(item.reads)) || [];
      if (!first) return undefined;
      const outcome = item.holds(first);
      return others.every((view) => item.holds(view) === outcome) ? outcome : undefined;
    };
  }
}

function keyOf(values: readonly TextValue[]): string {
  let key = '';
  for (const value of values) key += value === ABSENT ? '-' : `${typeof value}${String(value)}\n`;
  return key;
}

function recordOf(names: readonly string[], value: TextValue): unknown {
  if (value === ABSENT) return {};
  return names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
}
