import { auditDataOf, diagnosticOf, isObject, textOf } from '../record.ts';
import type { SourceId } from '../sources.ts';

/** What kind of record a JSON value is, by its members alone. */
export const KINDS = [
  'unified-audit',
  'audit-search',
  'sign-in',
  'directory-audit',
  'provisioning',
  'risk-detection',
  'diagnostic',
  'azure-activity',
  'other',
] as const;
export type Kind = (typeof KINDS)[number];

/** Tried in this order; the first that fits names the kind. */
const TESTS: readonly (readonly [Kind, (value: Readonly<Record<string, unknown>>) => boolean])[] = [
  ['audit-search', (v) => auditDataOf(v) !== undefined],
  ['diagnostic', (v) => diagnosticOf(v) !== undefined],
  ['unified-audit', (v) => 'Operation' in v && 'CreationTime' in v && ('RecordType' in v || 'Workload' in v)],
  ['risk-detection', (v) => 'riskEventType' in v && 'detectedDateTime' in v],
  ['provisioning', (v) => 'activityDateTime' in v && ('provisioningAction' in v || 'provisioningSteps' in v)],
  ['directory-audit', (v) => 'activityDateTime' in v && 'activityDisplayName' in v],
  ['sign-in', (v) => 'createdDateTime' in v && ('status' in v || 'appId' in v || 'signInEventTypes' in v)],
  [
    'azure-activity',
    (v) => 'operationName' in v && 'time' in v && /^\/subscriptions\//i.test(textOf(v['resourceId']) ?? ''),
  ],
  ['diagnostic', (v) => 'time' in v && 'category' in v],
];

export const kindOf = (value: unknown): Kind =>
  isObject(value) ? (TESTS.find(([, fits]) => fits(value))?.[0] ?? 'other') : 'other';

/** The tenant in which the record says it happened; lower case. Not the home of whoever acted: guests have another. */
export function tenantOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const inner = auditDataOf(value) ?? value;
  return (
    textOf(inner['OrganizationId']) ??
    textOf(inner['organizationId']) ??
    textOf(value['resourceTenantId']) ??
    textOf(value['tenantId'])
  )?.toLowerCase();
}

/** The collected sources whose archive may hold the same record already. */
export const TWIN_SOURCES: Readonly<Record<Kind, readonly SourceId[]>> = {
  'unified-audit': ['ual-entra', 'ual-exchange', 'ual-sharepoint', 'ual-general', 'ual-dlp'],
  'audit-search': ['ual-search'],
  'sign-in': [
    'signins-interactive',
    'signins-noninteractive',
    'signins-serviceprincipal',
    'signins-managedidentity',
  ],
  'directory-audit': ['directory-audits'],
  provisioning: ['provisioning'],
  'risk-detection': ['risk-detections'],
  diagnostic: [],
  'azure-activity': [],
  other: [],
};
