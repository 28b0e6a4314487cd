import { requireKind, textsOf, type ModifierTable } from './draft.ts';
import { DASH, placeholdersIn, type Token } from '../sigma-string.ts';

/** expand and windash: both put something else in place of characters of the text. */
export const placeholders: ModifierTable = {
  expand(draft) {
    requireKind(draft, 'value', 'expand');
    for (const value of textsOf(draft, 'expand')) value.tokens = placeholdersIn(value.tokens);
  },
  windash(draft) {
    requireKind(draft, 'value', 'windash');
    for (const value of textsOf(draft, 'windash')) value.tokens = value.tokens.flatMap(withDashes);
  },
};

export const DASHES = '-/\u2013\u2014\u2015';
// A dash that begins a flag: not after a word character, but before one. A dash inside a word stays itself.
const FLAG = new RegExp(`(?<![\\w])[${DASHES.replace('-', '\\-')}](?=\\w)`, 'g');

function withDashes(token: Token): Token[] {
  if (typeof token !== 'string') return [token];
  const parts: Token[] = [];
  let end = 0;
  for (const match of token.matchAll(FLAG)) {
    if (match.index > end) parts.push(token.slice(end, match.index));
    parts.push(DASH);
    end = match.index + 1;
  }
  if (end < token.length || parts.length === 0) parts.push(token.slice(end));
  return parts;
}
