import { readManifest, type Chunk, type Manifest } from '../../archive/manifest.ts';
import { gunzipMember } from '../../archive/segment-reader.ts';
import { HoldfastError } from '../../errors.ts';
import { parseInstant, type Ticks } from '../../instant.ts';
import type { ChunkRange } from '../../indexing/slice.ts';
import { segmentPath, type SegmentRef } from '../../layout.ts';
import { parseRecord } from '../../record.ts';
import type { BlobStore } from '../../store/stores.ts';
import { Evaluator, type Evaluated } from '../evaluation.ts';
import type { NativeRule } from '../native/native-rule.ts';
import type { RuleBook } from '../rule-book.ts';

export interface ScanScope {
  /** Only these chunks, where the index says whose records lie where. */
  readonly chunks?: ReadonlySet<number>;
  /** Only records of before, and those without a time. */
  readonly before?: Ticks;
  /** Only records for which this holds. */
  readonly accept?: (value: unknown, ticks: Ticks | undefined) => boolean;
}

export interface ScanCount {
  readonly records: number;
  /** Compressed bytes read, and bytes there are. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
}

/**
 * Evaluates one segment. Chunks in which, by the manifest's operation counts, no rule can match are not read. One run of
 * chunks is in memory at a time.
 */
export async function scanSegment(
  ref: SegmentRef,
  book: RuleBook,
  blobs: BlobStore,
  into: Evaluated,
  scope: ScanScope = {},
): Promise<ScanCount> {
  const manifest = await readManifest(blobs, ref);
  if (!manifest)
    throw new HoldfastError('unavailable', `Segment ${segmentPath(ref)} has no manifest.`, {
      retryable: true,
    });
  const evaluator = evaluatorOf(book);
  const wanted = chunksFor(book, ref, manifest).filter(({ index }) => scope.chunks?.has(index) ?? true);
  let [records, bytesRead] = [0, 0];
  for (const run of runsOf(wanted)) {
    const start = run[0]!.offset;
    const last = run.at(-1)!;
    const bytes = await blobs.getRange(segmentPath(ref), start, last.offset + last.length - start);
    bytesRead += bytes.length;
    for (const chunk of run) {
      const member = bytes.subarray(chunk.offset - start, chunk.offset - start + chunk.length);
      records += scanText(await gunzipMember(member, ref), { ref, chunk: chunk.index }, evaluator, into, {
        ...acceptOf(scope, manifest.chunks[chunk.index]!),
        sound: manifest.unparsed === 0,
      });
    }
  }
  return { records, bytesRead, bytesTotal: manifest.gzipBytes };
}

/** What it has learnt of records is of use for the next segment. */
function evaluatorOf(book: RuleBook): Evaluator {
  const known = evaluators.get(book) ?? new Evaluator(book);
  evaluators.set(book, known);
  return known;
}

const evaluators = new WeakMap<RuleBook, Evaluator>();

/** A chunk whose records are all early enough needs no look at each. */
function acceptOf({ before, accept }: ScanScope, { maxTime }: Chunk): Pick<ScanScope, 'accept'> {
  const latest = maxTime === null ? undefined : parseInstant(maxTime);
  if (before === undefined || (maxTime === null ? true : latest !== undefined && latest < before))
    return accept ? { accept } : {};
  return {
    accept: (value, ticks) => (ticks === undefined || ticks < before) && (accept?.(value, ticks) ?? true),
  };
}

/** Evaluates the lines of one chunk. `sound`: all of them are JSON, so that those need not be parsed whole. */
export function scanText(
  text: Buffer,
  { ref, chunk }: { readonly ref: Pick<SegmentRef, 'source' | 'date' | 'segment'>; readonly chunk: number },
  evaluator: Evaluator,
  into: Evaluated,
  { accept, sound = false }: Pick<ScanScope, 'accept'> & { readonly sound?: boolean } = {},
): number {
  const place = { date: ref.date, segment: ref.segment, chunk };
  const { source } = ref;
  const reader = sound && !accept ? evaluator.readerOf(source) : undefined;
  let records = 0;
  for (let [from, to] = [0, 0]; from < text.length; from = to + 1) {
    to = text.indexOf(LF, from);
    if (to < 0) to = text.length;
    if (to === from) continue;
    if (reader && evaluator.takeLine(reader, text, from, to, place, into)) {
      records++;
      continue;
    }
    const line = text.subarray(from, to);
    const value = accept ? accepted(line, accept) : jsonOf(line);
    if (value === undefined) continue;
    records++;
    evaluator.take({ source, value, place }, into);
  }
  return records;
}

const LF = 0x0a;

function accepted(line: Buffer, accept: NonNullable<ScanScope['accept']>): unknown {
  const { value, facts } = parseRecord(line);
  return accept(value, facts.ticks) ? value : undefined;
}

/** Lines that are no JSON are archived all the same; no rule can say anything of them. */
function jsonOf(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Chunks in which a rule of the book can match. */
export const chunksFor = (
  book: RuleBook,
  { source }: Pick<SegmentRef, 'source'>,
  { chunks }: Pick<Manifest, 'chunks'>,
): ChunkRange[] =>
  chunks
    .map((chunk, index) => ({ index, offset: chunk.offset, length: chunk.length, chunk }))
    .filter(({ chunk }) => canMatch(book, source, chunk));

function canMatch(book: RuleBook, source: SegmentRef['source'], { operations }: Chunk): boolean {
  const names = Object.keys(operations);
  return (
    book.native.some((rule) => nativeCan(rule, source, names)) ||
    book.set.candidates(source, names).some((key) => concerns(book, key))
  );
}

const nativeCan = (rule: NativeRule, source: SegmentRef['source'], names: readonly string[]): boolean =>
  rule.sources.includes(source) &&
  (!rule.operations || names.some((name) => rule.operations!.includes(name)));

/** A rule that neither reports nor feeds anything needs no reading. */
const concerns = (book: RuleBook, key: string): boolean =>
  book.infos.get(key)?.standalone !== false || book.components.some(({ feeders }) => feeders.has(key));

/** Neighbouring chunks are one ranged read, up to this many compressed bytes. */
const RUN_BYTES = 4 * 1024 * 1024;

function runsOf(chunks: readonly ChunkRange[]): ChunkRange[][] {
  const runs: ChunkRange[][] = [];
  for (const chunk of chunks) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const joins = run && last && last.offset + last.length === chunk.offset;
    if (joins && chunk.offset + chunk.length - run[0]!.offset <= RUN_BYTES) run.push(chunk);
    else runs.push([chunk]);
  }
  return runs;
}
