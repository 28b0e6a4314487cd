import type { Condition, Detection, Predicate, Selection, Test } from './ast.ts';
import { isPlaceholder, joinTokens, tokenize, type Token } from './sigma-string.ts';

/** Values for `%name%` of the `expand` modifier; they may hold wildcards. Names in any case. */
export type PlaceholderLists = Readonly<Record<string, readonly string[]>>;

// Several placeholders in one value multiply.
const MAX_EXPANSIONS = 100_000;

export class Expander {
  readonly #lists: ReadonlyMap<string, readonly Token[][]>;
  /** Names that rules use and nobody gave a list for. */
  readonly missing = new Set<string>();

  constructor(lists: PlaceholderLists) {
    this.#lists = new Map(
      Object.entries(lists).map(([name, values]) => [name.toLowerCase(), values.map(tokenize)]),
    );
  }

  detection(detection: Detection): Detection {
    const selections = [...detection.selections].map(
      ([name, selection]) => [name, this.#selection(selection)] as const,
    );
    return { ...detection, selections: new Map(selections) };
  }

  #selection(selection: Selection): Selection {
    if (selection.kind === 'predicate')
      return { kind: 'predicate', predicate: this.#predicate(selection.predicate) };
    return { kind: selection.kind, of: selection.of.map((part) => this.#selection(part)) };
  }

  #predicate(predicate: Predicate): Predicate {
    if (!predicate.modifiers.includes('expand')) return predicate;
    return { ...predicate, tests: predicate.tests.flatMap((test) => this.#test(test)) };
  }

  #test(test: Test): Test[] {
    if (test.kind !== 'text') return [test];
    return this.#expansions(test.tokens).map((tokens) => ({ ...test, tokens: joinTokens(tokens) }));
  }

  #expansions(tokens: readonly Token[]): Token[][] {
    let results: Token[][] = [[]];
    for (const token of tokens) {
      const choices = isPlaceholder(token) ? this.#valuesOf(token.name) : [[token]];
      if (results.length * choices.length > MAX_EXPANSIONS)
        choices.length = Math.floor(MAX_EXPANSIONS / results.length);
      results = results.flatMap((start) => choices.map((choice) => [...start, ...choice]));
    }
    return results;
  }

  #valuesOf(name: string): Token[][] {
    const values = this.#lists.get(name.toLowerCase());
    if (!values) this.missing.add(name);
    return values?.slice() ?? [];
  }
}

/** All predicates a detection has, in the order written. */
export function predicatesOf(detection: Detection): Predicate[] {
  const inside = (selection: Selection): Predicate[] =>
    selection.kind === 'predicate' ? [selection.predicate] : selection.of.flatMap(inside);
  return [...detection.selections.values()].flatMap(inside);
}

/** The selections a condition names. */
export function namesIn(condition: Condition): string[] {
  if (condition.kind === 'name') return [condition.name];
  return condition.kind === 'not' ? namesIn(condition.of) : condition.of.flatMap(namesIn);
}
