import { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import { formatSeconds } from '../instant.ts';
import { FORMAT_VERSION, subscriptionNotePath, subscriptionNotePrefix } from '../layout.ts';
import type { SourceId } from '../sources.ts';
import type { BlobStore } from '../store/stores.ts';
import { SOFTWARE } from './manifest.ts';

/**
 * Since when a feed's subscription has run, and when it was found stopped: what the feed cannot prove. Written at every
 * start, so that tables rebuilt from the archive claim no more than the lost ones did.
 */
const noteSchema = z.object({
  format: z.literal(FORMAT_VERSION),
  tenant: z.string(),
  source: z.string(),
  /** When we first started it; null when it was running already. */
  startedAt: z.string().nullable(),
  interrupted: z.array(z.object({ from: z.string(), to: z.string() })),
  software: z.string(),
});

export interface SubscriptionNote {
  /** Milliseconds; 0 when it was running already when first seen. */
  readonly startedMs: number;
  readonly interrupted: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** @param triedMs when the start was asked for: one note a start */
export async function writeSubscriptionNote(
  blobs: BlobStore,
  place: { readonly tenant: string; readonly source: SourceId },
  note: SubscriptionNote,
  triedMs: number,
): Promise<void> {
  const body: z.infer<typeof noteSchema> = {
    format: FORMAT_VERSION,
    ...place,
    startedAt: note.startedMs === 0 ? null : new Date(note.startedMs).toISOString(),
    interrupted: note.interrupted.map(({ fromMs, toMs }) => ({
      from: formatSeconds(fromMs),
      // The end of what is lost is rounded up: it must not be claimed.
      to: formatSeconds(Math.ceil(toMs / 1000) * 1000),
    })),
    software: SOFTWARE,
  };
  const path = subscriptionNotePath(place.tenant, place.source, triedMs);
  await blobs.putNew(path, Buffer.from(JSON.stringify(body)), { contentType: 'application/json' });
}

/** The last note of a source; undefined where we have never started its subscription. */
export async function readSubscriptionNote(
  blobs: BlobStore,
  tenant: string,
  source: SourceId,
): Promise<SubscriptionNote | undefined> {
  let last: string | undefined;
  for await (const { name } of blobs.list(subscriptionNotePrefix(tenant, source))) last = name;
  const body = last === undefined ? undefined : await blobs.get(last);
  return body && parseSubscriptionNote(last!, body);
}

export function parseSubscriptionNote(path: string, body: Buffer): SubscriptionNote {
  try {
    const { startedAt, interrupted } = noteSchema.parse(JSON.parse(body.toString('utf8')));
    return {
      startedMs: startedAt === null ? 0 : Date.parse(startedAt),
      interrupted: interrupted.map(({ from, to }) => ({ fromMs: Date.parse(from), toMs: Date.parse(to) })),
    };
  } catch (cause) {
    throw new HoldfastError('archive-corrupt', `Subscription note ${path} cannot be read.`, {
      cause,
      ids: { blob: path },
    });
  }
}
