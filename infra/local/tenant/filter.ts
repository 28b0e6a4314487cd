import { parseInstant } from '../../../shared/instant.ts';
import { ApiError } from './answers.ts';

/** The part of OData's `$filter` grammar that the log APIs document. */
export type Literal =
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'instant'; readonly value: bigint }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'null'; readonly value: null };

export type Comparison = 'eq' | 'ne' | 'ge' | 'le' | 'gt' | 'lt';

export type Expression =
  | { readonly kind: 'compare'; readonly path: string; readonly op: Comparison; readonly value: Literal }
  | {
      readonly kind: 'text';
      readonly name: 'startswith' | 'contains';
      readonly path: string;
      readonly value: string;
    }
  | { readonly kind: 'any'; readonly path: string; readonly variable: string; readonly inner: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly inner: Expression }
  | { readonly kind: 'constant'; readonly value: boolean };

interface Token {
  readonly kind: 'text' | 'instant' | 'number' | 'name' | 'mark';
  readonly text: string;
}

const TOKENS =
  /\s*(?:('(?:[^']|'')*')|(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?)(?![\w:.-])|(-?\d+(?:\.\d+)?)(?![\w.-])|([A-Za-z_][\w.]*(?:\/[A-Za-z_][\w.]*)*)|([(),:]))/y;
const KINDS = ['text', 'instant', 'number', 'name', 'mark'] as const;
const COMPARISONS = new Set(['eq', 'ne', 'ge', 'le', 'gt', 'lt']);

export const invalidFilter = () => new ApiError(400, 'BadRequest', 'Invalid filter clause');

/** Parses a filter; anything outside the grammar is the API's own 400. */
export function parseFilter(text: string): Expression {
  const parser = new Parser(tokenize(text));
  const expression = parser.or();
  parser.end();
  return expression;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const source = text.trimEnd();
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < source.length) {
    const match = TOKENS.exec(source);
    if (!match) throw invalidFilter();
    const kind = match.slice(1).findIndex((group) => group !== undefined);
    tokens.push({ kind: KINDS[kind]!, text: match[kind + 1]! });
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  or(): Expression {
    let left = this.#and();
    while (this.#word('or')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw invalidFilter();
  }

  #and(): Expression {
    let left = this.#unary();
    while (this.#word('and')) left = { kind: 'and', left, right: this.#unary() };
    return left;
  }

  #unary(): Expression {
    if (this.#word('not')) return { kind: 'not', inner: this.#unary() };
    if (this.#mark('(')) {
      const inner = this.or();
      this.#expect(')');
      return inner;
    }
    const name = this.#take('name');
    if (!this.#mark('(')) return this.#comparison(name);
    return name.toLowerCase().endsWith('/any')
      ? this.#any(name.slice(0, -4))
      : this.#call(name.toLowerCase());
  }

  #any(path: string): Expression {
    const variable = this.#take('name');
    this.#expect(':');
    const inner = this.or();
    this.#expect(')');
    return { kind: 'any', path, variable, inner };
  }

  #call(name: string): Expression {
    if (name !== 'startswith' && name !== 'contains') throw invalidFilter();
    const path = this.#take('name');
    this.#expect(',');
    const value = unquoted(this.#take('text'));
    this.#expect(')');
    return { kind: 'text', name, path, value };
  }

  #comparison(path: string): Expression {
    const op = this.#take('name').toLowerCase();
    if (!COMPARISONS.has(op)) throw invalidFilter();
    return { kind: 'compare', path, op: op as Comparison, value: this.#literal() };
  }

  #literal(): Literal {
    const token = this.#tokens[this.#at++];
    if (!token) throw invalidFilter();
    if (token.kind === 'text') return { type: 'text', value: unquoted(token.text) };
    if (token.kind === 'number') return { type: 'number', value: Number(token.text) };
    if (token.kind === 'instant') return { type: 'instant', value: instantOf(token.text) };
    if (token.text === 'true' || token.text === 'false')
      return { type: 'boolean', value: token.text === 'true' };
    if (token.text === 'null') return { type: 'null', value: null };
    throw invalidFilter();
  }

  #word(word: string): boolean {
    const token = this.#tokens[this.#at];
    const found = token?.kind === 'name' && token.text.toLowerCase() === word;
    if (found) this.#at++;
    return found;
  }

  #mark(mark: string): boolean {
    const token = this.#tokens[this.#at];
    const found = token?.kind === 'mark' && token.text === mark;
    if (found) this.#at++;
    return found;
  }

  #expect(mark: string): void {
    if (!this.#mark(mark)) throw invalidFilter();
  }

  #take(kind: Token['kind']): string {
    const token = this.#tokens[this.#at++];
    if (token?.kind !== kind) throw invalidFilter();
    return token.text;
  }
}

const unquoted = (text: string): string => text.slice(1, -1).replaceAll("''", "'");

function instantOf(text: string): bigint {
  const ticks = parseInstant(text.length === 10 ? `${text}T00:00:00Z` : text);
  if (ticks === undefined) throw invalidFilter();
  return ticks;
}
