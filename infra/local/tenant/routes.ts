import type { SourceId } from '../../../shared/sources.ts';
import type { Api, Endpoint } from './faults.ts';
import { contentIdOf } from './feed.ts';
import { sourcesOfReport } from './report-plan.ts';
import { CONTENT_TYPES, isContentType } from './records.ts';
import { REPORT_SCHEMAS } from './report-schemas.ts';
import type { ReportName } from './report-schemas.ts';
import type { Simulation } from './simulation.ts';

export interface Route {
  readonly api: Api;
  readonly endpoint: Endpoint;
  readonly version: 'v1.0' | 'beta';
  readonly resource: string;
}

/** Which operation a request is; undefined when the path belongs to neither API. */
export function routeOf(method: string, path: string): Route | undefined {
  const graph = /^\/(v1\.0|beta)\/(.+?)\/?$/i.exec(path);
  if (graph) {
    const resource = decoded(graph[2]!);
    const version = graph[1]!.toLowerCase() === 'beta' ? 'beta' : 'v1.0';
    return { api: 'graph', endpoint: graphEndpoint(method, resource), version, resource };
  }
  const feed = /^\/api\/v1(?:\.0)?\/[^/]+\/activity\/feed\/+(.+?)\/?$/i.exec(path);
  if (!feed) return undefined;
  const resource = decoded(feed[1]!);
  return { api: 'feed', endpoint: feedEndpoint(method, resource), version: 'v1.0', resource };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const REPORTS = new Map<string, ReportName>(
  (Object.keys(REPORT_SCHEMAS) as ReportName[]).map((name) => [
    REPORT_SCHEMAS[name].path.toLowerCase(),
    name,
  ]),
);

export const reportNamed = (endpoint: Endpoint): ReportName | undefined =>
  Object.hasOwn(REPORT_SCHEMAS, endpoint) ? (endpoint as ReportName) : undefined;

function graphEndpoint(method: string, resource: string): Endpoint {
  const report = REPORTS.get(resource.toLowerCase());
  if (report) return method === 'GET' ? report : 'unknown';
  const query = /^security\/auditLog\/queries(\/[^/]+)?(\/records)?$/i.exec(resource);
  if (!query) return method === 'GET' ? 'state' : 'unknown';
  if (method === 'POST') return query[1] === undefined ? 'auditQuery.submit' : 'unknown';
  if (query[2]) return 'auditQuery.records';
  return query[1] ? 'auditQuery.status' : 'auditQuery.list';
}

const FEED: Readonly<Record<string, Endpoint>> = {
  'POST subscriptions/start': 'feed.start',
  'POST subscriptions/stop': 'feed.stop',
  'GET subscriptions/list': 'feed.list',
  'GET subscriptions/content': 'feed.content',
  'GET subscriptions/notifications': 'feed.notifications',
  'GET resources/dlpsensitivetypes': 'feed.resources',
};

function feedEndpoint(method: string, resource: string): Endpoint {
  if (method === 'GET' && resource.startsWith('audit/')) return 'feed.audit';
  return FEED[`${method} ${resource.toLowerCase()}`] ?? 'unknown';
}

/** The sources a request is about, so that a fault can be laid on one of them. */
export function sourcesOf(sim: Simulation, route: Route, query: URLSearchParams): readonly SourceId[] {
  const report = reportNamed(route.endpoint);
  if (report) return sourcesOfReport(report, query);
  if (route.endpoint.startsWith('auditQuery.')) return ['ual-search'];
  if (route.endpoint === 'feed.audit') {
    const blob = sim.blobs.find(contentIdOf(route.resource));
    return typeof blob === 'number' ? [sim.blobs.source(blob)] : [];
  }
  const type = query.get('contentType');
  return type !== null && isContentType(type) ? [CONTENT_TYPES[type]] : [];
}
