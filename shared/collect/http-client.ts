import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Agent, EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { SOFTWARE } from '../archive/manifest.ts';

/** What is asked of a service. Redirects are never followed. */
export interface FetchInit {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface AnswerHeaders {
  /** Names have no case. Several of one name are joined by a comma. */
  get(name: string): string | null;
}

/** An answer whose body has yet to arrive; whoever holds it reads the body to its end or destroys it. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Decoded: gzip is all that is asked for. */
  readonly body: Readable;
}

/** One HTTP request. Rejects with the signal's reason, or an error with a `code` when there was no answer. */
export type Fetch = (url: string, init?: FetchInit) => Promise<FetchResponse>;

/**
 * The `fetch` of this process. Not the platform's: that gives web streams, which cost three times the CPU of Node's
 * for each byte, and twice for each request (measured, BENCHMARKS.md).
 *
 * @param options `envProxy`: through the proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name.
 */
export function httpClient(options: { readonly envProxy?: boolean } = {}): Fetch {
  // HTTP/1.1 alone, as the platform's fetch has it: one stalled stream of a shared connection would stall all of them.
  const dispatcher = options.envProxy
    ? new EnvHttpProxyAgent({ allowH2: false })
    : new Agent({ allowH2: false });
  return (url, init = {}) => send(url, init, dispatcher);
}

const HEADERS = { 'accept-encoding': 'gzip', 'user-agent': SOFTWARE.replace(' ', '/') };

async function send(
  url: string,
  { method = 'GET', headers, body, signal }: FetchInit,
  dispatcher: Dispatcher,
): Promise<FetchResponse> {
  const answer = await request(url, {
    method,
    headers: { ...HEADERS, ...headers },
    dispatcher,
    ...(body !== undefined && { body }),
    ...(signal && { signal }),
  });
  // Whoever reads the body hears of an error; one that comes before, or after it was given up, must not end the process.
  answer.body.on('error', () => undefined);
  return {
    status: answer.statusCode,
    headers: headersOf(answer.headers),
    body: decoded(answer.body, answer.headers['content-encoding']),
  };
}

const headersOf = (headers: Readonly<Record<string, string | string[] | undefined>>): AnswerHeaders => ({
  get: (name) => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
  },
});

/** An encoded body that ends early is an error of its decoder: never a short success. */
const decoded = (body: Readable, encoding: string | string[] | undefined): Readable =>
  encoding === 'gzip' ? pipeline(body, createGunzip({ chunkSize: PIECE_BYTES }), () => undefined) : body;

const PIECE_BYTES = 64 * 1024;
