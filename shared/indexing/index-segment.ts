import { readManifest, type Manifest } from '../archive/manifest.ts';
import { gunzipMember, linesOf } from '../archive/segment-reader.ts';
import { HoldfastError } from '../errors.ts';
import { formatTicks, type Ticks } from '../instant.ts';
import {
  aliasRow,
  ENTITY_KINDS,
  indexedPartition,
  indexedRow,
  segmentPath,
  sessionPartition,
  slicePartition,
  sliceRow,
  userPartition,
  userRow,
  type EntityKind,
  type SegmentRef,
} from '../layout.ts';
import { parseRecord } from '../record.ts';
import type { BlobStore, TableStore, TableWrite } from '../store/stores.ts';
import { entityKeys } from './entities/index.ts';
import { userAliases } from './entities/user.ts';
import { RowNotes } from './rows.ts';
import { sliceCells, type ChunkRange } from './slice.ts';
import { SummaryBuilder } from './summary.ts';

export interface IndexDeps {
  readonly blobs: BlobStore;
  readonly tables: TableStore;
}

/** What one segment says of one entity, while its lines are read. */
class Draft {
  readonly #done: ChunkRange[] = [];
  #chunk: ChunkRange | undefined;
  #rows = new RowNotes();
  readonly summary = new SummaryBuilder();
  records = 0;
  first: Ticks | undefined;
  last: Ticks | undefined;

  seen(chunk: ChunkRange, row: number, ticks: Ticks | undefined): void {
    this.records++;
    if (this.#chunk !== chunk) this.#close(chunk);
    this.#rows.add(row);
    if (ticks === undefined) return;
    if (this.first === undefined || ticks < this.first) this.first = ticks;
    if (this.last === undefined || ticks > this.last) this.last = ticks;
  }

  /** Lines become text with each chunk: a segment has thousands of entities, most of them in many chunks. */
  #close(next: ChunkRange | undefined): void {
    const rows = this.#rows.take();
    if (this.#chunk) this.#done.push(rows === undefined ? this.#chunk : { ...this.#chunk, rows });
    this.#chunk = next;
  }

  chunks(): readonly ChunkRange[] {
    this.#close(undefined);
    return this.#done;
  }
}

type Drafts = Record<EntityKind, Map<string, Draft>>;

interface Reading {
  readonly drafts: Drafts;
  readonly aliases: Map<string, [string, string]>;
}

/**
 * Writes a segment's rows: slices, sessions, users, aliases, then the mark that it is indexed. Every row is decided
 * by the segment alone, so doing it twice, or two at once, changes nothing.
 */
export async function indexSegment(
  ref: SegmentRef,
  deps: IndexDeps,
): Promise<{ records: number; rows: number }> {
  const manifest = await readManifest(deps.blobs, ref);
  if (!manifest) {
    throw new HoldfastError('unavailable', `Segment ${segmentPath(ref)} has no manifest yet.`, {
      retryable: true,
    });
  }
  const reading = await readSegment(ref, manifest, deps.blobs);
  const writes = rowsOf(ref, reading);
  await writeAll(deps.tables, writes);
  await deps.tables.upsert('slices', indexedPartition(ref.tenant, ref.source), [
    { row: indexedRow(ref), cells: { records: manifest.records, sha256: manifest.sha256 } },
  ]);
  return { records: manifest.records, rows: writes.reduce((n, w) => n + w.writes.length, 0) };
}

export async function isIndexed(ref: SegmentRef, tables: TableStore): Promise<boolean> {
  return (
    (await tables.get('slices', indexedPartition(ref.tenant, ref.source), indexedRow(ref))) !== undefined
  );
}

async function readSegment(ref: SegmentRef, manifest: Manifest, blobs: BlobStore): Promise<Reading> {
  const reading: Reading = {
    drafts: { user: new Map(), session: new Map(), ip: new Map(), app: new Map() },
    aliases: new Map(),
  };
  const body = await blobs.get(segmentPath(ref));
  if (!body)
    throw new HoldfastError('archive-corrupt', `Segment ${segmentPath(ref)} is missing.`, {
      ids: { blob: segmentPath(ref) },
    });
  for (const [index, { offset, length }] of manifest.chunks.entries()) {
    const chunk = { index, offset, length };
    let row = 0;
    for (const line of linesOf(await gunzipMember(body.subarray(offset, offset + length), ref)))
      readLine(line, { chunk, row: row++ }, reading);
  }
  return reading;
}

interface Place {
  readonly chunk: ChunkRange;
  readonly row: number;
}

function readLine(line: Buffer, { chunk, row }: Place, { drafts, aliases }: Reading): void {
  const { value, facts } = parseRecord(line);
  const keys = entityKeys(value);
  for (const kind of ENTITY_KINDS) {
    for (const key of keys[kind]) {
      const draft = drafts[kind].get(key) ?? new Draft();
      drafts[kind].set(key, draft);
      draft.seen(chunk, row, facts.ticks);
      draft.summary.record(facts.operation, keys, value);
    }
  }
  for (const [a, b] of userAliases(value)) aliases.set(`${a}\n${b}`, [a, b]);
}

interface PartitionWrites {
  readonly table: string;
  readonly partition: string;
  readonly writes: TableWrite[];
}

function rowsOf(ref: SegmentRef, { drafts, aliases }: Reading): PartitionWrites[] {
  const groups = new Map<string, PartitionWrites>();
  const put = (table: string, partition: string, write: TableWrite): void => {
    const group = groups.get(`${table}\n${partition}`) ?? { table, partition, writes: [] };
    groups.set(`${table}\n${partition}`, group);
    group.writes.push(write);
  };
  for (const kind of ENTITY_KINDS) {
    for (const [key, draft] of drafts[kind]) {
      const write = { row: sliceRow(key, ref), cells: sliceCells(key, finish(ref, draft)) };
      if (kind === 'session') put('sessions', sessionPartition(ref.tenant), write);
      else put('slices', slicePartition(ref.tenant, kind), write);
    }
  }
  for (const key of drafts.user.keys()) {
    put('users', userPartition(ref.tenant), {
      row: userRow(key, ref.date),
      cells: { key: key.slice(0, 1024), date: ref.date },
    });
  }
  for (const [a, b] of aliases.values()) {
    for (const [key, alias] of [
      [a, b],
      [b, a],
    ] as const) {
      put('users', userPartition(ref.tenant), {
        row: aliasRow(key, alias),
        cells: { key: key.slice(0, 1024), alias: alias.slice(0, 1024) },
      });
    }
  }
  return [...groups.values()];
}

const finish = (ref: SegmentRef, draft: Draft) => ({
  ref,
  chunks: draft.chunks(),
  records: draft.records,
  firstTime: draft.first === undefined ? '' : formatTicks(draft.first),
  lastTime: draft.last === undefined ? '' : formatTicks(draft.last),
  summary: draft.summary.build(),
});

const WIDTH = 8;

async function writeAll(tables: TableStore, groups: readonly PartitionWrites[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < groups.length) {
      const { table, partition, writes } = groups[next++]!;
      await tables.upsert(table, partition, writes);
    }
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, groups.length) }, worker));
}
