import { formatSeconds } from '../instant.ts';
import type { SourceId } from '../sources.ts';

/** What preflight asks, one request each. The permissions are those of `infra/azure/permissions.json`. */
export interface Probe {
  readonly permission: string;
  /** `state`: of the snapshots in bundles, not of a source. */
  readonly feature: 'collect' | 'state';
  readonly serves: readonly SourceId[];
  readonly api: 'reports' | 'identity' | 'directory' | 'search';
  /** Tried in order: versions differ from tenant to tenant. `{user}` is some user's id. */
  readonly paths: readonly string[];
  readonly licence?: { readonly name: string; readonly remedy: string };
}

const P1 = {
  name: 'Microsoft Entra ID P1 or P2',
  remedy:
    'Sign-in and provisioning logs are readable through Microsoft Graph with Microsoft Entra ID P1 or P2 only: buy one licence, or take these sources out of SOURCES.',
};
const P2 = {
  name: 'Microsoft Entra ID P2',
  remedy: 'Risk detections need Microsoft Entra ID P2: buy it, or take risk-detections out of SOURCES.',
};

const SIGN_INS: readonly SourceId[] = [
  'signins-interactive',
  'signins-noninteractive',
  'signins-serviceprincipal',
  'signins-managedidentity',
];

const since = (nowMs: number): string => encodeURIComponent(formatSeconds(nowMs - 3_600_000));

export const probes = (nowMs: number): readonly Probe[] => [
  {
    permission: 'AuditLog.Read.All',
    feature: 'collect',
    serves: SIGN_INS,
    api: 'reports',
    paths: [`beta/auditLogs/signIns?$top=1&$filter=createdDateTime%20ge%20${since(nowMs)}`],
    licence: P1,
  },
  {
    permission: 'AuditLog.Read.All',
    feature: 'collect',
    serves: ['directory-audits'],
    api: 'reports',
    paths: [`v1.0/auditLogs/directoryAudits?$top=1&$filter=activityDateTime%20ge%20${since(nowMs)}`],
  },
  {
    permission: 'AuditLog.Read.All',
    feature: 'collect',
    serves: ['provisioning'],
    api: 'reports',
    paths: ['v1.0/auditLogs/provisioning?$top=1'],
    licence: P1,
  },
  {
    permission: 'IdentityRiskEvent.Read.All',
    feature: 'collect',
    serves: ['risk-detections'],
    api: 'identity',
    paths: ['v1.0/identityProtection/riskDetections?$top=1'],
    licence: P2,
  },
  {
    permission: 'AuditLogsQuery.Read.All',
    feature: 'collect',
    serves: ['ual-search'],
    api: 'search',
    paths: ['v1.0/security/auditLog/queries', 'beta/security/auditLog/queries'],
  },
  state('Directory.Read.All', 'v1.0/users/{user}/oauth2PermissionGrants?$top=1'),
  state('Policy.Read.All', 'v1.0/identity/conditionalAccess/policies?$top=1', 'identity'),
  state('MailboxSettings.Read', 'v1.0/users/{user}/mailFolders/inbox/messageRules?$top=1'),
  state('UserAuthenticationMethod.Read.All', 'v1.0/users/{user}/authentication/methods', 'reports'),
  state('User.Read.All', 'v1.0/users?$top=1&$select=id'),
  state('Application.Read.All', 'v1.0/applications?$top=1&$select=id'),
  state('IdentityRiskyUser.Read.All', 'v1.0/identityProtection/riskyUsers?$top=1', 'identity'),
];

function state(permission: string, path: string, api: Probe['api'] = 'directory'): Probe {
  return { permission, feature: 'state', serves: [], api, paths: [path] };
}

/** The Management Activity API's two permissions; every source of it needs the first. */
export const FEED_PERMISSION = 'ActivityFeed.Read';
export const DLP_PERMISSION = 'ActivityFeed.ReadDlp';

export const grantRemedy = (permission: string): string => {
  const api = permission.startsWith('ActivityFeed.') ? 'Office 365 Management APIs' : 'Microsoft Graph';
  return `Grant the application permission ${permission} (${api}) to the identity that holdfast runs as, and give admin consent (infra/azure/grant-permissions.sh does both).`;
};

export const AUDIT_REMEDY =
  'Turn auditing on: Microsoft Purview, Audit, "Start recording"; or Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true in Exchange Online PowerShell. It takes effect within 60 minutes.';
export const SUBSCRIPTION_REMEDY =
  'The next run of timer collect starts it (POST /admin/functions/collect runs it now). A subscription that an administrator has disabled must be enabled in the tenant first.';
