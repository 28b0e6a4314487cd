import { Client, ResponseType, type Context, type Middleware } from '@microsoft/microsoft-graph-client';
import { HoldfastError } from '../errors.ts';
import type { Fetch, FetchResponse } from './http-client.ts';
import type { Transport, VendorRequest } from './vendor-api.ts';

export type { Fetch } from './http-client.ts';

/** An access token for one API; cached by whoever gives it. `renew` asks for one that was not given before. */
export type TokenSource = (renew: boolean) => Promise<string>;

/**
 * `fetch` that reaches the given services only: the last guard before a request leaves, behind every check of links.
 * Anything else is refused before a connection is opened, and told to `onRefused` by its host name.
 */
export function guarded(fetch: Fetch, services: readonly string[], onRefused: (host: string) => void): Fetch {
  const origins = new Set(services.map((service) => new URL(service).origin));
  return (target, init) => {
    const url = new URL(target);
    if (origins.has(url.origin)) return fetch(target, init);
    onRefused(url.host.slice(0, 200));
    const message = `Requests to ${url.origin.slice(0, 200)} are not allowed from here.`;
    return Promise.reject(
      new HoldfastError('vendor-malformed', message, { ids: { foreignOrigin: url.origin } }),
    );
  };
}

/**
 * Authenticated requests to the Management Activity API. A 401 is answered once with a fresh token: tokens expire
 * between pages of a long window.
 */
export function tokenTransport(token: TokenSource, fetch: Fetch): Transport {
  return async (request, signal) => {
    const first = await send(request, await token(false), fetch, signal);
    if (first.status !== 401) return first;
    first.body.destroy();
    return send(request, await token(true), fetch, signal);
  };
}

const send = (
  request: VendorRequest,
  token: string,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<FetchResponse> =>
  fetch(request.url, {
    method: request.method ?? 'GET',
    headers: { accept: 'application/json', ...request.headers, authorization: `Bearer ${token}` },
    ...(request.body !== undefined && { body: request.body }),
    signal,
  });

/** Carries the exact URL past the Graph client, which would take it apart and put it together differently. */
class Verbatim {
  readonly request: VendorRequest;
  readonly signal: AbortSignal;
  constructor(request: VendorRequest, signal: AbortSignal) {
    this.request = request;
    this.signal = signal;
  }
}

/**
 * Requests through the Microsoft Graph client with a middleware chain of ours: its own gives up on 500, 502 and cut
 * connections, keeps a token across retries and rewrites page links (API-FACTS F).
 */
export function graphTransport(token: TokenSource, fetch: Fetch): Transport {
  const transport = tokenTransport(token, fetch);
  const verbatim: Middleware = {
    execute: async (context: Context) => {
      const options = context.middlewareControl?.getMiddlewareOptions(Verbatim) as Verbatim | undefined;
      // Asked for raw, the client hands on whatever it was given.
      context.response = (await transport(options!.request, options!.signal)) as unknown as Response;
    },
  };
  const client = Client.initWithMiddleware({ middleware: verbatim });
  return (request, signal) => {
    const call = client
      .api('/')
      .middlewareOptions([new Verbatim(request, signal)])
      .responseType(ResponseType.RAW);
    return (request.method === 'POST' ? call.post(request.body ?? '') : call.get()) as Promise<FetchResponse>;
  };
}
