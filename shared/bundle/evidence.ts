import { readManifest } from '../archive/manifest.ts';
import { isObject } from '../record.ts';
import { manifestPath, sealPrefix, segmentPath, type SegmentRef } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';
import type { BundleFile } from './formats/format.ts';
import type { SegmentChunks } from './read-records.ts';

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

/** `evidence/manifests/…` and `evidence/seals/…`: the archive's own bytes. */
export function evidenceFiles(
  located: readonly SegmentChunks[],
  seals: readonly SealUse[],
  blobs: BlobStore,
): BundleFile[] {
  return [
    ...located.map(({ ref }) =>
      verbatim(`evidence/manifests/${manifestName(ref)}`, manifestPath(ref), blobs),
    ),
    ...seals.map(({ path }) => verbatim(`evidence/seals/${path.split('/').at(-1)!}`, path, blobs)),
  ];
}

export const manifestName = (ref: SegmentRef): string =>
  `source=${ref.source}/date=${ref.date}/${ref.segment}.manifest.json`;

const verbatim = (path: string, blob: string, blobs: BlobStore): BundleFile => ({
  path,
  content: async function* () {
    const body = await blobs.get(blob);
    // A manifest that vanished is for verify to name; the bundle says so instead of failing.
    yield body ?? `${JSON.stringify({ missing: blob })}\n`;
  },
});

export interface SegmentUse {
  readonly path: string;
  readonly manifest: string;
  readonly sha256: string | undefined;
  readonly chunks: readonly number[];
}

/** The archive segments that were read, with the hashes their manifests (and so the seals) state. */
export async function segmentsOf(
  located: readonly SegmentChunks[],
  blobs: BlobStore,
): Promise<Map<string, SegmentUse[]>> {
  const bySource = new Map<string, SegmentUse[]>();
  for (const { ref, chunks } of located) {
    const manifest = await readManifest(blobs, ref);
    const use = {
      path: segmentPath(ref),
      manifest: `evidence/manifests/${manifestName(ref)}`,
      sha256: manifest?.sha256,
      chunks: chunks.map((c) => c.index),
    };
    bySource.set(ref.source, [...(bySource.get(ref.source) ?? []), use]);
  }
  return bySource;
}
