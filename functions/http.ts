import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { describeError, HoldfastError, isHoldfastError, type ErrorCode } from '../shared/errors.ts';
import { root } from './root.ts';

/** Errors as RFC 9457 `application/problem+json`, with the field that is wrong and the remedy. */

const STATUS: Partial<Record<ErrorCode, number>> = {
  'invalid-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  busy: 429,
  unavailable: 503,
  'vendor-throttled': 503,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is wrong',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not available now',
};

export function problem(error: unknown): HttpResponseInit {
  const known = isHoldfastError(error) ? error : undefined;
  const status = (known && STATUS[known.code]) ?? 500;
  // A fault of ours tells the caller nothing but that it was logged: messages of libraries may carry secrets.
  const detail =
    known && status !== 500 ? known.message : 'The fault is in the log under this invocation id.';
  const body = {
    type: `https://holdfast.invalid/problems/${known?.code ?? 'internal'}`,
    title: TITLES[status],
    status,
    detail,
    ...(known?.field && { field: known.field }),
    ...(known?.remedy && { remedy: known.remedy }),
  };
  return {
    status,
    headers: { ...SECURITY, 'content-type': 'application/problem+json' },
    body: JSON.stringify(body),
  };
}

export const SECURITY: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

export const json = (
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): HttpResponseInit => ({
  status,
  headers: { ...SECURITY, 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(value),
});

/** Reader: coverage, health, rules. Investigator: bundles, incidents, detections, entities. Admin: import, preflight. */
export type Role = 'Reader' | 'Investigator' | 'Admin';

/** Who calls, as far as the platform vouches for it. */
export interface Caller {
  /** For manifests and the access log. */
  readonly name: string;
  readonly roles: readonly Role[];
}

export type HttpHandler = (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit>;
export type HttpWork = (
  request: HttpRequest,
  caller: Caller,
  context: InvocationContext,
) => Promise<HttpResponseInit>;

/** Wraps a handler: the caller must have the role, storage is prepared, faults become problems, each logged once. */
export const http =
  (role: Role, work: HttpWork): HttpHandler =>
  async (request, context) => {
    try {
      const caller = authorise(request, role);
      await root.ready();
      return await work(request, caller, context);
    } catch (error) {
      const answer = problem(error);
      if (answer.status! >= 500) {
        root.log.warn('http.failed', {
          function: context.functionName,
          invocation: context.invocationId,
          error: describeError(error),
        });
      }
      return answer;
    }
  };

/** The platform has checked a function key before a request comes here (authLevel `function`). */
function authorise(_request: HttpRequest, role: Role): Caller {
  const caller: Caller = { name: 'function key', roles: ['Reader', 'Investigator', 'Admin'] };
  if (!caller.roles.includes(role)) throw new HoldfastError('forbidden', `This call needs the role ${role}.`);
  return caller;
}

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

/** The tenant asked for; it may be left out when there is one only. */
export function tenantOf(name: string | undefined): string {
  const { tenants } = root.settings;
  if (name === undefined && tenants.length === 1) return tenants[0]!;
  const found = tenants.find((t) => t === name?.toLowerCase());
  if (found) return found;
  throw new HoldfastError(
    'invalid-request',
    name === undefined ? 'Several tenants are kept here: say which.' : 'This tenant is not kept here.',
    {
      field: 'tenant',
      remedy: 'Give the tenant id as parameter "tenant".',
    },
  );
}
