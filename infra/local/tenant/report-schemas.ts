import { ApiError } from './answers.ts';
import { leavesOf } from './filter-match.ts';
import { invalidFilter } from './filter.ts';
import type { Expression } from './filter.ts';

type PropertyType = 'text' | 'instant' | 'number' | 'boolean' | 'collection';

/** What may be filtered, ordered and paged on one report. */
export interface ReportSchema {
  readonly path: string;
  readonly type: string;
  /** The property whose instant is a record's event time; undefined when filters must read the records. */
  readonly time: string;
  readonly indexed: boolean;
  readonly properties: Readonly<Record<string, PropertyType>>;
  readonly orderable: readonly string[];
  readonly defaultTop: number;
  readonly maximumTop: number;
}

const of = (type: PropertyType, names: string): Record<string, PropertyType> =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, type]));

// https://learn.microsoft.com/graph/api/resources/signin : the properties marked as supporting $filter.
const SIGN_IN = {
  ...of('instant', 'createdDateTime'),
  ...of(
    'text',
    `id appDisplayName appId authenticationRequirement clientAppUsed conditionalAccessStatus correlationId
     deviceDetail/browser deviceDetail/operatingSystem ipAddress location/city location/state
     location/countryOrRegion originalRequestId resourceDisplayName resourceId riskDetail riskLevelAggregated
     riskLevelDuringSignIn riskState servicePrincipalId servicePrincipalName tokenIssuerName userAgent
     userDisplayName userId userPrincipalName`,
  ),
  ...of('number', 'status/errorCode'),
  ...of('boolean', 'isInteractive'),
  ...of('collection', 'riskEventTypes_v2 conditionalAccessAudiences signInEventTypes'),
};

const AUDIT = {
  ...of('instant', 'activityDateTime'),
  ...of(
    'text',
    `activityDisplayName correlationId id category result loggedByService operationType
     initiatedBy/user/id initiatedBy/user/displayName initiatedBy/user/userPrincipalName
     initiatedBy/app/appId initiatedBy/app/displayName`,
  ),
  ...of('collection', 'targetResources'),
};

const PROVISIONING = {
  ...of('instant', 'activityDateTime'),
  ...of(
    'text',
    `id jobId cycleId changeId tenantId provisioningAction provisioningStatusInfo/status servicePrincipal/id
     servicePrincipal/displayName sourceIdentity/id sourceIdentity/displayName sourceIdentity/identityType
     targetIdentity/id targetIdentity/displayName targetIdentity/identityType sourceSystem/displayName
     targetSystem/displayName initiatedBy/displayName`,
  ),
  ...of('number', 'durationInMilliseconds'),
};

const RISK = {
  ...of('instant', 'activityDateTime detectedDateTime lastUpdatedDateTime'),
  ...of(
    'text',
    `id requestId correlationId riskType riskEventType riskState riskLevel riskDetail source detectionTimingType
     activity tokenIssuerType ipAddress userId userDisplayName userPrincipalName`,
  ),
};

const LOG = { indexed: true, defaultTop: 1000, maximumTop: 1000 };

export const REPORT_SCHEMAS = {
  signIns: {
    ...LOG,
    path: 'auditLogs/signIns',
    type: 'microsoft.graph.signIn',
    time: 'createdDateTime',
    properties: SIGN_IN,
    orderable: ['createdDateTime'],
  },
  directoryAudits: {
    ...LOG,
    path: 'auditLogs/directoryAudits',
    type: 'microsoft.graph.directoryAudit',
    time: 'activityDateTime',
    properties: AUDIT,
    orderable: ['activityDateTime'],
  },
  provisioning: {
    ...LOG,
    path: 'auditLogs/provisioning',
    type: 'microsoft.graph.provisioningObjectSummary',
    time: 'activityDateTime',
    properties: PROVISIONING,
    orderable: ['activityDateTime'],
  },
  // https://learn.microsoft.com/graph/api/riskdetection-list : $filter and $select only.
  riskDetections: {
    path: 'identityProtection/riskDetections',
    type: 'microsoft.graph.riskDetection',
    time: 'detectedDateTime',
    indexed: false,
    properties: RISK,
    orderable: [],
    defaultTop: 20,
    maximumTop: 500,
  },
} as const satisfies Record<string, ReportSchema>;

export type ReportName = keyof typeof REPORT_SCHEMAS;

const unknownProperty = (name: string, type: string) =>
  new ApiError(400, 'BadRequest', `Could not find a property named '${name}' on type '${type}'`);

/** Refuses what the API refuses: unknown properties, quoted dates, dates older than 90 days. */
export function checkFilter(
  filter: Expression,
  schema: ReportSchema,
  oldestMs: number,
  hidden: readonly string[],
): void {
  for (const leaf of leavesOf(filter)) {
    if (leaf.kind === 'constant') continue;
    const type = schema.properties[leaf.path];
    if (type === undefined || hidden.includes(leaf.path))
      throw unknownProperty(leaf.path.split('/')[0]!, schema.type);
    if (leaf.kind === 'any' ? type !== 'collection' : !fits(leaf, type)) throw invalidFilter();
    // "We have Min date validation check": https://github.com/microsoftgraph/microsoft-graph-docs/issues/5676
    if (
      leaf.kind === 'compare' &&
      leaf.value.type === 'instant' &&
      leaf.value.value < BigInt(Math.floor(oldestMs)) * 10_000n
    )
      throw invalidFilter();
  }
}

function fits(leaf: Extract<Expression, { kind: 'compare' | 'text' }>, type: PropertyType): boolean {
  if (leaf.kind === 'text') return type === 'text';
  return leaf.value.type === type || leaf.value.type === 'null';
}
