import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InvocationResponse } from './core-api.ts';
import { BodyTooLarge, readBody, toHttpData } from './http-request.ts';
import { writeJson, writeResponse } from './http-response.ts';
import type { Invoker } from './invocations.ts';
import { type HostKeys, isMaster, mayInvoke, presentedKey } from './keys.ts';
import { findRoute, type Route, type RouteMatch } from './routes.ts';

export interface HttpFrontParts {
  readonly routes: readonly Route[];
  readonly invoker: Invoker;
  readonly keys: HostKeys | undefined;
  /** How long an answer may take before the platform's load balancer would give up, milliseconds. */
  readonly httpLimitMs: number;
}

const TIMED_OUT = Symbol('timed out');

/** Serves the functions' routes. */
export class HttpFront {
  readonly #parts: HttpFrontParts;

  constructor(parts: HttpFrontParts) {
    this.#parts = parts;
  }

  async serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const found = findRoute(this.#parts.routes, request.method ?? 'GET', url.pathname);
    const presented = presentedKey(request, url.searchParams);
    if (!found || !this.#isOpen(found, presented)) return refuse(request, response, 404);
    if (!mayInvoke(this.#parts.keys, found.route.function, presented)) return refuse(request, response, 401);
    await this.#answer(found, request, response, url);
  }

  /** A disabled function is there for the master key only. */
  #isOpen({ route }: RouteMatch, presented: string | undefined): boolean {
    if (!route.function.disabled) return true;
    return this.#parts.keys !== undefined && isMaster(this.#parts.keys, presented);
  }

  async #answer({ route, params }: RouteMatch, request: IncomingMessage, response: ServerResponse, url: URL) {
    const body = await bodyOrTooLarge(request);
    if (body === 'too large') return refuse(request, response, 413);
    const http = toHttpData(request, url, params, body);
    const outcome = await this.#invoke(route, { data: { http } });
    if (outcome === TIMED_OUT) return writeJson(response, 504, timedOut(route, this.#parts.httpLimitMs));
    // As the real host: a caller learns nothing of what went wrong inside.
    if (outcome === undefined) return void response.writeHead(500).end();
    writeResponse(response, outcome);
  }

  /** Undefined where the function failed; the invoker has logged why. */
  async #invoke(
    route: Route,
    input: Parameters<Invoker['run']>[1],
  ): Promise<InvocationResponse | typeof TIMED_OUT | undefined> {
    const work = this.#parts.invoker.run(route.function, input).catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<typeof TIMED_OUT>((resolve) => {
      timer = setTimeout(() => resolve(TIMED_OUT), this.#parts.httpLimitMs);
    });
    return Promise.race([work, limit]).finally(() => clearTimeout(timer));
  }
}

async function bodyOrTooLarge(request: IncomingMessage): Promise<Buffer | undefined | 'too large'> {
  try {
    return await readBody(request);
  } catch (error) {
    if (error instanceof BodyTooLarge) return 'too large';
    throw error;
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  request.resume();
  // An unread large upload would otherwise hold the connection.
  if (status === 413) response.setHeader('connection', 'close');
  response.writeHead(status).end();
}

const timedOut = (route: Route, limitMs: number) => ({
  type: 'about:blank',
  title: 'Gateway Timeout',
  status: 504,
  detail:
    `'${route.function.name}' gave no answer within ${limitMs / 1000} s. Azure's load balancer gives up after 230 s; ` +
    'the function runs on, unheard.',
});
