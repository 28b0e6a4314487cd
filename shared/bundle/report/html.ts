import { printable } from '../formats/csv.ts';
import type { Citations, CitedRecord } from './citations.ts';
import { STATE_WORDS, type Block, type Doc, type Inline, type Text } from './doc.ts';
import { STYLE } from './style.ts';
import type { Clockface } from './time.ts';

/** One HTML file that needs nothing else: no script, no request, and no text of a record that could become either. */

const LONGEST = 600;

/** Escapes text for element content and quoted attributes; control characters and direction overrides become visible. */
export const escapeHtml = (text: string): string =>
  printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** Long texts are cut for reading; the record holds the whole. */
export const shortened = (text: string, longest = LONGEST): string =>
  text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}… (${text.length} characters)`;

const safe = (text: string, longest = LONGEST): string => escapeHtml(shortened(text, longest));

/** Citations shown in the text; the others are counted. */
const SHOWN = 6;

export interface HtmlContext {
  readonly citations: Citations;
  readonly clock: Clockface;
}

export async function* renderHtml(
  doc: Doc,
  cited: readonly number[],
  context: HtmlContext,
): AsyncIterable<string> {
  yield head(doc, context);
  yield nav(doc);
  for (const block of doc.blocks) yield renderBlock(block, context);
  yield '<h2 id="records">Records cited</h2><p class="note">Each line names the record\'s line in the bundle\'s file of its source, its own id, and the SHA-256 of its text.</p>';
  yield '<div class="scroll"><table class="records"><thead><tr><th>Line</th><th>Time</th><th>Operation</th><th>Id and SHA-256</th></tr></thead><tbody>';
  for (const number of cited) yield recordRow(await context.citations.entry(number), context.clock);
  yield '</tbody></table></div></main></body></html>\n';
}

const CSP =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const head = (doc: Doc, context: HtmlContext): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CSP}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${safe(doc.title)}</title>
<style>${STYLE}</style></head>
<body><main><header><h1>${safe(doc.title)}</h1><dl>${doc.facts
  .map(([name, text]) => `<div><dt>${safe(name)}</dt><dd>${renderText(text, context)}</dd></div>`)
  .join('')}</dl></header>
`;

const nav = (doc: Doc): string =>
  `<nav aria-label="Contents"><ul>${doc.blocks
    .flatMap((b) =>
      b.kind === 'heading' && b.level === 2 ? [`<li><a href="#${b.id}">${safe(b.text)}</a></li>`] : [],
    )
    .join('')}<li><a href="#records">Records cited</a></li></ul></nav>\n`;

const recordRow = (r: CitedRecord, clock: Clockface): string =>
  `<tr id="${r.anchor}"><td><code>${fileLink(r)}</code></td><td>${safe(clock.show(r.time))}</td><td>${safe(r.operation)}</td><td><code class="id">${safe(r.id)}</code><br><code class="hash">${r.sha256}</code></td></tr>\n`;

const fileLink = (r: CitedRecord): string => `<a href="records/${r.source}.ndjson">${r.source}</a>:${r.line}`;

type Of<K extends Block['kind']> = Extract<Block, { kind: K }>;

const RENDER: { readonly [K in Block['kind']]: (block: Of<K>, context: HtmlContext) => string } = {
  heading: ({ level, id, text }) => `<h${level} id="${id}">${safe(text)}</h${level}>\n`,
  paragraph: ({ text, tone }, c) => `<p${tone ? ` class="${tone}"` : ''}>${renderText(text, c)}</p>\n`,
  list: ({ items }, c) => `<ul>${items.map((item) => `<li>${renderText(item, c)}</li>`).join('\n')}</ul>\n`,
  table: renderTable,
  code: ({ title, text }) =>
    `<figure class="code"><figcaption>${safe(title)}</figcaption><pre><code>${escapeHtml(text)}</code></pre></figure>\n`,
  drawing: ({ svg, alt }) =>
    `<figure class="drawing" role="img" aria-label="${safe(alt)}">${svg}<figcaption>${safe(alt)}</figcaption></figure>\n`,
  step: ({ state, title, body }, c) =>
    `<section class="step ${state}"><h3><span class="state">${STATE_WORDS[state]}</span> ${safe(title)}</h3>${body.map((b) => renderBlock(b, c)).join('')}</section>\n`,
};

const renderBlock = (block: Block, context: HtmlContext): string =>
  (RENDER[block.kind] as (block: Block, context: HtmlContext) => string)(block, context);

function renderTable(block: Extract<Block, { kind: 'table' }>, context: HtmlContext): string {
  const cells = (row: readonly Text[]): string =>
    row
      .map((cell, i) => `<td data-label="${safe(block.head[i] ?? '')}">${renderText(cell, context)}</td>`)
      .join('');
  const caption = block.caption ? `<caption>${safe(block.caption)}</caption>` : '';
  return `<div class="scroll"><table class="${block.wide ? 'wide' : 'cards'}">${caption}<thead><tr>${block.head
    .map((h) => `<th>${safe(h)}</th>`)
    .join(
      '',
    )}</tr></thead><tbody>${block.rows.map((row) => `<tr>${cells(row)}</tr>`).join('\n')}</tbody></table></div>\n`;
}

const renderText = (text: Text, context: HtmlContext): string =>
  text.map((part) => renderInline(part, context)).join('');

/** `state: inbox-rules` instead of a path with a person's whole name; the link has it. */
export const fileLabel = (path: string): string => path.replace(/^state\/.*\.([a-z-]+)\.json$/, 'state: $1');

function renderInline(part: Inline, { citations, clock }: HtmlContext): string {
  if (typeof part === 'string') return safe(part);
  if ('strong' in part) return `<strong>${safe(part.strong)}</strong>`;
  if ('code' in part) return `<code>${safe(part.code)}</code>`;
  if ('at' in part) return `<time datetime="${escapeHtml(part.at)}">${safe(clock.show(part.at))}</time>`;
  if ('file' in part)
    return ` <a class="cite" href="${escapeHtml(encodeURI(part.file))}">${safe(fileLabel(part.file))}</a>`;
  const shown = part.cite.slice(0, SHOWN).map((n) => citations.of(n));
  const links = shown.map((c) => `<a class="cite" href="#${c.anchor}">${c.label}</a>`);
  const rest = part.cite.length - shown.length;
  return part.cite.length === 0
    ? ''
    : ` <span class="cites">${links.join(' ')}${rest > 0 ? ` <span class="more">and ${rest} more</span>` : ''}</span>`;
}
