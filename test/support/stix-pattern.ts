/**
 * The part of the STIX pattern grammar (STIX 2.1, 9) that bundles use: one observation expression, of comparisons tied
 * by OR, each of an object path with a string literal.
 */
export interface Comparison {
  readonly path: string;
  readonly operator: '=' | 'MATCHES';
  /** The literal's text, its escapes undone. */
  readonly text: string;
}

/** 9.2: any character but quote and backslash, which a backslash stands before. */
const STRING = String.raw`'(?:[^'\\]|\\['\\])*'`;
/** 9.7: names that are no identifiers are quoted; a list has an index, or `*` for any of its items. */
const NAME = String.raw`(?:[A-Za-z_][A-Za-z0-9_]*|${STRING})`;
const PATH = String.raw`[A-Za-z_][A-Za-z0-9_-]*:${NAME}(?:\.${NAME}|\[(?:\*|-?(?:0|[1-9][0-9]*))\])*`;
const COMPARISON = new RegExp(String.raw`(${PATH}) (=|MATCHES) (${STRING})( OR |\]$)`, 'y');

/** @returns undefined for a text that is no such pattern */
export function comparisonsOf(pattern: string): Comparison[] | undefined {
  if (!pattern.startsWith('[')) return undefined;
  const found: Comparison[] = [];
  COMPARISON.lastIndex = 1;
  for (;;) {
    const match = COMPARISON.exec(pattern);
    if (!match) return undefined;
    const [, path, operator, quoted, next] = match;
    found.push({
      path: path!,
      operator: operator as Comparison['operator'],
      text: quoted!.slice(1, -1).replace(/\\(['\\])/g, '$1'),
    });
    if (next === ']') return found;
  }
}
