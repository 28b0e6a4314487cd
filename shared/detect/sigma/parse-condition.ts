import type { Condition } from './ast.ts';
import { Flaw, type Position } from './faults.ts';

/**
 * Conditions: names, `and`, `or`, `not`, parentheses, `1|any|all of <pattern>|them`.
 * Binding from loose to tight: or, and, not, x of, parentheses (sigma-rules-specification, "Condition").
 */
export function parseCondition(text: string, names: readonly string[], at: Position): Condition {
  const words = split(text, at);
  if (words.length === 0) throw new Flaw(at, 'the condition is empty');
  const parser = new ConditionParser(words, names, at);
  return parser.whole();
}

interface Word {
  readonly text: string;
  readonly at: Position;
}

const MAX_WORDS = 2000;
const MAX_DEPTH = 64;

function split(text: string, at: Position): Word[] {
  const pipe = text.indexOf('|');
  if (pipe >= 0)
    throw new Flaw(
      shift(text, at, pipe),
      "aggregations ('| count() ...') are retired: write a correlation rule instead",
    );
  const words = [...text.matchAll(/[()]|[^\s()]+/g)].map((match) => ({
    text: match[0],
    at: shift(text, at, match.index),
  }));
  if (words.length > MAX_WORDS) throw new Flaw(at, `the condition has more than ${MAX_WORDS} words`);
  return words;
}

/** Block scalars lose their own layout, so only single-line conditions are located within the line. */
const shift = (text: string, at: Position, offset: number): Position =>
  text.includes('\n') ? at : { line: at.line, column: at.column + offset };

class ConditionParser {
  readonly #words: readonly Word[];
  readonly #names: readonly string[];
  readonly #end: Position;
  #next = 0;
  #depth = 0;

  constructor(words: readonly Word[], names: readonly string[], end: Position) {
    this.#words = words;
    this.#names = names;
    this.#end = words.at(-1)?.at ?? end;
  }

  whole(): Condition {
    const condition = this.#or();
    const rest = this.#words[this.#next];
    if (rest) throw new Flaw(rest.at, `'${rest.text}' is not expected here`);
    return condition;
  }

  #or(): Condition {
    return this.#chain('or', () => this.#chain('and', () => this.#not()));
  }

  #chain(kind: 'and' | 'or', operand: () => Condition): Condition {
    const of = [operand()];
    while (this.#peek() === kind) {
      this.#next++;
      of.push(operand());
    }
    return of.length === 1 ? of[0]! : { kind, of };
  }

  #not(): Condition {
    if (this.#peek() !== 'not') return this.#primary();
    this.#next++;
    return this.#deeper(() => ({ kind: 'not', of: this.#not() }));
  }

  #primary(): Condition {
    const word = this.#take('a selection name');
    if (word.text === '(') return this.#parenthesis();
    if (this.#peek() === 'of') return this.#quantified(word);
    if (['and', 'or', 'of', ')', 'them'].includes(word.text.toLowerCase()))
      throw new Flaw(word.at, `a selection name is expected before '${word.text}'`);
    if (!this.#names.includes(word.text)) throw new Flaw(word.at, `there is no selection '${word.text}'`);
    return { kind: 'name', name: word.text };
  }

  #parenthesis(): Condition {
    const inner = this.#deeper(() => this.#or());
    const close = this.#take("')'");
    if (close.text !== ')') throw new Flaw(close.at, `')' is expected, not '${close.text}'`);
    return inner;
  }

  #quantified(quantifier: Word): Condition {
    this.#next++;
    const kind = quantifierKind(quantifier);
    const target = this.#take('a pattern of selection names');
    const names = this.#matching(target.text);
    if (names.length === 0) throw new Flaw(target.at, `no selection matches '${target.text}'`);
    const of = names.map((name): Condition => ({ kind: 'name', name }));
    return of.length === 1 ? of[0]! : { kind, of };
  }

  /** `them` leaves out names that begin with an underscore. */
  #matching(pattern: string): string[] {
    if (pattern.toLowerCase() === 'them') return this.#names.filter((name) => !name.startsWith('_'));
    const escaped = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    const expression = new RegExp(`^${escaped.join('.*')}$`);
    return this.#names.filter((name) => expression.test(name));
  }

  #deeper<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH)
      throw new Flaw(this.#end, `the condition is nested deeper than ${MAX_DEPTH}`);
    const result = parse();
    this.#depth--;
    return result;
  }

  #peek(): string | undefined {
    return this.#words[this.#next]?.text.toLowerCase();
  }

  #take(expected: string): Word {
    const word = this.#words[this.#next++];
    if (!word) throw new Flaw(this.#end, `the condition ends where ${expected} is expected`);
    return word;
  }
}

function quantifierKind(quantifier: Word): 'and' | 'or' {
  const text = quantifier.text.toLowerCase();
  if (text === '1' || text === 'any') return 'or';
  if (text === 'all') return 'and';
  throw new Flaw(quantifier.at, `'${quantifier.text} of' is not supported: use 1, any or all`);
}
