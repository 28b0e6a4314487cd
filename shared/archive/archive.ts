import type { Clock } from '../clock.ts';
import { FORMAT_VERSION, manifestPath, segmentPath, type SegmentRef } from '../layout.ts';
import { KeyedMutex } from '../mutex.ts';
import { canonicalOf, type ArchiveRecord } from '../record.ts';
import type { BlobStore } from '../store/stores.ts';
import { Batch } from './batch.ts';
import { DateLog, type Place } from './date-log.ts';
import { LineReader } from './line-reader.ts';
import { manifestMetadata, SOFTWARE, type Manifest, type RequestRecord } from './manifest.ts';
import {
  buildSegment,
  digested,
  SEGMENT_BYTES,
  segmentOrder,
  type BuiltSegment,
  type DigestedRecord,
} from './segment-writer.ts';
import { datesAround } from './untimed.ts';

export interface AppendRequest {
  readonly tenant: string;
  readonly source: SegmentRef['source'];
  readonly date: string;
  readonly records: readonly ArchiveRecord[];
  /** ISO bounds of the window that brought them; null for an import. */
  readonly window: { readonly from: string; readonly to: string } | null;
  readonly pass: number;
  readonly requests: readonly RequestRecord[];
}

export interface AppendResult {
  /** Segments written, and segments found without a manifest and completed: all to be indexed. */
  readonly segments: readonly SegmentRef[];
  readonly added: number;
  /** Of the added ones, those that are a further version of an archived record. */
  readonly versions: number;
  readonly duplicates: number;
}

export interface HeldResult {
  readonly held: ReadonlySet<ArchiveRecord>;
  /** Segments found without a manifest and completed: to be indexed, since their writer is dead. */
  readonly adopted: readonly SegmentRef[];
}

export interface ArchiveOptions {
  readonly blobs: BlobStore;
  readonly clock: Clock;
  /** How long a segment may stand without manifest before its writer is taken for dead. */
  readonly graceMs?: number;
  /** Memory for digests of archived records, bytes. */
  readonly digestBudget?: number;
}

const MAX_LOGS = 64;

type DatePlace = Pick<SegmentRef, 'tenant' | 'source' | 'date'>;

const isTimed = ({ facts }: ArchiveRecord): boolean => facts.ticks !== undefined;

/**
 * Appends records to the archive exactly once. Owns the write order segment → manifest; whoever calls it writes
 * coverage after it has returned.
 */
export class Archive {
  readonly blobs: BlobStore;
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #digestBudget: number;
  readonly #mutex = new KeyedMutex();
  readonly #logs = new Map<string, DateLog>();
  readonly #lines: LineReader;

  constructor(options: ArchiveOptions) {
    this.blobs = options.blobs;
    this.#clock = options.clock;
    this.#graceMs = options.graceMs ?? 4000;
    this.#digestBudget = options.digestBudget ?? 48 * 1024 * 1024;
    this.#lines = new LineReader(options.blobs);
  }

  /**
   * Stores what the archive does not hold yet. A record without a readable time may come again in a window of another
   * day: it is looked for around the request's date, and told to be known there.
   */
  append(request: AppendRequest): Promise<AppendResult> {
    if (request.records.every(isTimed)) return this.#appendTo(request);
    return this.#mutex.run(`${request.tenant}|${request.source}|untimed`, () => this.#appendUntimed(request));
  }

  #appendTo(request: AppendRequest): Promise<AppendResult> {
    return this.#withLog(request, (log) => this.#append(request, log));
  }

  #withLog<T>(place: DatePlace, task: (log: DateLog) => Promise<T>): Promise<T> {
    const key = `${place.tenant}|${place.source}|${place.date}`;
    return this.#mutex.run(key, async () => {
      try {
        return await task(this.#log(key, place));
      } catch (error) {
        this.#logs.delete(key);
        throw error;
      }
    });
  }

  async #appendUntimed(request: AppendRequest): Promise<AppendResult> {
    const elsewhere = new Set<ArchiveRecord>();
    const adopted: SegmentRef[] = [];
    const untimed = request.records.filter((record) => !isTimed(record));
    for (const date of datesAround(request.date)) {
      const place = { tenant: request.tenant, source: request.source, date };
      const open = untimed.filter((record) => !elsewhere.has(record));
      if (open.length === 0) break;
      await this.#withLog(place, async (log) => {
        await log.refresh();
        adopted.push(...log.adopted.splice(0));
        for (const record of open) if (await this.#holds(log, record)) elsewhere.add(record);
      });
    }
    const records = request.records.filter((record) => !elsewhere.has(record));
    const result = await this.#appendTo({ ...request, records });
    return {
      ...result,
      segments: [...result.segments, ...adopted],
      duplicates: result.duplicates + elsewhere.size,
    };
  }

  /** Those of the records that lie at this place already, in whatever spelling. For records that come another way. */
  held(place: DatePlace, records: readonly ArchiveRecord[]): Promise<HeldResult> {
    return this.#withLog(place, async (log) => {
      await log.refresh();
      const held = new Set<ArchiveRecord>();
      for (const record of records) if (await this.#holds(log, record)) held.add(record);
      return { held, adopted: log.adopted.splice(0) };
    });
  }

  async #holds(log: DateLog, record: ArchiveRecord): Promise<boolean> {
    const [one] = digested([record]) as [DigestedRecord];
    const { exact, places } = log.find(one) ?? (await log.findLoading(one));
    return exact || this.#isKnown(one, [], places);
  }

  async #append(request: AppendRequest, log: DateLog): Promise<AppendResult> {
    const segments: SegmentRef[] = [];
    let [added, versions] = [0, 0];
    let rest: readonly DigestedRecord[] = digested(request.records);
    if (!log.listed) await log.refresh();
    while (rest.length > 0) {
      const fresh = await this.#unknown(log, rest);
      const [part, later] = firstSegment(fresh.records);
      if (part.length === 0) break;
      const ref = log.next();
      const written = await this.#write(ref, request, await buildSegment(part, ref.source));
      if (written) {
        log.appended(ref, written, Buffer.from(written.digests, 'base64'));
        segments.push(ref);
        added += part.length;
        versions += part.filter((r) => fresh.versions.has(r)).length;
        rest = later;
      } else {
        // Another writer has this number: learn what it wrote, and compare again.
        await log.refresh();
        rest = fresh.records;
      }
    }
    segments.push(...log.adopted.splice(0));
    return { segments, added, versions, duplicates: request.records.length - added };
  }

  /** Segment, then manifest. Undefined when another writer has taken the number. */
  async #write(ref: SegmentRef, request: AppendRequest, built: BuiltSegment): Promise<Manifest | undefined> {
    const path = segmentPath(ref);
    const put = await this.blobs.putNew(path, built.body, {
      contentType: 'application/gzip',
      metadata: { sha256: built.sha256, records: String(built.records) },
    });
    // A retried upload whose first answer was lost finds its own blob.
    if (put === 'exists' && (await this.blobs.info(path))?.metadata['sha256'] !== built.sha256)
      return undefined;
    const manifest = manifestOf(ref, request, built);
    await this.blobs.putNew(manifestPath(ref), Buffer.from(JSON.stringify(manifest)), {
      contentType: 'application/json',
      metadata: manifestMetadata(manifest),
    });
    return manifest;
  }

  async #unknown(
    log: DateLog,
    records: readonly DigestedRecord[],
  ): Promise<{ records: DigestedRecord[]; versions: Set<DigestedRecord> }> {
    const fresh: DigestedRecord[] = [];
    const versions = new Set<DigestedRecord>();
    const batch = new Batch(records);
    for (let i = 0; i < records.length; i++) {
      const record = records[i]!;
      const { exact, places } = log.find(record) ?? (await log.findLoading(record));
      if (exact) continue;
      const twins = batch.twins(record);
      if (twins.length + places.length > 0) {
        if (await this.#isKnown(record, twins, places)) continue;
        versions.add(record);
      }
      fresh.push(record);
      batch.add(i);
    }
    return { records: fresh, versions };
  }

  /** Same id, other bytes: the same record when only key order, spacing or escapes differ. */
  async #isKnown(
    record: DigestedRecord,
    twins: readonly DigestedRecord[],
    places: readonly Place[],
  ): Promise<boolean> {
    if (twins.some((twin) => twin.text.equals(record.text))) return true;
    if (twins.length + places.length === 0) return false;
    const canonical = canonicalOf(record.text);
    if (twins.some((twin) => canonicalOf(twin.text) === canonical)) return true;
    for (const place of places) {
      if (canonicalOf(await this.#lines.read(place.ref, place.line)) === canonical) return true;
    }
    return false;
  }

  #log(key: string, place: DatePlace): DateLog {
    const log =
      this.#logs.get(key) ??
      new DateLog(place, { blobs: this.blobs, clock: this.#clock, graceMs: this.#graceMs });
    this.#logs.delete(key);
    this.#logs.set(key, log);
    this.#trim(log);
    return log;
  }

  /** Least recently used first: whole logs beyond the count, digests beyond the budget. */
  #trim(keep: DateLog): void {
    let bytes = [...this.#logs.values()].reduce((sum, log) => sum + log.digestBytes(), 0);
    for (const [key, log] of this.#logs) {
      if (log === keep) continue;
      if (this.#logs.size > MAX_LOGS) this.#logs.delete(key);
      else if (bytes <= this.#digestBudget) break;
      bytes -= log.digestBytes();
      log.forgetDigests();
    }
  }
}

/** As many records as one segment may hold; the order decides which, so equal input splits equally. */
function firstSegment(records: readonly DigestedRecord[]): [DigestedRecord[], DigestedRecord[]] {
  let bytes = 0;
  const total = records.reduce((sum, r) => sum + r.text.length + 1, 0);
  if (total <= SEGMENT_BYTES) return [[...records], []];
  const sorted = [...records].sort(segmentOrder);
  const end = sorted.findIndex((r, i) => (bytes += r.text.length + 1) > SEGMENT_BYTES && i > 0);
  return end === -1 ? [sorted, []] : [sorted.slice(0, end), sorted.slice(end)];
}

const manifestOf = (ref: SegmentRef, request: AppendRequest, built: BuiltSegment): Manifest => ({
  format: FORMAT_VERSION,
  ...ref,
  window: request.window,
  pass: request.pass,
  records: built.records,
  unparsed: built.unparsed,
  untimed: built.untimed,
  minTime: built.minTime,
  maxTime: built.maxTime,
  bytes: built.bytes,
  gzipBytes: built.body.length,
  sha256: built.sha256,
  plainSha256: built.plainSha256,
  chunks: [...built.chunks],
  digests: built.digests.toString('base64'),
  requests: [...request.requests],
  software: SOFTWARE,
});
