/**
 * A report as data: what is said, apart from how HTML and Markdown write it. Text may be hostile anywhere; the two
 * renderers escape all of it, so that no section has to.
 */

export type Inline =
  | string
  | { readonly strong: string }
  | { readonly code: string }
  /** An instant, ISO. */
  | { readonly at: string }
  /** Records that show the statement, by number in the bundle's record file. */
  | { readonly cite: readonly number[] }
  /** A file of the bundle that shows it. */
  | { readonly file: string };

export type Text = readonly Inline[];

export type Block =
  | { readonly kind: 'heading'; readonly level: 2 | 3; readonly text: string; readonly id: string }
  | { readonly kind: 'paragraph'; readonly text: Text; readonly tone?: 'lead' | 'note' }
  /** Each item is one statement with what shows it. */
  | { readonly kind: 'list'; readonly items: readonly Text[] }
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly rows: readonly (readonly Text[])[];
      readonly caption?: string;
      readonly wide?: boolean;
    }
  | { readonly kind: 'code'; readonly text: string; readonly title: string }
  | { readonly kind: 'drawing'; readonly svg: string; readonly alt: string }
  | {
      readonly kind: 'step';
      readonly state: StepState;
      readonly title: string;
      readonly body: readonly Block[];
    };

export type StepState = 'done' | 'open' | 'unknown' | 'nothing';

export const STATE_WORDS: Readonly<Record<StepState, string>> = {
  done: 'done',
  open: 'open',
  unknown: 'not known',
  nothing: 'nothing to do',
};

export interface Doc {
  readonly title: string;
  /** Name and value lines under the title. */
  readonly facts: readonly (readonly [string, Text])[];
  readonly blocks: readonly Block[];
}

export const heading = (level: 2 | 3, text: string, id: string): Block => ({
  kind: 'heading',
  level,
  text,
  id,
});
export const paragraph = (...text: Inline[]): Block => ({ kind: 'paragraph', text });
export const note = (...text: Inline[]): Block => ({ kind: 'paragraph', text, tone: 'note' });
export const list = (items: readonly Text[]): Block => ({ kind: 'list', items });
export const table = (
  head: readonly string[],
  rows: readonly (readonly Text[])[],
  more: { caption?: string; wide?: boolean } = {},
): Block => ({
  kind: 'table',
  head,
  rows,
  ...more,
});

/** All records that a document cites, in ascending order. */
export function citedIn(doc: Doc): number[] {
  const found = new Set<number>();
  const inText = (text: Text): void => {
    for (const part of text)
      if (typeof part === 'object' && 'cite' in part) for (const n of part.cite) found.add(n);
  };
  const inBlock = (block: Block): void => {
    if (block.kind === 'paragraph') inText(block.text);
    if (block.kind === 'list') for (const item of block.items) inText(item);
    if (block.kind === 'table') for (const row of block.rows) for (const cell of row) inText(cell);
    if (block.kind === 'step') for (const inner of block.body) inBlock(inner);
  };
  for (const [, text] of doc.facts) inText(text);
  for (const block of doc.blocks) inBlock(block);
  return [...found].sort((a, b) => a - b);
}

/** A sentence's list: `a, b and c`. */
export function sentence(parts: readonly Text[]): Text {
  return parts.flatMap((part, i) => {
    const before = i === 0 ? [] : [i === parts.length - 1 ? ' and ' : ', '];
    return [...before, ...part];
  });
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
