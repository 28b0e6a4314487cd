import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { generateStory } from '../../infra/local/story/index.ts';
import { Archive } from '../../shared/archive/archive.ts';
import { readManifest } from '../../shared/archive/manifest.ts';
import { gunzipMember, linesOf } from '../../shared/archive/segment-reader.ts';
import { systemClock } from '../../shared/clock.ts';
import { Detection } from '../../shared/detect/detection.ts';
import { Evaluator } from '../../shared/detect/evaluation.ts';
import { pendingRow } from '../../shared/detect/keys.ts';
import { foldHistory } from '../../shared/detect/native/history.ts';
import { makeRuleBook, type RuleBook } from '../../shared/detect/rule-book.ts';
import type { RuleFile } from '../../shared/detect/rule-files.ts';
import { chunksFor, scanText } from '../../shared/detect/run/scan-segment.ts';
import { dateOf } from '../../shared/instant.ts';
import { segmentPath, type SegmentRef } from '../../shared/layout.ts';
import { parseRecord, type ArchiveRecord } from '../../shared/record.ts';
import type { SourceId } from '../../shared/sources.ts';
import { MemoryBlobs } from '../../shared/store/memory.ts';
import { timed, type Figure } from './figure.ts';

const RECORDS = Number(process.env['BENCH_RECORDS'] ?? 200_000);
const ROUNDS = 3;
const TENANT = '11111111-1111-4111-8111-111111111111';

/** The public rules, where they lie beside the project. */
const publicRules = (): RuleFile[] =>
  globSync('sigma/rules*/**/*.yml', { cwd: join(import.meta.dirname, '../../../shared') })
    .sort()
    .map((file) => ({
      file: basename(file),
      text: readFileSync(join(import.meta.dirname, '../../../shared', file), 'utf8'),
    }));

interface Chunk {
  readonly ref: SegmentRef;
  readonly index: number;
  readonly text: Buffer;
  /** As the manifest says: every line is JSON. */
  readonly sound: boolean;
}

/** Thirty days as the collector archives them: one segment an hour and source. */
export async function archived(): Promise<{ blobs: MemoryBlobs; refs: SegmentRef[]; chunks: Chunk[] }> {
  const blobs = new MemoryBlobs();
  const groups = new Map<string, { source: SourceId; date: string; records: ArchiveRecord[] }>();
  for (const { source, text, eventMs } of generateStory({ nowMs: Date.now(), records: RECORDS })) {
    const key = `${source}|${Math.floor(eventMs / 3_600_000)}`;
    const group = groups.get(key) ?? { source, date: dateOf(eventMs), records: [] };
    groups.set(key, group);
    group.records.push(parseRecord(Buffer.from(text)));
  }
  const archive = new Archive({ blobs, clock: systemClock });
  const refs: SegmentRef[] = [];
  for (const group of groups.values()) {
    const request = { tenant: TENANT, ...group, window: null, pass: 1, requests: [] };
    refs.push(...(await archive.append(request)).segments);
  }
  const chunks: Chunk[] = [];
  // In the order in which the timer and runs take them.
  for (const ref of refs.sort((a, b) => (pendingRow(a) < pendingRow(b) ? -1 : 1))) {
    const body = (await blobs.get(segmentPath(ref)))!;
    const manifest = (await readManifest(blobs, ref))!;
    const sound = manifest.unparsed === 0;
    for (const [index, { offset, length }] of manifest.chunks.entries())
      chunks.push({
        ref,
        index,
        sound,
        text: await gunzipMember(body.subarray(offset, offset + length), ref),
      });
  }
  return { blobs, refs, chunks };
}

/** All rules over everything, against parsing the same lines alone; then how little the deck's rules read. */
export async function benchDetect(): Promise<Figure[]> {
  const { blobs, refs, chunks } = await archived();
  const loaded = publicRules();
  const books = [makeRuleBook({ loaded }), makeRuleBook()] as const;
  const times: Record<string, number[]> = { parse: [], all: [], own: [] };
  const works = {
    parse: () => parseAll(chunks),
    all: () => detectAll(books[0], chunks),
    own: () => detectAll(books[1], chunks),
  };
  let records = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      const { result, cpu } = await timed(work);
      times[name]!.push(cpu * 1000);
      if (name === 'parse') records = result;
    }
  }
  const [parse, all, own] = ['parse', 'all', 'own'].map((name) => least(times[name]!)) as [
    number,
    number,
    number,
  ];
  const deck = await bytesRead(blobs, refs, deckBook());
  return [
    {
      what: `all rules (${books[0].infos.size}: own, ${loaded.length} public files) against JSON.parse`,
      value: parse / all,
      unit: '×',
      reach: { value: 0.6, most: false },
      note: `${perSecond(records, all)} records per CPU second; parsing alone ${perSecond(records, parse)}`,
    },
    {
      what: 'own rules against JSON.parse',
      value: parse / own,
      unit: '×',
      note: `${perSecond(records, own)} records per CPU second`,
    },
    {
      what: "bytes read for the deck's rules over 30 days",
      value: deck,
      unit: '',
      reach: { value: 0.1, most: true },
      note: `${records} records; the rules tagged holdfast.deck`,
    },
  ];
}

/** Processor time of the least disturbed of several rounds: machines are shared. */
const least = (values: readonly number[]): number => Math.min(...values);
const perSecond = (records: number, ms: number): string =>
  Math.round(records / (ms / 1000)).toLocaleString('en');

function parseAll(chunks: readonly Chunk[]): number {
  let records = 0;
  for (const { text } of chunks)
    for (const line of linesOf(text)) if (JSON.parse(line.toString('utf8')) !== undefined) records++;
  return records;
}

/** As the timer does it: batches of one day, correlations and windows included. */
async function detectAll(book: RuleBook, chunks: readonly Chunk[]): Promise<number> {
  const [evaluator, detection] = [new Evaluator(book), new Detection(book)];
  const history = { before: () => Promise.resolve(foldHistory([])) };
  let findings = 0;
  for (let at = 0; at < chunks.length;) {
    const { date } = chunks[at]!.ref;
    const evaluated = Evaluator.empty();
    for (; at < chunks.length && chunks[at]!.ref.date === date; at++) {
      const { ref, index, text, sound } = chunks[at]!;
      scanText(text, { ref, chunk: index }, evaluator, evaluated, { sound });
    }
    findings += (await detection.conclude(evaluated, history)).findings.length;
  }
  return findings;
}

/** What the reference deck's pages on detection name. */
export function deckBook(): RuleBook {
  const only = [...makeRuleBook().infos.values()].filter(({ tags }) => tags.includes('holdfast.deck'));
  return makeRuleBook({ only: only.map(({ key }) => key) });
}

async function bytesRead(blobs: MemoryBlobs, refs: readonly SegmentRef[], book: RuleBook): Promise<number> {
  let [read, total] = [0, 0];
  for (const ref of refs) {
    const manifest = (await readManifest(blobs, ref))!;
    total += manifest.gzipBytes;
    for (const { length } of chunksFor(book, ref, manifest)) read += length;
  }
  return read / total;
}
