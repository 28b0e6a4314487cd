import { AsyncLocalStorage } from 'node:async_hooks';
import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { parseSpan } from '../shared/bundle/scope.ts';
import { describeError, HoldfastError, isHoldfastError } from '../shared/errors.ts';
import { identify, type Caller } from '../shared/http/caller.ts';
import { CallerLimits, checkSpan } from '../shared/http/limits.ts';
import { problemOf } from '../shared/http/problem.ts';
import { isUnbound, ROLES, tenantsWith, type Role } from '../shared/http/roles.ts';
import { checkQuery, findRoute, type Route } from '../shared/http/route.ts';
import { ROUTES } from '../shared/http/routes/index.ts';
import { TokenVerifier } from '../shared/http/tokens.ts';
import { metrics } from '../shared/telemetry.ts';
import { root } from './root.ts';

export type { Caller } from '../shared/http/caller.ts';
export type { Role } from '../shared/http/roles.ts';

/** Set on every answer, errors included. */
export const SECURITY: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
};

export function problem(error: unknown, invocation?: string): HttpResponseInit {
  const { problem: body, retryAfter } = problemOf(error, invocation);
  return {
    status: body.status,
    headers: {
      ...SECURITY,
      'content-type': 'application/problem+json',
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      ...(body.status === 401 && { 'www-authenticate': 'Bearer' }),
    },
    body: root.redact(JSON.stringify(body)),
  };
}

export const json = (
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): HttpResponseInit => ({
  status,
  headers: { ...SECURITY, 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(value),
});

export type HttpHandler = (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit>;
export type HttpWork = (
  request: HttpRequest,
  caller: Caller,
  context: InvocationContext,
) => Promise<HttpResponseInit>;

const { access, endpoints, tenants: kept } = root.settings;

/** What the platform checks before the app runs: a key, or nothing, since every call then needs a token. */
export const AUTH_LEVEL = access.mode === 'entra' ? 'anonymous' : 'function';

const verifier =
  access.tokens &&
  new TokenVerifier({ ...access.tokens, authority: endpoints.authority, now: root.clock.now });
const limits = new CallerLimits(access.limits);

/** The call under way: which tenants it may touch, and whether its handler has asked. */
interface Call {
  readonly tenants: readonly string[];
  readonly bound: boolean;
  asked: boolean;
}
const current = new AsyncLocalStorage<Call>();

/**
 * Wraps a handler: the caller must have the role (`any`: one of them) and stay within its limits, storage is prepared,
 * faults become problems, each logged once. A caller bound to some tenants is refused by a handler that never asks
 * which tenant is meant (`tenantOf`, `tenantsOf`): what was not narrowed must not go out.
 */
export const http =
  (role: Role | 'any', work: HttpWork): HttpHandler =>
  async (request, context) => {
    const answer = await answerOf(role, work, request, context).catch((error: unknown) => {
      const told = problem(error, context.invocationId);
      if (told.status! >= 500) root.log.warn('http.failed', { error: describeError(error) });
      else root.log.info('http.refused', { status: told.status, code: codeOf(error) });
      return told;
    });
    metrics.calls.add(1, { function: context.functionName, status: answer.status ?? 200 });
    return secured(answer);
  };

async function answerOf(
  role: Role | 'any',
  work: HttpWork,
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const caller = await identify(request.headers, access, verifier);
  const call = authorise(caller, role);
  const route = findRoute(ROUTES, request.method, new URL(request.url).pathname);
  const leave = limits.enter(caller.id, route?.expensive ?? true, root.clock.now());
  try {
    checkRequest(request, route, caller);
    await root.ready();
    const answer = await current.run(call, () => work(request, caller, context));
    if (call.bound && !call.asked && role !== 'any')
      throw forbidden('This call cannot be narrowed to your tenants.');
    return answer;
  } finally {
    leave();
  }
}

const forbidden = (message: string): HoldfastError => new HoldfastError('forbidden', message);

function authorise(caller: Caller, role: Role | 'any'): Call {
  const roles = role === 'any' ? ROLES : [role];
  const tenants = kept.filter((t) => roles.some((r) => tenantsWith(caller.grants, r, [t]).length > 0));
  if (tenants.length === 0)
    throw forbidden(role === 'any' ? 'This call needs a role.' : `This call needs the role ${role}.`);
  return { tenants, bound: !roles.some((r) => isUnbound(caller.grants, r)), asked: false };
}

/** Of a route that the table does not know: the contract test finds it. */
const UNLISTED_BODY = 1024 * 1024;

/** Parameters by the route's schema, the size of the body, and the span by the caller's roles. */
function checkRequest(request: HttpRequest, route: Route | undefined, caller: Caller): void {
  checkQuery(route, Object.fromEntries(request.query));
  const bytes = Number(request.headers.get('content-length') ?? 0);
  const most = route ? (route.maxBody ?? 0) : UNLISTED_BODY;
  if (bytes > most)
    throw new HoldfastError('too-large', `The body is longer than ${most} bytes.`, { field: 'body' });
  const [from, to] = [request.query.get('from'), request.query.get('to')];
  if (from !== null) checkCallerSpan({ from, to: to ?? undefined }, caller);
}

/** Refuses a span longer than the caller's roles may ask for; for bodies, which the wrapper does not read. */
export function checkCallerSpan(span: { from: string; to?: string | undefined }, caller: Caller): void {
  const days = Math.max(...caller.roles.map((r) => access.limits.spanDays[r]));
  checkSpan(parseSpan(span, root.clock.now(), 30), days);
}

function secured(answer: HttpResponseInit): HttpResponseInit {
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(SECURITY)) if (!headers.has(name)) headers.set(name, value);
  return { ...answer, headers: Object.fromEntries(headers) };
}

const codeOf = (error: unknown): string => (isHoldfastError(error) ? error.code : 'internal');

/** Query parameters by name; repeated ones arrive joined by commas. Unknown names are refused: a typo must not widen a question. */
export function query(
  request: HttpRequest,
  allowed: readonly string[],
): (name: string) => string | undefined {
  for (const name of request.query.keys()) {
    if (name !== 'code' && !allowed.includes(name)) {
      throw new HoldfastError('invalid-request', `There is no parameter "${name.slice(0, 60)}".`, {
        field: name.slice(0, 60),
        remedy: `Known parameters: ${allowed.join(', ')}.`,
      });
    }
  }
  return (name) => request.query.get(name) ?? undefined;
}

export const listOf = (request: HttpRequest, name: string): string[] =>
  request.query
    .getAll(name)
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter(Boolean);

/** The tenant asked for; it may be left out when the caller reaches one only. Also for a tenant that an id leads to. */
export function tenantOf(name: string | undefined): string {
  const call = current.getStore();
  if (call) call.asked = true;
  const reached = call?.tenants ?? kept;
  if (name === undefined && reached.length === 1) return reached[0]!;
  const found = reached.find((t) => t === name?.toLowerCase());
  if (found) return found;
  // The same answer for a tenant of others and for one that is not kept: a bound caller learns nothing.
  if (name !== undefined && call?.bound) throw forbidden('Your roles do not reach this tenant.');
  throw new HoldfastError(
    'invalid-request',
    name === undefined ? 'Several tenants are kept here: say which.' : 'This tenant is not kept here.',
    { field: 'tenant', remedy: 'Give the tenant id as parameter "tenant".' },
  );
}

/** All tenants that the caller reaches, for calls that speak of all. */
export function tenantsOf(): readonly string[] {
  const call = current.getStore();
  if (call) call.asked = true;
  return call?.tenants ?? kept;
}
