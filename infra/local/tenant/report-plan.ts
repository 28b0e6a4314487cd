import type { SourceId } from '../../../shared/sources.ts';
import { ApiError } from './answers.ts';
import { leavesOf, specialised } from './filter-match.ts';
import { invalidFilter, parseFilter } from './filter.ts';
import type { Expression } from './filter.ts';
import { onlyMembers } from './json-text.ts';
import { placeOf } from './page-tokens.ts';
import type { PublishedSource } from './records.ts';
import { checkFilter, REPORT_SCHEMAS } from './report-schemas.ts';
import type { ReportName, ReportSchema } from './report-schemas.ts';
import { BETA_ONLY_SIGN_IN } from './sign-in-properties.ts';
import type { Call, Simulation } from './simulation.ts';
import type { Place } from './store.ts';

const DAY = 24 * 3600 * 1000;

const EVENT_TYPES: Partial<Record<PublishedSource, string>> = {
  'signins-interactive': 'interactiveUser',
  'signins-noninteractive': 'nonInteractiveUser',
  'signins-serviceprincipal': 'servicePrincipal',
  'signins-managedidentity': 'managedIdentity',
};

const SOURCES: Record<ReportName, readonly PublishedSource[]> = {
  signIns: Object.keys(EVENT_TYPES) as PublishedSource[],
  directoryAudits: ['directory-audits'],
  provisioning: ['provisioning'],
  riskDetections: ['risk-detections'],
};

/** The filter each source's records must pass; sources that cannot match are left out. */
type Filters = ReadonlyMap<PublishedSource, Expression>;

/** A report request, checked and read. */
export interface Plan {
  readonly schema: ReportSchema;
  readonly filters: Filters;
  readonly top: number;
  readonly descending: boolean;
  readonly after: Place | undefined;
  readonly transform: ((text: string) => string) | undefined;
}

/** The sources a report request is about, for faults; all of the report's when its filter does not parse. */
export function sourcesOfReport(name: ReportName, query: URLSearchParams): readonly SourceId[] {
  try {
    return [...filtersOf(name, query.get('$filter')).keys()];
  } catch {
    return SOURCES[name];
  }
}

function filtersOf(name: ReportName, text: string | null): Filters {
  const filter = text === null ? undefined : parseFilter(text);
  if (name !== 'signIns') return new Map([[SOURCES[name][0]!, filter ?? ALL]]);
  const byType =
    filter && [...leavesOf(filter)].some((leaf) => leaf.kind === 'any' && leaf.path === 'signInEventTypes');
  // Without a filter on the event type only interactive sign-ins are returned.
  if (!byType) return new Map([['signins-interactive', filter ?? ALL]]);
  const own = SOURCES.signIns
    .map((source) => [source, specialised(filter, 'signInEventTypes', EVENT_TYPES[source]!)] as const)
    .filter(([, expression]) => expression.kind !== 'constant' || expression.value);
  refuseMixedTypes(own.map(([source]) => source));
  return new Map(own);
}

const ALL: Expression = { kind: 'constant', value: true };

function refuseMixedTypes(sources: readonly PublishedSource[]): void {
  const users = sources.filter((source) => source.endsWith('interactive')).length;
  if (users > 0 && users < sources.length) throw invalidFilter();
}

/** Reads the query options; whatever the API refuses is thrown as its 400. */
export function planOf(sim: Simulation, call: Call, name: ReportName): Plan {
  const schema = REPORT_SCHEMAS[name];
  const text = call.query.get('$filter');
  const hidden = name === 'signIns' && call.version === 'v1.0' ? hiddenOnV1(sim) : [];
  if (text !== null) checkFilter(parseFilter(text), schema, sim.nowMs() - 90 * DAY, hidden);
  const filters = filtersOf(name, text);
  const ignored = text !== null && sim.faults.take('filter-ignored', call.where) !== undefined;
  const token = call.query.get('$skiptoken');
  return {
    schema,
    filters: ignored ? new Map([...filters.keys()].map((source) => [source, ALL])) : honoured(filters, sim),
    top: topOf(call.query.get('$top'), schema),
    descending: descendingOf(call.query.get('$orderby'), schema),
    after: token === null ? undefined : placeOf(token),
    transform: transformOf(call, name),
  };
}

const hiddenOnV1 = (sim: Simulation): readonly string[] =>
  sim.switches.signInEventTypesOnV1
    ? BETA_ONLY_SIGN_IN.filter((name) => name !== 'signInEventTypes')
    : BETA_ONLY_SIGN_IN;

function honoured(filters: Filters, sim: Simulation): Filters {
  if (sim.switches.gtAndLt === 'honoured') return filters;
  return new Map([...filters].map(([source, filter]) => [source, withoutGtAndLt(filter)]));
}

function withoutGtAndLt(filter: Expression): Expression {
  if (filter.kind === 'and' || filter.kind === 'or')
    return { ...filter, left: withoutGtAndLt(filter.left), right: withoutGtAndLt(filter.right) };
  return filter.kind === 'compare' && (filter.op === 'gt' || filter.op === 'lt') ? ALL : filter;
}

function topOf(text: string | null, schema: ReportSchema): number {
  if (text === null) return schema.defaultTop;
  const top = /^\d+$/.test(text) ? Number(text) : 0;
  if (top < 1) throw new ApiError(400, 'BadRequest', `Invalid value '${text}' for $top query option found.`);
  if (top > schema.maximumTop)
    throw new ApiError(
      400,
      'BadRequest',
      `The limit of '${schema.maximumTop}' for Top query has been exceeded. The value from the incoming request is '${top}'.`,
    );
  return top;
}

function descendingOf(text: string | null, schema: ReportSchema): boolean {
  if (text === null) return true;
  const match = /^\s*(\w+)(?:\s+(asc|desc))?\s*$/i.exec(text);
  if (!match || !schema.orderable.includes(match[1]!))
    throw new ApiError(400, 'BadRequest', `The $orderby expression '${text}' is not supported.`);
  return match[2]?.toLowerCase() === 'desc';
}

function transformOf(call: Call, name: ReportName): Plan['transform'] {
  const select = call.query
    .get('$select')
    ?.split(',')
    .map((part) => part.trim());
  const v1 = name === 'signIns' && call.version === 'v1.0';
  if (!select && !v1) return undefined;
  const hidden = new Set<string>(v1 ? BETA_ONLY_SIGN_IN : []);
  return (text) => onlyMembers(text, (member) => !hidden.has(member) && (!select || select.includes(member)));
}
