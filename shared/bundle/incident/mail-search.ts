import { readManifest } from '../../archive/manifest.ts';
import { linesOf, readChunk } from '../../archive/segment-reader.ts';
import { textAt } from '../../indexing/fields.ts';
import { datePrefix, parseArchivePath, type SegmentRef } from '../../layout.ts';
import { parseRecord } from '../../record.ts';
import { MAIL_FLOW, matchMail } from '../matcher.ts';
import type { ReadDeps, SegmentChunks } from '../read-records.ts';
import { eventOf } from '../../detect/pivot/session/event.ts';
import { recipientsOf } from '../analysis/mail-flow.ts';
import type { SourceId } from '../../sources.ts';
import { DAY_MS, datesOf } from '../span.ts';
import { citationOf, type RecordCitation } from './cited.ts';

/** Mail protection's records name sender and recipients, but nobody acts in them: no user's slice leads to them. */
const SOURCES = ['ual-general', 'ual-search'] as const;
const MAX_RECIPIENTS = 500;

export interface Recipient {
  readonly subject: string;
  readonly records: RecordCitation[];
}

/**
 * Finds the flow records of some mails by the operation counts of the manifests' chunks, on the days the mails were
 * sent and the day after.
 */
export async function findMailFlow(
  tenant: string,
  messages: ReadonlySet<string>,
  sentMs: readonly number[],
  deps: ReadDeps,
): Promise<{ chunks: SegmentChunks[]; recipients: Map<string, Recipient> }> {
  const recipients = new Map<string, Recipient>();
  const chunks: SegmentChunks[] = [];
  if (messages.size === 0) return { chunks, recipients };
  const dates = new Set(sentMs.filter(Number.isFinite).flatMap((ms) => datesOf(ms, ms + DAY_MS)));
  for (const date of [...dates].sort()) {
    for (const source of SOURCES)
      for await (const { name } of deps.blobs.list(datePrefix(tenant, source, date))) {
        const path = parseArchivePath(name);
        if (path?.kind !== 'manifest') continue;
        const found = await searchSegment(path, messages, recipients, deps);
        if (found) chunks.push(found);
      }
  }
  return { chunks, recipients };
}

async function searchSegment(
  ref: SegmentRef,
  messages: ReadonlySet<string>,
  recipients: Map<string, Recipient>,
  deps: ReadDeps,
): Promise<SegmentChunks | undefined> {
  const { tenant, source, date, segment } = ref;
  const manifest = await readManifest(deps.blobs, ref);
  const hits = [];
  for (const [index, chunk] of (manifest?.chunks ?? []).entries()) {
    if (!(MAIL_FLOW in chunk.operations)) continue;
    const text = await readChunk(deps.blobs, ref, chunk);
    const found = [...linesOf(text)].map((line) => noteMail(source, line, messages, recipients));
    if (found.includes(true)) hits.push({ index, offset: chunk.offset, length: chunk.length });
  }
  return hits.length === 0 ? undefined : { ref: { tenant, source, date, segment }, chunks: hits };
}

function noteMail(
  source: SourceId,
  line: Buffer,
  messages: ReadonlySet<string>,
  recipients: Map<string, Recipient>,
): boolean {
  const e = eventOf(source, parseRecord(line));
  if (!matchMail(e.value, messages)) return false;
  for (const to of recipientsOf(e)) {
    const key = to.toLowerCase();
    const known = recipients.get(key) ?? { subject: textAt(e.value, 'Subject') ?? '', records: [] };
    if (recipients.size < MAX_RECIPIENTS) recipients.set(key, known);
    if (known.records.length < 5) known.records.push(citationOf(e));
  }
  return true;
}
