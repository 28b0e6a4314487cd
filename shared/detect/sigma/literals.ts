import type { FieldSource } from './pipeline.ts';
import type { Predicate, Test } from './ast.ts';
import type { Expression, Item } from './expression.ts';
import type { Token } from './sigma-string.ts';

/**
 * Literals without which a rule cannot match: one of them occurs, in any case, in the JSON text of every record that
 * does. Only runs of characters that JSON writes in one way are taken, and none that a number could be spelled like.
 */
export type Literals = readonly string[];

const MIN = 3;
const RUN = /[ !#-+\-.0-9;-Z^-z|~]+/g;
const NUMBER_LIKE = /^[\d.e+-]*$/;
// In nearly every record: looking for them tells nothing.
const USUAL = new Set(['true', 'false', 'null']);

// The two other characters whose lower case contains ASCII letters, as the bytes of their UTF-8.
const LOOKALIKES = ['\u00e2\u0084\u00aa', '\u00c4\u00b0'];

/** Matches a text, its bytes one character each, that has one of the literals, or could have one in disguise. */
export const patternOf = (literals: Literals): RegExp =>
  new RegExp([...literals, ...LOOKALIKES].map((text) => text.replace(/[^\w\s-]/g, '\\$&')).join('|'), 'i');

/** Literals of one predicate on a field with these sources; undefined when nothing is known. */
export function literalsOf(predicate: Predicate, sources: readonly FieldSource[]): Literals | undefined {
  if (predicate.negated || predicate.part !== undefined || predicate.tests.length === 0) return undefined;
  const tested = ofTests(predicate);
  return tested && union(sources.map((source) => ofSource(source, tested)));
}

/** Literals of keywords, which are looked for in all values of the record. */
export const keywordLiterals = (predicate: Predicate): Literals | undefined =>
  predicate.negated || predicate.tests.length === 0 ? undefined : ofTests(predicate);

function ofTests({ tests, every }: Predicate): Literals | undefined {
  const each = tests.map(ofTest);
  if (!every) return union(each.map((literal) => (literal === undefined ? undefined : [literal])));
  const longest = longestOf(each.filter((literal) => literal !== undefined));
  return longest === undefined ? undefined : [longest];
}

const ofTest = (test: Test): string | undefined =>
  test.kind === 'text' ? longestOf(test.tokens.flatMap(runsOf)) : undefined;

const runsOf = (token: Token): string[] => (typeof token === 'string' ? usableRuns(token) : []);

function usableRuns(text: string): string[] {
  const runs = (text.match(RUN) ?? []).map((run) => run.toLowerCase());
  return runs.filter(
    (run) => run.length >= MIN && !NUMBER_LIKE.test(run) && !'infinity'.includes(run) && !USUAL.has(run),
  );
}

const longestOf = (texts: readonly string[]): string | undefined =>
  texts.reduce<string | undefined>(
    (best, text) => (best && best.length >= text.length ? best : text),
    undefined,
  );

/** What has to be in the record so that a source gives one of the values tested for. */
function ofSource(source: FieldSource, tested: Literals): Literals | undefined {
  if (source.path === undefined || source.const !== undefined || source.address) return undefined;
  if (source.map) return source.otherwise === undefined ? ofNames(source.map) : undefined;
  return source.alias ? union([tested, ofNames(source.alias)]) : tested;
}

const ofNames = (table: Readonly<Record<string, string>>): Literals | undefined =>
  union(
    Object.keys(table).map((name) => {
      const run = longestOf(usableRuns(name));
      return run === undefined ? undefined : [run];
    }),
  );

function union(parts: readonly (Literals | undefined)[]): Literals | undefined {
  const all = new Set<string>();
  for (const part of parts) {
    if (part === undefined) return undefined;
    for (const literal of part) all.add(literal);
  }
  return [...all];
}

/**
 * Literals of a whole condition, of which some items are decided already. None at all: it cannot hold. Undefined: it
 * may hold whatever the text.
 */
export function neededLiterals(
  expression: Expression,
  decide: (item: Item) => boolean | undefined,
): Literals | undefined {
  switch (expression.kind) {
    case 'item': {
      const outcome = expression.item.always?.outcome ?? decide(expression.item);
      if (outcome !== undefined) return outcome ? undefined : [];
      return expression.item.literals;
    }
    case 'selection':
      return neededLiterals(expression.of, decide);
    case 'not':
      return undefined;
    case 'or':
      return union(expression.of.map((part) => neededLiterals(part, decide)));
    default: {
      const parts = expression.of.flatMap((part) => {
        const literals = neededLiterals(part, decide);
        return literals === undefined ? [] : [literals];
      });
      return parts.sort((a, b) => a.length - b.length)[0];
    }
  }
}
