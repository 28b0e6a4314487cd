import type { RequestRecord } from '../archive/manifest.ts';
import type { Clock } from '../clock.ts';
import { describeError, HoldfastError, isHoldfastError } from '../errors.ts';
import type { Budget } from './budget.ts';
import { asTransportError, readText, type BodyFacts, type Reading } from './body.ts';
import type { Answer } from './classify.ts';
import type { AnswerHeaders, FetchResponse } from './http-client.ts';
import { Patience } from './patience.ts';

/** Sends one request with authentication, nothing else: no retry, no redirect, no parsing. */
export type Transport = (request: VendorRequest, signal: AbortSignal) => Promise<FetchResponse>;

export interface VendorRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface VendorApiOptions {
  readonly transport: Transport;
  readonly budget: Budget;
  readonly clock: Clock;
  readonly classify: (answer: Answer) => HoldfastError;
  /** `https://host[:port]` of the API; links to any other origin are refused. */
  readonly origin: string;
  readonly headerTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  /** Milliseconds of the first back-off; doubles up to 64 times. */
  readonly backoffMs?: number;
}

export interface CallContext {
  readonly deadlineMs: number;
  /** Told of every answer, for provenance. */
  readonly onRequest: (record: RequestRecord) => void;
  readonly contentId?: string;
  readonly expires?: string;
}

export interface Consumed<T> {
  readonly value: T;
  readonly records: number;
  readonly facts: BodyFacts;
}

export interface Called<T> {
  readonly value: T;
  readonly headers: AnswerHeaders;
}

export type Consume<T> = (response: FetchResponse, read: Reading) => Promise<Consumed<T>>;

/** How often each kind of failure is worth another try within one unit of work. */
const ATTEMPTS: Readonly<Record<string, number>> = {
  'vendor-throttled': 40,
  unavailable: 6,
  'vendor-timeout': 2,
  'vendor-malformed': 4,
  'vendor-refused': 8,
};

/** One of the vendor's APIs: budget, classification, retries and provenance around a transport. */
export class VendorApi {
  readonly #o: VendorApiOptions;

  constructor(options: VendorApiOptions) {
    this.#o = options;
  }

  /** The link as it is, if it leads to this API; a `vendor-malformed` error otherwise. Never sent elsewhere: it would carry our token. */
  checkLink(link: string): string {
    const origin = URL.canParse(link) ? new URL(link).origin : '(not a URL)';
    if (origin === this.#o.origin) return link;
    throw new HoldfastError(
      'vendor-malformed',
      `The service links to ${origin}, not to ${this.#o.origin}: refused.`,
      {
        ids: { foreignOrigin: origin },
      },
    );
  }

  /** Calls until it is answered properly, the failure is final, or the deadline is near. */
  async call<T>(request: VendorRequest, consume: Consume<T>, context: CallContext): Promise<Called<T>> {
    for (let attempt = 1; ; attempt++) {
      await this.#o.budget.acquire(context.deadlineMs);
      try {
        return await this.#once(request, consume, context);
      } catch (error) {
        await this.#wait(error, attempt, context.deadlineMs);
      }
    }
  }

  async #once<T>(request: VendorRequest, consume: Consume<T>, context: CallContext): Promise<Called<T>> {
    const { clock, transport, headerTimeoutMs = 120_000, idleTimeoutMs: idleMs = 100_000 } = this.#o;
    const given = new AbortController();
    const patience = new Patience(clock, headerTimeoutMs, (limitMs) => given.abort(late(limitMs)));
    const read = { clock, patience, idleMs };
    const fetchedAt = new Date(clock.now()).toISOString();
    const note = { fetchedAt, request, context, status: 0, headers: NO_HEADERS };
    try {
      const response = await transport(request, given.signal);
      note.status = response.status;
      note.headers = response.headers;
      if (response.status < 200 || response.status > 299)
        throw this.#o.classify(await this.#answer(response, read));
      const consumed = await consume(response, read);
      context.onRequest(record(note, consumed.facts, consumed.records));
      return { value: consumed.value, headers: response.headers };
    } catch (error) {
      given.abort(GIVEN_UP);
      context.onRequest(record(note, undefined, 0, describeError(error)));
      throw asTransportError(error);
    } finally {
      patience.end();
    }
  }

  async #answer(response: FetchResponse, read: Reading): Promise<Answer> {
    const { text } = await readText(response, 1024 * 1024, read);
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: text,
      nowMs: this.#o.clock.now(),
    };
  }

  async #wait(error: unknown, attempt: number, deadlineMs: number): Promise<void> {
    if (!isHoldfastError(error) || !error.retryable || attempt >= (ATTEMPTS[error.code] ?? 1)) throw error;
    const baseMs = this.#o.backoffMs ?? 1000;
    // A refusal that may be a flap is asked again at an even pace: longer waits would tell no more.
    const delayMs =
      error.retryAfterMs ?? (error.code === 'vendor-refused' ? 2 * baseMs : backoff(attempt, baseMs));
    if (this.#o.clock.now() + delayMs > deadlineMs) throw error;
    if (error.code === 'vendor-throttled') await this.#o.budget.pause(this.#o.clock.now() + delayMs);
    await this.#o.clock.sleep(delayMs);
  }
}

const NO_HEADERS: AnswerHeaders = { get: () => null };
const GIVEN_UP = new Error('given up');

const late = (limitMs: number): HoldfastError =>
  new HoldfastError('vendor-timeout', `Nothing has come for ${Math.round(limitMs / 1000)} s.`, {
    retryable: true,
  });

/** 1, 2, 4 … 64 times the base, with jitter, so that instances do not come back in step. */
const backoff = (attempt: number, baseMs: number): number =>
  Math.min(64, 2 ** (attempt - 1)) * baseMs * (0.75 + Math.random() / 2);

function record(
  note: {
    fetchedAt: string;
    request: VendorRequest;
    context: CallContext;
    status: number;
    headers: AnswerHeaders;
  },
  facts: BodyFacts | undefined,
  records: number,
  error?: string,
): RequestRecord {
  const requestId = note.headers.get('request-id') ?? undefined;
  return {
    url: note.request.url,
    ...(note.request.method === 'POST' && { method: 'POST' }),
    ...(requestId && { requestId: requestId.slice(0, 200) }),
    ...(note.context.contentId && { contentId: note.context.contentId }),
    ...(note.context.expires && { expires: note.context.expires }),
    fetchedAt: note.fetchedAt,
    status: note.status,
    ...(facts && { sha256: facts.sha256 }),
    bytes: facts?.bytes ?? 0,
    records,
    ...(error && { error }),
  };
}
