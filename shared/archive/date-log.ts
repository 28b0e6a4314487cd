import type { Clock } from '../clock.ts';
import { HoldfastError } from '../errors.ts';
import { parseInstant, type Ticks } from '../instant.ts';
import { datePrefix, manifestPath, parseArchivePath, segmentName, type SegmentRef } from '../layout.ts';
import type { BlobInfo, BlobStore } from '../store/stores.ts';
import { adoptSegment } from './adopt.ts';
import { DigestSet } from './known.ts';
import { readManifest, type Manifest } from './manifest.ts';
import type { DigestedRecord } from './segment-writer.ts';

/** What is known of one segment of a date: enough to tell whether a record could be in it. */
interface Entry {
  readonly ref: SegmentRef;
  /** Of the timed records; undefined when there is none. */
  readonly min: Ticks | undefined;
  readonly max: Ticks | undefined;
  readonly untimed: boolean;
  digests: DigestSet | undefined;
}

/**
 * The segments of one (tenant, source, event date), as an append-only log with numbers 1, 2, 3 … Whoever writes
 * number n has compared its records with all before, and only one writer can create n: so no record of a source
 * is stored twice, whatever runs at once. What is kept here in memory is a copy of immutable blobs, never a truth.
 */
export class DateLog {
  readonly tenant: string;
  readonly source: SegmentRef['source'];
  readonly date: string;
  readonly #blobs: BlobStore;
  readonly #clock: Clock;
  readonly #graceMs: number;
  #entries: Entry[] = [];
  #listed = false;
  /** Segments that had no manifest and were given one here; their index message may never have been sent. */
  readonly adopted: SegmentRef[] = [];

  constructor(
    place: Pick<SegmentRef, 'tenant' | 'source' | 'date'>,
    deps: { blobs: BlobStore; clock: Clock; graceMs: number },
  ) {
    this.tenant = place.tenant;
    this.source = place.source;
    this.date = place.date;
    this.#blobs = deps.blobs;
    this.#clock = deps.clock;
    this.#graceMs = deps.graceMs;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  get listed(): boolean {
    return this.#listed;
  }

  next(): SegmentRef {
    return this.#ref(segmentName(Number(this.#entries.at(-1)?.ref.segment ?? 0) + 1));
  }

  #ref(segment: string): SegmentRef {
    return { tenant: this.tenant, source: this.source, date: this.date, segment };
  }

  /** Reads the list of segments anew, and completes those whose writer died before their manifest. */
  async refresh(): Promise<void> {
    const { manifests, segments } = await this.#list();
    const known = new Map(this.#entries.map((entry) => [entry.ref.segment, entry]));
    const entries: Entry[] = [];
    for (const segment of [...new Set([...segments, ...manifests.keys()])].sort()) {
      entries.push(known.get(segment) ?? (await this.#entry(segment, manifests.get(segment))));
    }
    this.#entries = entries;
    this.#listed = true;
  }

  async #list(): Promise<{ manifests: Map<string, BlobInfo>; segments: Set<string> }> {
    const manifests = new Map<string, BlobInfo>();
    const segments = new Set<string>();
    for await (const blob of this.#blobs.list(datePrefix(this.tenant, this.source, this.date))) {
      const path = parseArchivePath(blob.name);
      if (path?.kind === 'manifest') manifests.set(path.segment, blob);
      else if (path) segments.add(path.segment);
    }
    return { manifests, segments };
  }

  async #entry(segment: string, manifest: BlobInfo | undefined): Promise<Entry> {
    const ref = this.#ref(segment);
    if (!manifest) return entryOf(ref, await this.#complete(ref));
    const { mintime, maxtime, untimed } = manifest.metadata;
    if (untimed === undefined) return entryOf(ref, await this.#manifest(ref));
    return { ref, ...bounds(mintime || null, maxtime || null), untimed: untimed !== '0', digests: undefined };
  }

  /** Waits for a writer that may be between segment and manifest; takes it for dead after the grace period. */
  async #complete(ref: SegmentRef): Promise<Manifest> {
    for (let waited = 0; waited < this.#graceMs; waited += 250) {
      const found = await readManifest(this.#blobs, ref);
      if (found) return found;
      await this.#clock.sleep(250);
    }
    const manifest = await adoptSegment(this.#blobs, ref, this.#clock);
    this.adopted.push(ref);
    return manifest;
  }

  async #manifest(ref: SegmentRef): Promise<Manifest> {
    const manifest = await readManifest(this.#blobs, ref);
    if (manifest) return manifest;
    throw new HoldfastError('archive-corrupt', `Manifest ${manifestPath(ref)} vanished.`, {
      ids: { blob: manifestPath(ref) },
    });
  }

  /** Notes a segment that this process has just written. */
  appended(ref: SegmentRef, manifest: Manifest, digests: Buffer): void {
    this.#entries.push({ ...entryOf(ref, manifest), digests: new DigestSet(digests) });
  }

  /**
   * The archived records that have this digest's id (same text: `exact`), wherever a record of that time can be.
   * Undefined where digests have to be read first: `findLoading`. (A promise for each record would cost more than the
   * look.)
   */
  find({ facts, digests, at }: DigestedRecord): Found | undefined {
    let places: Place[] | undefined;
    for (const entry of this.#entries) {
      if (!mayHold(entry, facts.ticks)) continue;
      if (!entry.digests) return undefined;
      const { exact, lines } = entry.digests.find(digests, at);
      if (exact) return SAME;
      for (const line of lines) (places ??= []).push({ ref: entry.ref, line });
    }
    return places ? { exact: false, places } : NOWHERE;
  }

  /** The same, reading the digests that are missing. Other work may make room by forgetting them meanwhile. */
  async findLoading(record: DigestedRecord): Promise<Found> {
    for (;;) {
      await this.#load(record.facts.ticks);
      const found = this.find(record);
      if (found) return found;
    }
  }

  async #load(ticks: Ticks | undefined): Promise<void> {
    for (const entry of this.#entries) {
      if (!mayHold(entry, ticks) || entry.digests) continue;
      entry.digests = new DigestSet(Buffer.from((await this.#manifest(entry.ref)).digests, 'base64'));
    }
  }

  digestBytes(): number {
    return this.#entries.reduce((sum, entry) => sum + (entry.digests?.digests.length ?? 0), 0);
  }

  forgetDigests(): void {
    for (const entry of this.#entries) entry.digests = undefined;
  }
}

export interface Place {
  readonly ref: SegmentRef;
  readonly line: number;
}

export interface Found {
  /** The record is there. */
  readonly exact: boolean;
  /** Records of its id and of other text. */
  readonly places: readonly Place[];
}

const SAME: Found = { exact: true, places: [] };
const NOWHERE: Found = { exact: false, places: [] };

const mayHold = ({ min, max, untimed }: Entry, ticks: Ticks | undefined): boolean =>
  ticks === undefined ? untimed : min !== undefined && max !== undefined && min <= ticks && ticks <= max;

/** Times that cannot be read leave nothing out: whatever is looked for may be there. */
function bounds(minTime: string | null, maxTime: string | null): Pick<Entry, 'min' | 'max'> {
  if (minTime === null) return { min: undefined, max: undefined };
  return { min: parseInstant(minTime) ?? EVER.from, max: parseInstant(maxTime) ?? EVER.to };
}

const EVER = { from: -(2n ** 63n), to: 2n ** 63n };

const entryOf = (ref: SegmentRef, manifest: Manifest): Entry => ({
  ref,
  ...bounds(manifest.minTime, manifest.maxTime),
  untimed: manifest.untimed > 0,
  digests: undefined,
});
