/**
 * Sigma's strings: `*` and `?` are wildcards, `\` escapes a wildcard or a backslash and is otherwise itself.
 * Specification: sigma-rules-specification, "Escape Character".
 */

export type Token = string | typeof ANY | typeof ONE | typeof DASH | Placeholder;

/** Any run of characters, also none. */
export const ANY = { token: 'any' } as const;
/** Exactly one character. */
export const ONE = { token: 'one' } as const;
/** One of the dashes of the `windash` modifier. */
export const DASH = { token: 'dash' } as const;

export interface Placeholder {
  readonly token: 'placeholder';
  readonly name: string;
}

/** Text between wildcards is one token; neighbouring literals are joined. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let literal = '';
  const wildcard = (token: Token) => {
    if (literal) tokens.push(literal);
    literal = '';
    // Two stars in a row mean no more than one, and would cost a step each.
    if (!(token === ANY && tokens.at(-1) === ANY)) tokens.push(token);
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    const next = text[i + 1];
    if (char === '\\' && (next === '*' || next === '?' || next === '\\')) literal += text[++i]!;
    else if (char === '*') wildcard(ANY);
    else if (char === '?') wildcard(ONE);
    else literal += char;
  }
  if (literal || tokens.length === 0) tokens.push(literal);
  return tokens;
}

/** The text of a pattern without wildcards, else undefined. */
export function literalOf(tokens: readonly Token[]): string | undefined {
  return tokens.every((token) => typeof token === 'string') ? tokens.join('') : undefined;
}

export function surround(tokens: readonly Token[], before: boolean, after: boolean): Token[] {
  const out = tokens.filter((token) => token !== '');
  if (before && out[0] !== ANY) out.unshift(ANY);
  if (after && out.at(-1) !== ANY) out.push(ANY);
  return out;
}

/** `%name%` outside escapes (`\%`) becomes a placeholder; used by the `expand` modifier only. */
export function placeholdersIn(tokens: readonly Token[]): Token[] {
  return tokens.flatMap((token) => (typeof token === 'string' ? splitPlaceholders(token) : [token]));
}

function splitPlaceholders(text: string): Token[] {
  const parts: Token[] = [];
  const pattern = /\\%|%([^%\s\\]+)%/g;
  let literal = '';
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    literal += text.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[1] === undefined) {
      literal += '%';
      continue;
    }
    if (literal) parts.push(literal);
    literal = '';
    parts.push({ token: 'placeholder', name: match[1] });
  }
  literal += text.slice(end);
  if (literal || parts.length === 0) parts.push(literal);
  return parts;
}

export const isPlaceholder = (token: Token): token is Placeholder =>
  typeof token === 'object' && token.token === 'placeholder';

/** Neighbouring literals joined and repeated stars dropped, after tokens were put together. */
export function joinTokens(tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (const token of tokens) {
    const last = out.at(-1);
    if (typeof token === 'string' && typeof last === 'string') out[out.length - 1] = last + token;
    else if (!(token === ANY && last === ANY)) out.push(token);
  }
  return out;
}
