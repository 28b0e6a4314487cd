import { z } from 'zod';
import { HoldfastError, isHoldfastError } from '../errors.ts';
import { formatSeconds } from '../instant.ts';
import { readText } from './body.ts';
import type { AnswerHeaders } from './http-client.ts';
import type { Interval } from './spec.ts';
import type { CallContext, Consume, VendorApi } from './vendor-api.ts';

/** The Office 365 Management Activity API's own calls (API-FACTS C). */

const itemSchema = z.looseObject({
  contentUri: z.string(),
  contentId: z.string(),
  contentCreated: z.string().optional(),
  contentExpiration: z.string().optional(),
});
export type ContentItem = z.infer<typeof itemSchema>;

const subscriptionSchema = z.array(z.looseObject({ contentType: z.string(), status: z.string() }));

export interface FeedPlace {
  readonly api: VendorApi;
  /** `https://manage.office.com` or the override. */
  readonly endpoint: string;
  readonly tenant: string;
  readonly publisherId: string;
}

const root = (p: FeedPlace): string => `${p.endpoint}/api/v1.0/${p.tenant}/activity/feed`;
/** Vendors' times here take no zone and no fraction; UTC is meant. */
const listTime = (ms: number): string => formatSeconds(ms).slice(0, 19);
const MAX_LIST = 16 * 1024 * 1024;

/** The publisher identifier belongs on every call, the content GET included: it decides which quota is used. */
export const withPublisher = (url: string, p: FeedPlace): string =>
  /[?&]PublisherIdentifier=/i.test(url)
    ? url
    : `${url}${url.includes('?') ? '&' : '?'}PublisherIdentifier=${p.publisherId}`;

export interface Listing {
  readonly items: readonly ContentItem[];
  /** Entries that are not content items as documented; named in coverage. */
  readonly unreadable: number;
}

/** All content items that became available in the interval (inclusive start, exclusive end; at most 24 h). */
export async function listContent(
  p: FeedPlace,
  contentType: string,
  { fromMs, toMs }: Interval,
  context: CallContext,
): Promise<Listing> {
  const items = new Map<string, ContentItem>();
  let unreadable = 0;
  let url: string | undefined = withPublisher(
    `${root(p)}/subscriptions/content?contentType=${contentType}&startTime=${listTime(fromMs)}&endTime=${listTime(toMs)}`,
    p,
  );
  const seen = new Set<string>();
  while (url !== undefined) {
    if (seen.has(url))
      throw new HoldfastError('vendor-malformed', 'The content listing links to itself.', {
        retryable: true,
      });
    seen.add(url);
    const { value, headers }: { value: unknown[]; headers: AnswerHeaders } = await p.api.call(
      { url },
      readArray,
      context,
    );
    for (const entry of value) {
      const item = itemSchema.safeParse(entry);
      if (item.success) items.set(item.data.contentId, item.data);
      else unreadable++;
    }
    // Documented as NextPageUri and as NextPageUrl; header names have no case.
    const next: string | null = headers.get('nextpageuri') ?? headers.get('nextpageurl');
    url = next ? withPublisher(p.api.checkLink(next), p) : undefined;
  }
  return { items: [...items.values()], unreadable };
}

const readArray: Consume<unknown[]> = async (response, read) => {
  const { text, facts } = await readText(response, MAX_LIST, read);
  return { value: parseArray(text), records: 0, facts };
};

function parseArray(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch (cause) {
    throw new HoldfastError('vendor-malformed', 'The listing is not JSON.', { retryable: true, cause });
  }
  throw new HoldfastError('vendor-malformed', 'The listing is not an array.', { retryable: true });
}

/** Content types with an enabled subscription. */
export async function enabledSubscriptions(p: FeedPlace, context: CallContext): Promise<Set<string>> {
  const { value } = await p.api.call(
    { url: withPublisher(`${root(p)}/subscriptions/list`, p) },
    readArray,
    context,
  );
  const parsed = subscriptionSchema.safeParse(value);
  if (!parsed.success)
    throw new HoldfastError('vendor-malformed', 'The list of subscriptions is not as documented.');
  return new Set(parsed.data.filter((s) => s.status.toLowerCase() === 'enabled').map((s) => s.contentType));
}

/** Starts a subscription; "already enabled" (AF20024, HTTP 400, undocumented) is success. */
export async function startSubscription(
  p: FeedPlace,
  contentType: string,
  context: CallContext,
): Promise<void> {
  const url = withPublisher(`${root(p)}/subscriptions/start?contentType=${contentType}`, p);
  try {
    await p.api.call(
      { url, method: 'POST', body: '', headers: { 'content-type': 'application/json' } },
      async (response, read) => {
        const { facts } = await readText(response, MAX_LIST, read);
        return { value: undefined, records: 0, facts };
      },
      context,
    );
  } catch (error) {
    if (isHoldfastError(error, 'vendor-refused') && error.message.includes('AF20024')) return;
    throw error;
  }
}
