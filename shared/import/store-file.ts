import { z } from 'zod';
import type { Archive } from '../archive/archive.ts';
import type { RequestRecord } from '../archive/manifest.ts';
import { formatSeconds } from '../instant.ts';
import type { SegmentRef } from '../layout.ts';
import { SOURCE_IDS } from '../sources.ts';
import { shownName } from './broken.ts';
import type { FileFacts } from './check-file.ts';
import { DateGroups } from './date-groups.ts';
import type { AskedFormat } from './layout.ts';
import { recordsOf, type ImportedRecord } from './records.ts';
import { TWIN_SOURCES } from './shape.ts';
import type { SourceFile } from './source-file.ts';

/** Who imports what, when. The same for every attempt at one import, so that every attempt writes the same bytes. */
export interface ImportAsk {
  readonly id: string;
  readonly tenant: string;
  /** As the importer calls it. */
  readonly name: string;
  readonly format: AskedFormat;
  readonly importer: string;
  readonly importedMs: number;
}

/** How far storing has come. */
export const storeProgress = z.object({
  /** Records of the file that are dealt with, from its beginning. */
  records: z.number(),
  added: z.number(),
  versions: z.number(),
  /** Already there: of an earlier import, or twice in the file. */
  duplicates: z.number(),
  /** Left to the collected source that has the same record. */
  collected: z.number(),
  segments: z.array(z.object({ date: z.string(), segment: z.string() })),
  /** Of collected sources, left without a manifest by a writer that died, and completed here: to be indexed. */
  adopted: z
    .array(z.object({ source: z.enum(SOURCE_IDS), date: z.string(), segment: z.string() }))
    .default([]),
  done: z.boolean(),
});
export type StoreProgress = z.infer<typeof storeProgress>;

export const nothingStored = (): StoreProgress => ({
  records: 0,
  added: 0,
  versions: 0,
  duplicates: 0,
  collected: 0,
  segments: [],
  adopted: [],
  done: false,
});

export interface StoreOptions {
  readonly archive: Archive;
  /** Text kept in memory, bytes. */
  readonly memory?: number;
  /** Asked after each flush: true ends this attempt. */
  readonly stop?: () => boolean;
}

const MEMORY = 24 * 1024 * 1024;

/** The file as manifests name what fed them. */
export const fileRequest = (ask: ImportAsk, facts: FileFacts): RequestRecord => ({
  url: `file:///${encodeURIComponent(shownName(ask.name))}`,
  method: 'IMPORT',
  fetchedAt: formatSeconds(ask.importedMs),
  status: 200,
  sha256: facts.sha256,
  bytes: facts.bytes,
  records: facts.records,
});

/**
 * Archives a checked file under source `import`, from where an earlier attempt stopped. A record that a collected source
 * has already, byte for byte or in another spelling, is not stored a second time.
 */
export async function storeFile(
  file: SourceFile,
  ask: ImportAsk,
  facts: FileFacts,
  from: StoreProgress,
  options: StoreOptions,
): Promise<StoreProgress> {
  const store = new FileStore(ask, facts, from, options.archive);
  const groups = new DateGroups(options.memory ?? MEMORY, facts.from.slice(0, 10));
  let seen = 0;
  for await (const { records } of recordsOf(file, ask.format)) {
    let flushed = false;
    for (const record of records) {
      if (++seen <= from.records) continue;
      groups.add(record);
      for (const [date, due] of groups.due()) {
        await store.append(date, due);
        flushed = true;
      }
    }
    if (!flushed || options.stop?.() !== true) continue;
    for (const [date, rest] of groups.rest()) await store.append(date, rest);
    return store.progress(seen, seen >= facts.records);
  }
  for (const [date, rest] of groups.rest()) await store.append(date, rest);
  return store.progress(seen, true);
}

class FileStore {
  readonly #ask: ImportAsk;
  readonly #archive: Archive;
  readonly #requests: readonly RequestRecord[];
  readonly #sum: { added: number; versions: number; duplicates: number; collected: number };
  readonly #segments: Map<string, Pick<SegmentRef, 'date' | 'segment'>>;
  readonly #adopted: StoreProgress['adopted'];

  constructor(ask: ImportAsk, facts: FileFacts, from: StoreProgress, archive: Archive) {
    const { added, versions, duplicates, collected } = from;
    this.#ask = ask;
    this.#archive = archive;
    this.#requests = [fileRequest(ask, facts)];
    this.#sum = { added, versions, duplicates, collected };
    this.#adopted = [...from.adopted];
    this.#segments = new Map(from.segments.map((s) => [`${s.date}/${s.segment}`, s]));
  }

  async append(date: string, records: readonly ImportedRecord[]): Promise<void> {
    const { tenant } = this.#ask;
    const fresh = await this.#notCollected(date, records);
    const result = await this.#archive.append({
      tenant,
      source: 'import',
      date,
      records: fresh,
      window: null,
      pass: 0,
      requests: this.#requests,
    });
    this.#sum.added += result.added;
    this.#sum.versions += result.versions;
    this.#sum.duplicates += result.duplicates;
    for (const { date: day, segment } of result.segments)
      this.#segments.set(`${day}/${segment}`, { date: day, segment });
  }

  async #notCollected(date: string, records: readonly ImportedRecord[]): Promise<readonly ImportedRecord[]> {
    let rest = records;
    for (const source of new Set(records.flatMap(({ kind }) => TWIN_SOURCES[kind]))) {
      const asked = rest.filter(({ kind }) => TWIN_SOURCES[kind].includes(source));
      if (asked.length === 0) continue;
      const place = { tenant: this.#ask.tenant, source, date };
      const { held, adopted } = await this.#archive.held(place, asked);
      for (const ref of adopted) this.#adopted.push({ source, date, segment: ref.segment });
      if (held.size === 0) continue;
      rest = rest.filter((record) => !held.has(record));
      this.#sum.collected += held.size;
    }
    return rest;
  }

  progress(records: number, done: boolean): StoreProgress {
    const segments = [...this.#segments].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
    return { records, ...this.#sum, segments, adopted: this.#adopted, done };
  }
}
