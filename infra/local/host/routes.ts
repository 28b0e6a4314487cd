import type { HttpFunction } from './functions.ts';
import { parseRouteTemplate, type RouteTemplate } from './route-template.ts';

export interface Route {
  readonly function: HttpFunction;
  /** With the prefix, as a caller writes it. */
  readonly path: string;
  readonly template: RouteTemplate;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * In the order of the functions' names: the real host gives a literal no precedence over a parameter,
 * https://github.com/Azure/azure-functions-host/issues/9876. `shadowedRoutes` tells where that bites.
 */
export function routesOf(functions: readonly HttpFunction[], prefix: string): Route[] {
  const byName = [...functions].sort((a, b) => compareNames(a.name, b.name));
  return byName.map((each) => {
    const path = [prefix, each.route.replace(/^\/+/, '')].filter(Boolean).join('/');
    if (RESERVED.test(path))
      throw new Error(`Route '${path}' of '${each.name}' conflicts with the host's own.`);
    return { function: each, path: `/${path}`, template: parseRouteTemplate(path) };
  });
}

const RESERVED = /^(admin|runtime)(\/|$)/i;

const compareNames = (a: string, b: string): number => (a.toLowerCase() < b.toLowerCase() ? -1 : 1);

/** The first route whose template and methods fit: a wrong method is a 404 there, never a 405. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  pathname: string,
): RouteMatch | undefined {
  const path = decodedSegments(pathname);
  for (const route of routes) {
    const params = acceptsMethod(route, method) ? route.template.match(path) : undefined;
    if (params) return { route, params };
  }
  return undefined;
}

const acceptsMethod = ({ function: { methods } }: Route, method: string): boolean =>
  methods.length === 0 || methods.includes(method);

/** An encoded slash stays encoded, as the real host's server leaves it. */
function decodedSegments(pathname: string): string[] {
  const inner = pathname.replace(/^\//, '').replace(/\/$/, '');
  return inner === '' ? [] : inner.split('/').map(decodeSegment);
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment.replace(/%2f/gi, '%252F'));
  } catch {
    // Not an encoding at all: the server hands it on as it came.
    return segment;
  }
}

export interface Shadowed {
  readonly route: Route;
  readonly by: Route;
}

/** Routes of which an earlier function takes paths: they work only by renaming or by a constraint. */
export function shadowedRoutes(routes: readonly Route[]): Shadowed[] {
  return routes.flatMap((route, index) => {
    const by = routes
      .slice(0, index)
      .find((earlier) => shareMethod(earlier, route) && takesFrom(earlier, route));
    return by ? [{ route, by }] : [];
  });
}

const takesFrom = (earlier: Route, later: Route): boolean =>
  earlier.template.match(later.template.sample('x')) !== undefined;

const shareMethod = (a: Route, b: Route): boolean =>
  a.function.methods.length === 0 ||
  b.function.methods.length === 0 ||
  a.function.methods.some((method) => b.function.methods.includes(method));
