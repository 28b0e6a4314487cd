import { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import { formatSeconds } from '../instant.ts';
import { FORMAT_VERSION, receiptPath } from '../layout.ts';
import type { SourceId } from '../sources.ts';
import type { BlobStore } from '../store/stores.ts';
import { requestSchema, SOFTWARE } from './manifest.ts';

/** What a receipt of source `import` says of the file. */
export const importSchema = z.object({
  /** Of the import, not of the file: a file may be imported again. */
  id: z.string(),
  file: z.string(),
  /** Of the file's bytes as they were uploaded, before unpacking. */
  sha256: z.string(),
  bytes: z.number(),
  /** As asked for; what was found is in `contents`. */
  format: z.string(),
  importer: z.string(),
  importedAt: z.string(),
  /** The texts in it: one, or those of a zip. */
  contents: z.array(z.object({ name: z.string(), layout: z.string(), records: z.number() })),
  kinds: z.record(z.string(), z.number()),
  tables: z.record(z.string(), z.number()),
  /** Records by the tenant in which they say they happened. */
  tenants: z.record(z.string(), z.number()),
  untimed: z.number(),
  /** Records that a collected source has already; they are not stored a second time. */
  collected: z.number(),
});

/**
 * What one pass over a window asked, got and stored. An empty window leaves no segment, so the receipt is the
 * proof that it was asked for and answered properly; the `windows` table can be rebuilt from receipts alone.
 */
export const receiptSchema = z.object({
  format: z.literal(FORMAT_VERSION),
  tenant: z.string(),
  source: z.string(),
  window: z.object({ from: z.string(), to: z.string() }),
  pass: z.number(),
  /** `gap`: the vendor no longer keeps it, nothing was asked. */
  outcome: z.enum(['collected', 'partial', 'gap']),
  reason: z.string().optional(),
  startedAt: z.string(),
  finishedAt: z.string(),
  counts: z.object({
    received: z.number(),
    added: z.number(),
    versions: z.number(),
    duplicates: z.number(),
    /** Answered though outside the window asked for; their own window collects them. */
    outside: z.number(),
    unparsed: z.number(),
  }),
  segments: z.array(z.object({ date: z.string(), segment: z.string() })),
  /** Whether the schedule of later passes is through. */
  settled: z.boolean(),
  requests: z.array(requestSchema),
  import: importSchema.optional(),
  software: z.string(),
});
export type Receipt = z.infer<typeof receiptSchema>;

export interface ReceiptKey {
  readonly tenant: string;
  readonly source: SourceId;
  readonly fromMs: number;
  readonly toMs: number;
  readonly pass: number;
}

const pathOf = (key: ReceiptKey): string =>
  receiptPath(key.tenant, key.source, key.fromMs, key.toMs, key.pass);

export type ReceiptBody = Omit<Receipt, 'format' | 'tenant' | 'source' | 'window' | 'pass' | 'software'>;

/** Writes a receipt once. `exists`: the same pass was already done, by an earlier delivery or another instance. */
export function writeReceipt(
  blobs: BlobStore,
  key: ReceiptKey,
  body: ReceiptBody,
): Promise<'created' | 'exists'> {
  const receipt: Receipt = {
    format: FORMAT_VERSION,
    tenant: key.tenant,
    source: key.source,
    window: { from: formatSeconds(key.fromMs), to: formatSeconds(key.toMs) },
    pass: key.pass,
    ...body,
    software: SOFTWARE,
  };
  return blobs.putNew(pathOf(key), Buffer.from(JSON.stringify(receipt)), { contentType: 'application/json' });
}

export async function readReceipt(blobs: BlobStore, key: ReceiptKey): Promise<Receipt | undefined> {
  const path = pathOf(key);
  const body = await blobs.get(path);
  return body && parseReceipt(path, body);
}

export function parseReceipt(path: string, body: Buffer): Receipt {
  try {
    return receiptSchema.parse(JSON.parse(body.toString('utf8')));
  } catch (cause) {
    throw new HoldfastError('archive-corrupt', `Receipt ${path} cannot be read.`, {
      cause,
      ids: { blob: path },
    });
  }
}
