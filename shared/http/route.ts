import type { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import type { Role } from './roles.ts';

/** One call of the public contract: what the wrapper checks, and what the OpenAPI document says. */
export interface Route {
  /** Below `/api`, with parameters in braces. */
  readonly path: string;
  readonly method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  readonly summary: string;
  readonly role: Role | 'any';
  /** Counts against the limits on expensive calls. */
  readonly expensive?: boolean;
  /** Longest body, bytes; none by default. */
  readonly maxBody?: number;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: RouteBody;
  readonly answers: Readonly<Record<number, RouteAnswer>>;
}

export interface RouteBody {
  readonly type: string;
  /** Absent: bytes. */
  readonly schema?: z.ZodType;
}

export interface RouteAnswer {
  readonly description: string;
  /** `application/json` where a schema is given. */
  readonly type?: string;
  readonly schema?: z.ZodType;
  readonly headers?: readonly string[];
}

/** Segments of a template that fit a path; a parameter fits any one segment. */
function fits(route: Route, method: string, segments: readonly string[]): boolean {
  const template = route.path.split('/').filter(Boolean);
  return (
    route.method === method.toLowerCase() &&
    template.length === segments.length &&
    template.every((part, i) => part.startsWith('{') || part.toLowerCase() === segments[i]?.toLowerCase())
  );
}

const PREFIX = /^\/?api\//i;

/** The route of a request; literal segments go before parameters. Undefined for what is not in the table. */
export function findRoute(routes: readonly Route[], method: string, pathname: string): Route | undefined {
  const segments = pathname.replace(PREFIX, '').split('/').filter(Boolean);
  const found = routes.filter((route) => fits(route, method, segments));
  return found.sort((a, b) => count(a.path, '{') - count(b.path, '{'))[0];
}

const count = (text: string, part: string): number => text.split(part).length - 1;

/** Checks the values of known parameters; unknown names are refused by `query`, which knows the handler's own list. */
export function checkQuery(route: Route | undefined, query: Readonly<Record<string, string>>): void {
  const parsed = route?.query?.safeParse(query);
  if (!parsed || parsed.success) return;
  const issue = parsed.error.issues[0]!;
  const field = String(issue.path[0] ?? 'query').slice(0, 60);
  throw new HoldfastError('invalid-request', `"${field}": ${issue.message}.`, {
    field,
    remedy: 'See GET /api/openapi.json for what each parameter takes.',
  });
}
