import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Access } from './access.ts';
import { ApiError, json, textBody } from './answers.ts';
import type { Answer } from './answers.ts';
import { answerFeed } from './feed.ts';
import type { AuditQueries } from './graph-audit-query.ts';
import { answerReport } from './graph-reports.ts';
import { answerState } from './graph-state.ts';
import { reportNamed, routeOf, sourcesOf } from './routes.ts';
import type { Route } from './routes.ts';
import { send } from './send.ts';
import type { Call, Simulation } from './simulation.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface Handlers {
  readonly sim: Simulation;
  readonly subscriptions: Subscriptions;
  readonly auditQueries: AuditQueries;
  /** Answers `POST /_control`. */
  control(body: string): Promise<unknown>;
}

/** The HTTP server of the three APIs and the switchboard. */
export function tenantServer(handlers: Handlers): Server {
  const access = new Access(handlers.sim);
  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    response.on('error', () => response.destroy());
    handle(handlers, access, request, response).catch((cause: unknown) => {
      response.destroy(cause instanceof Error ? cause : new Error(String(cause)));
    });
  });
  return server;
}

async function handle(
  handlers: Handlers,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path, rawQuery = ''] = splitOnce(request.url ?? '/', '?');
  if (path === '/_control') return control(handlers, request, response);
  const route = routeOf(request.method ?? 'GET', path);
  if (!route)
    return plain(
      response,
      404,
      json({ error: { code: 'ResourceNotFound', message: `no such path: ${path}` } }, 404),
    );
  const call = await callOf(handlers.sim, request, route, path, rawQuery);
  const status = await answerCall(handlers, access, call, response);
  handlers.sim.ledger.noteAnswer(route.endpoint, status);
}

async function callOf(
  sim: Simulation,
  request: IncomingMessage,
  route: Route,
  path: string,
  rawQuery: string,
): Promise<Call> {
  const query = new URLSearchParams(rawQuery);
  const { api, endpoint } = route;
  return {
    ...route,
    method: request.method ?? 'GET',
    path,
    rawQuery,
    query,
    headers: request.headers,
    requestId: randomUUID(),
    origin: `http://${request.headers.host ?? '127.0.0.1'}`,
    where: { api, endpoint, sources: sourcesOf(sim, route, query), url: request.url ?? '/' },
    body: request.method === 'GET' ? '' : await text(request),
  };
}

/** Status 0 stands for a connection that was cut or is left hanging: whatever was asked has been done all the same. */
async function answerCall(
  handlers: Handlers,
  access: Access,
  call: Call,
  response: ServerResponse,
): Promise<number> {
  const { sim } = handlers;
  const { faults, switches } = sim;
  const answer = answerOrError(call, sim, () => {
    access.check(call);
    throwFault(sim, call);
    return dispatch(handlers, call);
  });
  if (faults.take('hang', call.where)) return 0;
  if (faults.take('cut-before-headers', call.where)) {
    response.socket?.destroy();
    return 0;
  }
  const headers = { ...commonHeaders(sim, call), ...answer.headers };
  const gzip = switches.gzip && /\bgzip\b/.test(call.headers['accept-encoding'] ?? '');
  const chunked = call.where.api === 'graph';
  return send(response, { ...answer, headers }, { faults, where: call.where, chunked, gzip });
}

function dispatch({ sim, subscriptions, auditQueries }: Handlers, call: Call): Answer {
  const { api, endpoint } = call.where;
  if (endpoint === 'unknown')
    throw new ApiError(405, 'Request_BadRequest', `${call.method} is not supported here.`);
  if (api === 'feed') return answerFeed(sim, subscriptions, call);
  const report = reportNamed(endpoint);
  if (report) {
    if (!String(call.headers.prefer ?? '').includes('include-unknown-enum-members'))
      sim.ledger.noteMissingPrefer();
    return answerReport(sim, call, report);
  }
  return endpoint === 'state' ? answerState(sim, call) : auditQueries.answer(call);
}

const CODES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'InvalidAuthenticationToken',
  403: 'Forbidden',
  500: 'InternalServerError',
  503: 'ServiceNotAvailable',
};

function throwFault(sim: Simulation, { where }: Call): void {
  const fault = sim.faults.take('status', where);
  if (!fault) return;
  const status = fault.status ?? 503;
  const headers = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
  // An empty code is the feed's 401, which comes from in front of it.
  const usual = where.api === 'feed' ? (status === 401 ? '' : 'AF50000') : (CODES[status] ?? 'UnknownError');
  const message = fault.message ?? 'An internal server error occurred. Retry the request.';
  throw new ApiError(status, fault.code ?? usual, message, headers);
}

function answerOrError(call: Call, sim: Simulation, answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return {
      ...json(errorBody(call, sim, error), error.status),
      headers: { 'content-type': 'application/json', ...error.headers },
    };
  }
}

function errorBody(
  { where, headers, requestId }: Call,
  sim: Simulation,
  { code, message }: ApiError,
): unknown {
  if (code === '') return { Message: message };
  if (where.api === 'feed') return { error: { code, message } };
  const innerError = {
    date: new Date(sim.nowMs()).toISOString().slice(0, 19),
    'request-id': requestId,
    'client-request-id': headers['client-request-id'] ?? requestId,
  };
  return { error: { code, message, innerError } };
}

function commonHeaders(sim: Simulation, { where, headers, requestId }: Call): Record<string, string> {
  const date = { date: new Date(sim.nowMs()).toUTCString() };
  if (where.api === 'feed') return { ...date, 'x-activityid': requestId };
  return {
    ...date,
    'content-type':
      'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
    'odata-version': '4.0',
    'request-id': requestId,
    'client-request-id': String(headers['client-request-id'] ?? requestId),
  };
}

async function control(
  handlers: Handlers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') return plain(response, 405, json({ error: 'POST only' }, 405));
  try {
    plain(response, 200, json((await handlers.control(await text(request))) ?? null));
  } catch (error) {
    plain(response, 400, json({ error: error instanceof Error ? error.message : String(error) }, 400));
  }
}

function plain(response: ServerResponse, status: number, answer: Answer): void {
  response.writeHead(status, answer.headers);
  for (const chunk of (answer.body ?? textBody('')).chunks()) response.write(chunk);
  response.end();
}

function splitOnce(value: string, mark: string): [string, string?] {
  const at = value.indexOf(mark);
  return at < 0 ? [value] : [value.slice(0, at), value.slice(at + 1)];
}
