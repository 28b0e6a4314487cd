import type { RequestRecord } from '../archive/manifest.ts';
import { describeError, isHoldfastError } from '../errors.ts';
import { ArrayCutter } from '../json/array-cutter.ts';
import { inParallel } from '../parallel.ts';
import { streamBody, type Reading } from './body.ts';
import { listContent, withPublisher, type ContentItem, type FeedPlace } from './feed.ts';
import type { FetchResponse } from './http-client.ts';
import type { Outcome } from './outcome.ts';
import { salvage } from './salvage.ts';
import type { FeedSpec, Interval } from './spec.ts';
import { RECORD_MEMBERS, type Spool } from './spool.ts';
import type { Consumed } from './vendor-api.ts';

export interface FeedWindowContext {
  readonly place: FeedPlace;
  readonly spool: Spool;
  readonly deadlineMs: number;
  /** Content ids that earlier passes of this window have archived: blobs never change. */
  readonly done: ReadonlySet<string>;
}

/** Content blobs fetched at a time: a blob may be 70 MB, and streams through. */
const CONCURRENCY = 6;

interface Failure {
  readonly item: ContentItem;
  readonly error: unknown;
}

/** Collects one window (by time of availability) of a content type. A failed item stops no other. */
export async function collectFeedWindow(
  spec: FeedSpec,
  window: Interval,
  context: FeedWindowContext,
): Promise<Outcome> {
  const { place, spool, deadlineMs } = context;
  const listing = await listContent(place, spec.contentType, window, {
    deadlineMs,
    onRequest: (r) => spool.request(r),
  });
  const todo = listing.items.filter((item) => !context.done.has(item.contentId));
  const failures: Failure[] = [];
  await inParallel(todo, CONCURRENCY, async (item) => {
    try {
      await collectItem(item, context);
    } catch (error) {
      // Storage and programming faults are not the item's: they end the pass.
      if (!isHoldfastError(error) || error.code === 'archive-corrupt') throw error;
      failures.push({ item, error });
    }
  });
  return judge(failures, listing.unreadable, todo.length);
}

function judge(failures: readonly Failure[], unreadable: number, asked: number): Outcome {
  if (failures.length === 0 && unreadable === 0) return { kind: 'collected' };
  const named = failures
    .slice(0, 5)
    .map(
      ({ item, error }) =>
        `${item.contentId.slice(0, 120)} (kept until ${item.contentExpiration ?? 'unknown'}): ${describeError(error)}`,
    );
  const expired = failures.filter(({ error }) => isHoldfastError(error, 'vendor-expired')).length;
  const parts = [
    ...(failures.length > 0
      ? [
          `${failures.length} of ${asked} content items could not be fetched, ${expired} of them deleted by the vendor: ${named.join('; ')}`,
        ]
      : []),
    ...(unreadable > 0 ? [`${unreadable} entries of the listing are not content items`] : []),
  ];
  return {
    kind: 'partial',
    reason: parts.join('; '),
    final: expired === failures.length && unreadable === 0,
  };
}

async function collectItem(
  item: ContentItem,
  { place, spool, deadlineMs }: FeedWindowContext,
): Promise<void> {
  const url = withPublisher(place.api.checkLink(item.contentUri), place);
  const context = {
    deadlineMs,
    contentId: item.contentId,
    ...(item.contentExpiration && { expires: item.contentExpiration }),
    onRequest: (r: RequestRecord) => spool.request(r),
  };
  try {
    await place.api.call({ url }, (response, read) => readBlob(response, read, url, item, spool), context);
  } catch (error) {
    if (!isHoldfastError(error, 'vendor-malformed')) throw error;
    throw await salvage(place.api, { url }, { spool, array: 'root', context }, error);
  }
}

async function readBlob(
  response: FetchResponse,
  read: Reading,
  url: string,
  item: ContentItem,
  spool: Spool,
): Promise<Consumed<undefined>> {
  const done = spool.feeding({
    url,
    contentId: item.contentId,
    fetchedAt: new Date(read.clock.now()).toISOString(),
    status: response.status,
    bytes: 0,
    records: 1,
    error: 'still arriving when this segment was written; its hash is in the receipt of the pass',
  });
  const cutter = new ArrayCutter({
    array: 'root',
    members: RECORD_MEMBERS,
    onElement: (text, members) => spool.add(text, members),
  });
  try {
    const facts = await streamBody(
      response,
      (chunk) => {
        cutter.push(chunk);
        return spool.flushIfFull();
      },
      read,
    );
    return { value: undefined, records: cutter.end().elements, facts };
  } finally {
    done();
  }
}
