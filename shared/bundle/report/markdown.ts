import { printable } from '../formats/csv.ts';
import type { Citations } from './citations.ts';
import { STATE_WORDS, type Block, type Doc, type Inline, type Text } from './doc.ts';
import { shortened } from './html.ts';
import type { Clockface } from './time.ts';

/** Markdown that renders as the text it is: nothing of a record becomes markup, a link or raw HTML. */

const SHOWN = 6;

/**
 * What could become markup, a link or raw HTML is escaped; what begins a block is only dangerous at a line's start,
 * and no line of ours begins with text of a record. Addresses of web and mail would be linked by many renderers.
 */
export const escapeMarkdown = (text: string): string =>
  printable(text)
    .replace(/[\r\n\t\u2028\u2029]+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\]|~@$]/g, '\\$&')
    .replace(/:(?=\/\/)/g, '\\:')
    .replace(/www\./gi, (m) => `${m.slice(0, 3)}\\.`)
    .replace(/^(\s*\d+)([.)])/, '$1\\$2')
    .replace(/^(\s*)([#+=-])/, '$1\\$2');

const safe = (text: string): string => escapeMarkdown(shortened(text));

export interface MarkdownContext {
  readonly citations: Citations;
  readonly clock: Clockface;
}

export async function* renderMarkdown(
  doc: Doc,
  cited: readonly number[],
  context: MarkdownContext,
): AsyncIterable<string> {
  yield `# ${safe(doc.title)}\n\n`;
  for (const [name, text] of doc.facts) yield `- ${safe(name)}: ${renderText(text, context)}\n`;
  yield '\n';
  for (const block of doc.blocks) yield renderBlock(block, context);
  if (cited.length === 0) return;
  yield '## Records cited\n\n| Line | Time | Operation | Id | SHA\\-256 |\n| --- | --- | --- | --- | --- |\n';
  for (const number of cited) {
    const r = await context.citations.entry(number);
    yield `| records/${r.source}.ndjson:${r.line} | ${safe(context.clock.show(r.time))} | ${safe(r.operation)} | ${code(r.id)} | ${code(r.sha256)} |\n`;
  }
}

type Of<K extends Block['kind']> = Extract<Block, { kind: K }>;

const RENDER: { readonly [K in Block['kind']]: (block: Of<K>, context: MarkdownContext) => string } = {
  heading: ({ level, text }) => `${'#'.repeat(level)} ${safe(text)}\n\n`,
  paragraph: ({ text }, c) => `${renderText(text, c)}\n\n`,
  list: ({ items }, c) => `${items.map((item) => `- ${renderText(item, c)}`).join('\n')}\n\n`,
  table: renderTable,
  code: ({ title, text }) => `${safe(title)}:\n\n${fenced(text)}\n\n`,
  drawing: ({ alt }) => `${safe(alt)} (drawn in report.html)\n\n`,
  step: ({ state, title, body }, c) =>
    `### [${state === 'done' || state === 'nothing' ? 'x' : ' '}] ${safe(title)} (${STATE_WORDS[state]})\n\n${body.map((b) => renderBlock(b, c)).join('')}`,
};

const renderBlock = (block: Block, context: MarkdownContext): string =>
  (RENDER[block.kind] as (block: Block, context: MarkdownContext) => string)(block, context);

function renderTable(block: Extract<Block, { kind: 'table' }>, context: MarkdownContext): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = [
    row(block.head.map(safe)),
    row(block.head.map(() => '---')),
    ...block.rows.map((cells) => row(cells.map((cell) => renderText(cell, context)))),
  ];
  return `${block.caption ? `${safe(block.caption)}\n\n` : ''}${lines.join('\n')}\n\n`;
}

/** A fence longer than any run of backticks within. */
function fenced(text: string): string {
  const clean = text.split('\n').map(printable).join('\n');
  const longest = Math.max(2, ...[...clean.matchAll(/`+/g)].map((m) => m[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${clean}\n${fence}`;
}

function code(text: string): string {
  const clean = shortened(printable(text))
    .replace(/[\r\n\t]+/g, ' ')
    .replaceAll('|', '\\|');
  if (clean.trim() === '') return '';
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map((m) => m[0].length));
  const ticks = '`'.repeat(longest + 1);
  return longest === 0 ? `\`${clean}\`` : `${ticks} ${clean} ${ticks}`;
}

const renderText = (text: Text, context: MarkdownContext): string =>
  text.map((part) => renderInline(part, context)).join('');

function renderInline(part: Inline, { citations, clock }: MarkdownContext): string {
  if (typeof part === 'string') return safe(part);
  if ('strong' in part) return `**${safe(part.strong)}**`;
  if ('code' in part) return code(part.code);
  if ('at' in part) return safe(clock.show(part.at));
  if ('file' in part) return ` \\[${safe(part.file)}\\]`;
  if (part.cite.length === 0) return '';
  const shown = part.cite.slice(0, SHOWN).map((n) => citations.of(n).label);
  const rest = part.cite.length - shown.length;
  return ` \\[${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}\\]`;
}
