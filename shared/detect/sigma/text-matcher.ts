import { ANY, DASH, ONE, type Token } from './sigma-string.ts';
import { DASHES } from './modifiers/placeholders.ts';

/** Does a whole text match? Both sides are already in the same case. */
export type TextMatcher = (text: string) => boolean;

export interface CompiledText {
  readonly matches: TextMatcher;
  /** Can the pattern match an object's or array's JSON? Saves writing it when it cannot. */
  readonly onJson: boolean;
}

/** Compiles tokens (lower-cased by the caller unless cased). The common forms are single string operations. */
export function compileText(tokens: readonly Token[]): CompiledText {
  const [a, b, c] = tokens;
  const onJson = tokens[0] === ANY || (typeof a === 'string' && /^[[{]/.test(a));
  if (tokens.length === 1 && typeof a === 'string') return { matches: (text) => text === a, onJson };
  if (tokens.length === 1 && a === ANY) return { matches: () => true, onJson: true };
  if (tokens.length === 2 && typeof a === 'string' && b === ANY)
    return { matches: (text) => text.startsWith(a), onJson };
  if (tokens.length === 2 && a === ANY && typeof b === 'string')
    return { matches: (text) => text.endsWith(b), onJson };
  if (tokens.length === 3 && a === ANY && typeof b === 'string' && c === ANY)
    return { matches: (text) => text.includes(b), onJson };
  return { matches: compileGlob(tokens), onJson };
}

/** Tokens between two stars. */
type Run = readonly (string | typeof ONE | typeof DASH)[];

/**
 * Leftmost placement of each run between stars is enough: if any placement matches, the leftmost one does. So the work is
 * at most text length × pattern length, and near text length for runs that start with a literal.
 */
function compileGlob(tokens: readonly Token[]): TextMatcher {
  const runs = splitRuns(tokens);
  const first = runs[0]!;
  const last = runs.at(-1)!;
  if (runs.length === 1) return (text) => lengthOf(first) === text.length && fits(first, text, 0);
  const middle = runs.slice(1, -1);
  const lastLength = lengthOf(last);
  return (text) => {
    const end = text.length - lastLength;
    let at = lengthOf(first);
    if (at > end || !fits(first, text, 0) || !fits(last, text, end)) return false;
    for (const run of middle) {
      at = find(run, text, at, end);
      if (at < 0) return false;
    }
    return true;
  };
}

function splitRuns(tokens: readonly Token[]): Run[] {
  const runs: Run[number][][] = [[]];
  for (const token of tokens) {
    if (token === ANY) runs.push([]);
    else runs.at(-1)!.push(token as Run[number]);
  }
  // Empty runs between stars ("**") place no demand; the first and the last anchor the pattern.
  return runs.filter((run, i) => run.length > 0 || i === 0 || i === runs.length - 1);
}

const lengthOf = (run: Run): number =>
  run.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 1), 0);

function fits(run: Run, text: string, at: number): boolean {
  for (const part of run) {
    if (typeof part === 'string') {
      if (!text.startsWith(part, at)) return false;
      at += part.length;
    } else if (at >= text.length || (part === DASH && !DASHES.includes(text[at]!))) return false;
    else at++;
  }
  return true;
}

/** Where the run's first placement at or after `from` ends, or -1. It must end by `end`. */
function find(run: Run, text: string, from: number, end: number): number {
  const length = lengthOf(run);
  const head = run[0];
  for (let at = from; at + length <= end; at++) {
    if (typeof head === 'string') {
      at = text.indexOf(head, at);
      if (at < 0 || at + length > end) return -1;
    }
    if (fits(run, text, at)) return at + length;
  }
  return -1;
}
