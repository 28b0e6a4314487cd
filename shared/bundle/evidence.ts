import { isObject, textOf } from '../record.ts';
import { manifestPath, sealPrefix, segmentPath, type SegmentRef } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';
import type { BundleFile } from './formats/format.ts';
import type { SegmentChunks } from './read-records.ts';
import { MemoryMeter } from './release-memory.ts';

/** What proves offline that a bundle's records are the archive's: manifests of the segments, and the seals over them. */

/** A seal that covers manifests of the bundle, as the archive holds it. */
export interface SealUse {
  readonly path: string;
  readonly covers: number;
}

/** Seals that list any of the segments' manifests. Read by their paths only: their format is the archive's business. */
export async function sealsOver(
  blobs: BlobStore,
  tenant: string,
  located: readonly SegmentChunks[],
): Promise<SealUse[]> {
  const wanted = new Set(located.map(({ ref }) => manifestPath(ref)));
  const found: SealUse[] = [];
  if (wanted.size === 0) return found;
  for await (const { name } of blobs.list(sealPrefix(tenant))) {
    if (!name.endsWith('.json')) continue;
    const covers = pathsIn(await blobs.get(name)).filter((path) => wanted.has(path)).length;
    if (covers > 0) found.push({ path: name, covers });
  }
  return found;
}

function pathsIn(body: Buffer | undefined): string[] {
  const value: unknown = body && JSON.parse(body.toString('utf8'));
  const entries = isObject(value) ? (value['entries'] ?? value['manifests']) : undefined;
  if (!Array.isArray(entries)) return [];
  return entries.map((e: unknown) => (isObject(e) ? String(e['path']) : String(e)));
}

/** What the segments' manifests state, learned while they are written into the bundle: each is read once. */
export class StatedHashes {
  readonly #byPath = new Map<string, string>();

  /** SHA-256 of the segment, as its manifest states it; undefined when the manifest is missing or not one. */
  of(ref: SegmentRef): string | undefined {
    return this.#byPath.get(manifestPath(ref));
  }

  note(path: string, manifest: Buffer): void {
    const stated = statedIn(manifest);
    if (stated !== undefined) this.#byPath.set(path, stated);
  }
}

const DIGESTS = '"digests":"';

/** The digests are megabytes of base64 in which nothing is looked for: they are left out before it is parsed. */
function withoutDigests(manifest: Buffer): string {
  const start = manifest.indexOf(DIGESTS);
  const end = start === -1 ? -1 : manifest.indexOf('"', start + DIGESTS.length);
  return end === -1
    ? manifest.toString('utf8')
    : manifest.toString('utf8', 0, start + DIGESTS.length) + manifest.toString('utf8', end);
}

function statedIn(manifest: Buffer): string | undefined {
  try {
    const value: unknown = JSON.parse(withoutDigests(manifest));
    return isObject(value) ? textOf(value['sha256']) : undefined;
  } catch {
    // For verify to name, as a manifest that vanished.
    return undefined;
  }
}

/** `evidence/manifests/…` and `evidence/seals/…`: the archive's own bytes. */
export function evidenceFiles(
  located: readonly SegmentChunks[],
  seals: readonly SealUse[],
  blobs: BlobStore,
  { stated, meter = new MemoryMeter() }: { readonly stated: StatedHashes; readonly meter?: MemoryMeter },
): BundleFile[] {
  const manifests = located.map(({ ref }) => ({
    path: `evidence/manifests/${manifestName(ref)}`,
    blob: manifestPath(ref),
  }));
  const sealed = seals.map(({ path }) => ({ path: `evidence/seals/${path.split('/').at(-1)!}`, blob: path }));
  const files = [...manifests, ...sealed];
  const bodies = new BlobsAhead(
    files.map(({ blob }) => blob),
    { blobs, meter },
  );
  return files.map(({ path, blob }, index) => ({
    path,
    // A manifest is mostly digests; a seal names paths as well, which are much alike.
    packing: index < manifests.length ? 'hashes' : 'text',
    content: async function* () {
      const body = await bodies.get(index);
      if (body && index < manifests.length) stated.note(blob, body);
      // A manifest that vanished is for verify to name; the bundle says so instead of failing.
      yield body ?? `${JSON.stringify({ missing: blob })}\n`;
    },
  }));
}

export const manifestName = (ref: SegmentRef): string =>
  `source=${ref.source}/date=${ref.date}/${ref.segment}.manifest.json`;

/** Blobs read so many ahead of the one that is asked for: they are asked for one after the other, and are many. */
const AHEAD = 2;

class BlobsAhead {
  readonly #names: readonly string[];
  readonly #blobs: BlobStore;
  readonly #under = new Map<number, Promise<Buffer | undefined>>();
  readonly #meter: MemoryMeter;

  constructor(names: readonly string[], deps: { readonly blobs: BlobStore; readonly meter: MemoryMeter }) {
    this.#names = names;
    this.#blobs = deps.blobs;
    this.#meter = deps.meter;
  }

  async get(index: number): Promise<Buffer | undefined> {
    for (let i = index; i <= index + AHEAD && i < this.#names.length; i++) this.#read(i);
    const reading = this.#under.get(index);
    this.#under.delete(index);
    const body = await reading;
    // Itself, and what it is packed to.
    if (body) this.#meter.add(body.length * 2);
    return body;
  }

  #read(index: number): void {
    if (this.#under.has(index)) return;
    const reading = this.#blobs.get(this.#names[index]!);
    // It is awaited in its turn; a failure before then must not count as unhandled.
    reading.catch(() => undefined);
    this.#under.set(index, reading);
  }
}

export interface SegmentUse {
  readonly path: string;
  /** Its manifest in the bundle, and the segment's SHA-256 that it states; not in a bundle without evidence. */
  readonly manifest?: string;
  readonly sha256?: string | undefined;
  readonly chunks: readonly number[];
}

/** The archive segments that were read, with the hashes their manifests (and so the seals) state. */
export function segmentsOf(
  located: readonly SegmentChunks[],
  stated: StatedHashes | undefined,
): Map<string, SegmentUse[]> {
  const bySource = new Map<string, SegmentUse[]>();
  for (const { ref, chunks } of located) {
    const use = {
      path: segmentPath(ref),
      ...(stated && { manifest: `evidence/manifests/${manifestName(ref)}`, sha256: stated.of(ref) }),
      chunks: chunks.map((c) => c.index),
    };
    bySource.set(ref.source, [...(bySource.get(ref.source) ?? []), use]);
  }
  return bySource;
}
