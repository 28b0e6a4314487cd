import { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import { FORMAT_VERSION, manifestPath, type SegmentRef } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.string();

/** One request that fed records into the archive: chain of custody from the vendor's answer to the segment. */
export const requestSchema = z.object({
  /** Without secrets. */
  url: z.string(),
  method: z.string().optional(),
  requestId: z.string().optional(),
  /** Management Activity API content item. */
  contentId: z.string().optional(),
  /** When the vendor says it will delete the content item. */
  expires: z.string().optional(),
  fetchedAt: instant,
  status: z.number(),
  /** SHA-256 of the response body as received (after transfer and content decoding). */
  sha256: sha256.optional(),
  bytes: z.number(),
  records: z.number(),
  error: z.string().optional(),
});
export type RequestRecord = z.infer<typeof requestSchema>;

export const chunkSchema = z.object({
  /** Byte range of the gzip member within the segment. */
  offset: z.number(),
  length: z.number(),
  records: z.number(),
  /** Bytes of plain text. */
  bytes: z.number(),
  minTime: instant.nullable(),
  maxTime: instant.nullable(),
  /** Of the compressed member. */
  sha256,
  operations: z.record(z.string(), z.number()),
});
export type Chunk = z.infer<typeof chunkSchema>;

export const manifestSchema = z.object({
  format: z.literal(FORMAT_VERSION),
  tenant: z.string(),
  source: z.string(),
  date: z.string(),
  segment: z.string(),
  /** The window and pass that collected it; null for an import. */
  window: z.object({ from: instant, to: instant }).nullable(),
  pass: z.number(),
  records: z.number(),
  /** Lines that are not JSON: archived all the same. */
  unparsed: z.number(),
  /** Records without a readable event time; `minTime`/`maxTime` do not speak of them. */
  untimed: z.number(),
  minTime: instant.nullable(),
  maxTime: instant.nullable(),
  bytes: z.number(),
  gzipBytes: z.number(),
  sha256,
  plainSha256: sha256,
  chunks: z.array(chunkSchema),
  /** Base64; 24 bytes a record in line order: 8 of SHA-256(id), 16 of SHA-256(line). */
  digests: z.string(),
  requests: z.array(requestSchema),
  /** Set when the manifest was re-derived from a segment whose writer died before its manifest. */
  adopted: z.boolean().optional(),
  software: z.string(),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const SOFTWARE = 'holdfast 0.1.0';

export function parseManifest(path: string, body: Buffer): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new HoldfastError('archive-corrupt', `Manifest ${path} is not JSON.`, {
      cause,
      ids: { blob: path },
    });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > FORMAT_VERSION) {
    throw new HoldfastError(
      'archive-corrupt',
      `Manifest ${path} has format ${format}; this version reads ${FORMAT_VERSION}.`,
      {
        remedy: 'Update holdfast.',
        ids: { blob: path },
      },
    );
  }
  const issue = parsed.error.issues[0];
  throw new HoldfastError(
    'archive-corrupt',
    `Manifest ${path} is wrong at ${issue?.path.join('.')}: ${issue?.message}.`,
    {
      ids: { blob: path },
    },
  );
}

/** The manifest of a segment; undefined when there is none (its writer has not come so far). */
export async function readManifest(blobs: BlobStore, ref: SegmentRef): Promise<Manifest | undefined> {
  const path = manifestPath(ref);
  const body = await blobs.get(path);
  return body && parseManifest(path, body);
}

/** Carried by the manifest blob, so that one listing tells which manifests must be read. */
export const manifestMetadata = (m: Manifest): Record<string, string> => ({
  mintime: m.minTime ?? '',
  maxtime: m.maxTime ?? '',
  untimed: String(m.untimed),
  records: String(m.records),
});
