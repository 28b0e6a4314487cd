import type { RequestRecord } from '../archive/manifest.ts';
import { describeError, HoldfastError, isHoldfastError } from '../errors.ts';
import { msFromTicks, type Ticks } from '../instant.ts';
import { ArrayCutter } from '../json/array-cutter.ts';
import { streamBody, type Reading } from './body.ts';
import type { FetchResponse } from './http-client.ts';
import type { Outcome } from './outcome.ts';
import type { GraphSpec, Interval } from './spec.ts';
import { partsFor, SMALLEST_MS, splitInterval } from './split.ts';
import { salvage } from './salvage.ts';
import { RECORD_MEMBERS, type Spool } from './spool.ts';
import type { Consumed, VendorApi } from './vendor-api.ts';

export interface GraphWindowContext {
  readonly api: VendorApi;
  /** `https://graph.microsoft.com` or the override. */
  readonly endpoint: string;
  readonly spool: Spool;
  readonly deadlineMs: number;
}

interface Page {
  readonly nextLink: string | undefined;
  readonly records: number;
  readonly spanMs: number;
}

/** How far the window has come: pages read, and the page asked for last. */
interface Progress {
  pages: number;
  url: string;
}

/** Without it, values newer than the API's version arrive as `unknownFutureValue`: information lost. */
const HEADERS = { prefer: 'include-unknown-enum-members' };
/** A page-through longer than this is cut in two: tokens expire, and a failure would cost all of it. */
const MAX_PAGES = 50;
const MAX_RESTARTS = 3;

/** Collects one window of a Graph report by following its pages. */
export async function collectGraphWindow(
  spec: GraphSpec,
  window: Interval,
  context: GraphWindowContext,
): Promise<Outcome> {
  const read: Progress = { pages: 0, url: '' };
  for (let restarts = 0; ; restarts++) {
    try {
      return await anyVersion(spec, window, context, read);
    } catch (error) {
      if (isHoldfastError(error, 'page-token-expired') && restarts < MAX_RESTARTS) continue;
      return asOutcome(await salvaged(error, window, context, read), window, read.pages);
    }
  }
}

async function anyVersion(
  spec: GraphSpec,
  window: Interval,
  context: GraphWindowContext,
  read: Progress,
): Promise<Outcome> {
  for (const [i, version] of spec.versions.entries()) {
    try {
      return await pages(spec, version, window, context, read);
    } catch (error) {
      if (!isHoldfastError(error, 'not-found') || i === spec.versions.length - 1) throw error;
    }
  }
  throw new Error(`source ${spec.id} names no API version`);
}

async function pages(
  spec: GraphSpec,
  version: 'beta' | 'v1.0',
  window: Interval,
  { api, endpoint, spool, deadlineMs }: GraphWindowContext,
  read: Progress,
): Promise<Outcome> {
  let url: string | undefined = `${endpoint}/${version}/${spec.query(window, version)}`;
  for (let count = 1; url !== undefined; count++) {
    read.url = url;
    const { value: page } = await api.call<Page>(
      { url, headers: HEADERS },
      (response, read) => readPage(response, read, url!, spool),
      { deadlineMs, onRequest: (r) => spool.request(r) },
    );
    read.pages++;
    if (page.nextLink === undefined) return { kind: 'collected' };
    const parts = count === 1 ? partsFor(window, page.records, page.spanMs) : count >= MAX_PAGES ? 2 : 1;
    if (parts > 1 && window.toMs - window.fromMs > SMALLEST_MS) {
      return { kind: 'split', parts: splitInterval(window, parts), reason: `more than ${count} pages` };
    }
    // Links are opaque: followed to the letter, after a look at where they lead.
    url = api.checkLink(page.nextLink);
  }
  return { kind: 'collected' };
}

async function readPage(
  response: FetchResponse,
  read: Reading,
  url: string,
  spool: Spool,
): Promise<Consumed<Page>> {
  const open = {
    url,
    fetchedAt: new Date(read.clock.now()).toISOString(),
    status: response.status,
    bytes: 0,
    records: 1,
    error: 'still arriving when this segment was written; its hash is in the receipt of the pass',
  };
  const done = spool.feeding(open);
  let [min, max]: [Ticks | undefined, Ticks | undefined] = [undefined, undefined];
  let fresh = true;
  const cutter = new ArrayCutter({
    array: 'value',
    members: RECORD_MEMBERS,
    onElement: (text, members) => {
      const ticks = spool.add(text, members);
      if (ticks === undefined) return;
      if (min === undefined || ticks < min) min = ticks;
      if (max === undefined || ticks > max) max = ticks;
    },
  });
  try {
    const facts = await streamBody(
      response,
      (chunk) => {
        if (fresh) expectJson(chunk);
        fresh = false;
        cutter.push(chunk);
        return spool.flushIfFull();
      },
      read,
    );
    const { elements, properties } = cutter.end();
    const link = properties['@odata.nextLink'];
    const spanMs = min === undefined || max === undefined ? 0 : msFromTicks(max) - msFromTicks(min);
    return {
      facts,
      records: elements,
      value: {
        nextLink: typeof link === 'string' && link !== '' ? link : undefined,
        records: elements,
        spanMs,
      },
    };
  } finally {
    done();
  }
}

/** A malformed page of the smallest window is read as far as it goes: asking for less is not possible. */
async function salvaged(
  error: unknown,
  window: Interval,
  { api, spool, deadlineMs }: GraphWindowContext,
  { url }: Progress,
): Promise<unknown> {
  const smallest = window.toMs - window.fromMs <= SMALLEST_MS;
  if (!smallest || !isHoldfastError(error, 'vendor-malformed') || isForeign(error)) return error;
  const context = { deadlineMs, onRequest: (r: RequestRecord) => spool.request(r) };
  return salvage(api, { url, headers: HEADERS }, { spool, array: 'value', context }, error);
}

/** A page of HTML in place of JSON is an outage, whatever its status says: asking for less would not help. */
function expectJson(chunk: Buffer): void {
  const first = chunk.find((byte) => byte > 0x20);
  if (first === undefined || first === 0x7b || first === 0xef) return;
  throw new HoldfastError('unavailable', 'The service answered with something else than JSON.', {
    retryable: true,
  });
}

/** Failures that asking for less can cure are splits; at one second they leave the window partial. */
function asOutcome(error: unknown, window: Interval, pagesRead: number): Outcome {
  // Work that ran out of its time in mid-window would run out of it again: what was read is kept, and halves follow.
  if (isHoldfastError(error, 'deadline') && pagesRead > 0 && window.toMs - window.fromMs > SMALLEST_MS)
    return { kind: 'split', parts: splitInterval(window, 2), reason: error.message };
  if (!isHoldfastError(error, 'vendor-timeout', 'vendor-malformed', 'page-token-expired')) throw error;
  if (isForeign(error)) return { kind: 'partial', reason: describeError(error), final: false };
  if (window.toMs - window.fromMs <= SMALLEST_MS) {
    return { kind: 'partial', reason: `cannot be split below one second: ${error.message}`, final: false };
  }
  // A poisonous record is narrowed down fast; a time-out asks for half as much.
  const parts = error.code === 'vendor-malformed' ? 4 : 2;
  return { kind: 'split', parts: splitInterval(window, parts), reason: error.message };
}

const isForeign = (error: HoldfastError): boolean => 'foreignOrigin' in error.ids;
