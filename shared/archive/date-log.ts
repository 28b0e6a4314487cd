import type { Clock } from '../clock.ts';
import { HoldfastError } from '../errors.ts';
import { datePrefix, manifestPath, parseArchivePath, segmentName, type SegmentRef } from '../layout.ts';
import type { BlobInfo, BlobStore } from '../store/stores.ts';
import { adoptSegment } from './adopt.ts';
import { DigestSet } from './known.ts';
import { readManifest, type Manifest } from './manifest.ts';

/** What is known of one segment of a date: enough to tell whether a record could be in it. */
interface Entry {
  readonly ref: SegmentRef;
  readonly minTime: string | null;
  readonly maxTime: string | null;
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
    return {
      ref,
      minTime: mintime || null,
      maxTime: maxtime || null,
      untimed: untimed !== '0',
      digests: undefined,
    };
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

  /** The archived records that have this digest's id (same text: `exact`), wherever a record of that time can be. */
  async find(time: string | undefined, digest: Buffer): Promise<{ exact: boolean; places: Place[] }> {
    const places: Place[] = [];
    for (const entry of this.#entries) {
      if (!mayHold(entry, time)) continue;
      entry.digests ??= await this.#loadDigests(entry.ref);
      const { exact, lines } = entry.digests.find(digest);
      if (exact) return { exact, places: [] };
      places.push(...lines.map((line) => ({ ref: entry.ref, line })));
    }
    return { exact: false, places };
  }

  async #loadDigests(ref: SegmentRef): Promise<DigestSet> {
    const manifest = await this.#manifest(ref);
    return new DigestSet(Buffer.from(manifest.digests, 'base64'));
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

const mayHold = (entry: Entry, time: string | undefined): boolean =>
  time === undefined
    ? entry.untimed
    : entry.minTime !== null && entry.minTime <= time && time <= (entry.maxTime ?? '');

const entryOf = (ref: SegmentRef, manifest: Manifest): Entry => ({
  ref,
  minTime: manifest.minTime,
  maxTime: manifest.maxTime,
  untimed: manifest.untimed > 0,
  digests: undefined,
});
