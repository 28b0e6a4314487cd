import { createHash, hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { isHoldfastError } from '../errors.ts';
import { segmentPath, type SegmentRef } from '../layout.ts';
import { formatTicks, type Ticks } from '../instant.ts';
import { DIGEST_BYTES, digestOf, parseRecord, type ArchiveRecord } from '../record.ts';
import { SOFTWARE, type Chunk, type Manifest } from './manifest.ts';
import { linesOf, walkMembers, type Member } from './segment-reader.ts';
import { ChunkDraft } from './segment-writer.ts';
import { problem, type Problem } from './verify-problem.ts';

/**
 * All that a manifest says of its segment, derived anew from the segment's bytes and compared. Holds the compressed
 * segment and one chunk of its text, never all records. At most a few problems a segment: the first ones say it.
 */
export async function verifySegment(ref: SegmentRef, manifest: Manifest, body: Buffer): Promise<Problem[]> {
  const path = segmentPath(ref);
  if (body.length < manifest.gzipBytes)
    return [problem('truncated', path, `${body.length} bytes of ${manifest.gzipBytes}`)];
  const problems: Problem[] = [];
  if (hash('sha256', body, 'hex') !== manifest.sha256)
    problems.push(problem('changed', path, 'its SHA-256 is not the one its manifest states'));
  try {
    const found = await readAll(body, path, manifest, problems);
    problems.push(...compare(path, manifest, found));
  } catch (error) {
    if (!isHoldfastError(error, 'archive-corrupt')) throw error;
    problems.push(problem('changed', path, error.message));
  }
  return problems.slice(0, MAX_PROBLEMS);
}

const MAX_PROBLEMS = 5;

interface Found {
  records: number;
  unparsed: number;
  untimed: number;
  bytes: number;
  chunks: number;
  plainSha256: string;
  minTime: string | null;
  maxTime: string | null;
  digests: string;
}

class Tally {
  readonly #plain = createHash('sha256');
  /** One buffer a chunk: thousands of small ones cost several times their content. */
  readonly #digests: Buffer[] = [];
  #open: Buffer[] = [];
  #min: Ticks | undefined;
  #max: Ticks | undefined;
  #records = 0;
  #unparsed = 0;
  #untimed = 0;
  #bytes = 0;
  #chunks = 0;

  /** Ends a chunk whose records have been taken. */
  chunk(text: Buffer): void {
    this.#digests.push(Buffer.concat(this.#open));
    this.#open = [];
    this.#plain.update(text);
    this.#bytes += text.length;
    this.#chunks++;
  }

  record(record: ArchiveRecord): void {
    this.#records++;
    this.#open.push(digestOf(record));
    if (record.value === undefined) this.#unparsed++;
    const { ticks } = record.facts;
    if (ticks === undefined) {
      this.#untimed++;
      return;
    }
    if (this.#min === undefined || ticks < this.#min) this.#min = ticks;
    if (this.#max === undefined || ticks > this.#max) this.#max = ticks;
  }

  found(): Found {
    return {
      records: this.#records,
      unparsed: this.#unparsed,
      untimed: this.#untimed,
      bytes: this.#bytes,
      chunks: this.#chunks,
      plainSha256: this.#plain.digest('hex'),
      minTime: this.#min === undefined ? null : formatTicks(this.#min),
      maxTime: this.#max === undefined ? null : formatTicks(this.#max),
      digests: Buffer.concat(this.#digests, this.#records * DIGEST_BYTES).toString('base64'),
    };
  }
}

/** Chunks read at one go: others of this process get their turn in between. */
const TURN = 16;

async function readAll(body: Buffer, path: string, manifest: Manifest, problems: Problem[]): Promise<Found> {
  const tally = new Tally();
  let index = 0;
  for (const member of walkMembers(body, path)) {
    const draft = new ChunkDraft();
    for (const line of linesOf(member.text)) {
      const record = parseRecord(line);
      tally.record(record);
      draft.add(record);
    }
    tally.chunk(member.text);
    const said = manifest.chunks[index];
    const fault = said && chunkFault(said, closed(draft, body, member), manifest);
    if (fault) problems.push(problem('inconsistent', path, `chunk ${index}: ${fault}`));
    if (++index % TURN === 0) await setImmediate();
  }
  return tally.found();
}

const closed = (draft: ChunkDraft, body: Buffer, { offset, length }: Member): Chunk =>
  draft.close(offset, body.subarray(offset, offset + length));

/** What another version of holdfast read out of records may differ from what this one reads; what it stored may not. */
const sameReader = (manifest: Manifest): boolean => manifest.software === SOFTWARE;

function chunkFault(said: Chunk, found: Chunk, manifest: Manifest): string | undefined {
  const stored = ['offset', 'length', 'records', 'bytes', 'sha256'] as const;
  const read = ['minTime', 'maxTime'] as const;
  const wrong = [...stored, ...(sameReader(manifest) ? read : [])].find((name) => said[name] !== found[name]);
  if (wrong) return differs(wrong, said[wrong], found[wrong]);
  const same =
    !sameReader(manifest) ||
    JSON.stringify(sorted(said.operations)) === JSON.stringify(sorted(found.operations));
  return same ? undefined : 'the manifest counts other operations';
}

const sorted = (counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));

const differs = (name: string, said: unknown, found: unknown): string =>
  `the manifest says ${name} ${String(said)}, the segment has ${String(found)}`;

function compare(path: string, manifest: Manifest, found: Found): Problem[] {
  const said = { ...manifest, chunks: manifest.chunks.length };
  const names = ['records', 'bytes', 'chunks', 'plainSha256'] as const;
  const read = ['unparsed', 'untimed', 'minTime', 'maxTime'] as const;
  const wrong = [...names, ...(sameReader(manifest) ? read : [])].filter(
    (name) => said[name] !== found[name],
  );
  const problems = wrong.map((name) => problem('inconsistent', path, differs(name, said[name], found[name])));
  if (!sameDigests(manifest, found))
    problems.push(problem('inconsistent', path, 'the manifest lists digests of other records'));
  return problems;
}

function sameDigests(manifest: Manifest, found: Found): boolean {
  if (manifest.digests === found.digests) return true;
  return !sameReader(manifest) && textParts(manifest.digests) === textParts(found.digests);
}

/** The parts of the digests that speak of the lines' bytes; the first 8 speak of the id that was read. */
function textParts(digests: string): string {
  const all = Buffer.from(digests, 'base64');
  const parts: Buffer[] = [];
  for (let at = 0; at < all.length; at += DIGEST_BYTES) parts.push(all.subarray(at + 8, at + DIGEST_BYTES));
  return Buffer.concat(parts).toString('base64');
}
