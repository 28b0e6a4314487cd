import { AZURE_MANAGEMENT, EXCHANGE, GRAPH, KEY_VAULT, type App } from './apps.ts';
import type { Company } from './company.ts';
import type { Outbox } from './outbox.ts';
import { guidOf, type Random } from './random.ts';
import { HOUR, MINUTE, seconds, wholeSecond } from './time.ts';

interface Workload {
  readonly name: string;
  readonly resource: App;
  readonly ip: string;
  readonly share: number;
}

const SERVICE_PRINCIPALS: readonly Workload[] = [
  { name: 'ERP mail gateway', resource: EXCHANGE, ip: '198.51.100.140', share: 0.35 },
  { name: 'Backup for Microsoft 365', resource: GRAPH, ip: '203.0.113.201', share: 0.3 },
  { name: 'HR provisioning', resource: GRAPH, ip: '203.0.113.202', share: 0.15 },
  { name: 'Signage screens', resource: GRAPH, ip: '2001:db8:44::c1', share: 0.1 },
  { name: 'Tariff sync', resource: GRAPH, ip: '198.51.100.141', share: 0.1 },
];

const MANAGED_IDENTITIES: readonly Workload[] = [
  { name: 'func-freight-prod', resource: KEY_VAULT, ip: '', share: 0.4 },
  { name: 'func-freight-prod', resource: AZURE_MANAGEMENT, ip: '', share: 0.3 },
  { name: 'vm-erp-01', resource: AZURE_MANAGEMENT, ip: '', share: 0.3 },
];

const PRINCIPAL_SIGN_INS = 105;
const IDENTITY_SIGN_INS = 52;

/** Sign-ins of programs: round the clock, on their own timers. */
export function workloadTraffic(
  company: Company,
  dayMs: number,
  out: Outbox,
  random: Random,
  rate: number,
): void {
  for (const workload of SERVICE_PRINCIPALS)
    for (let n = random.count(PRINCIPAL_SIGN_INS * workload.share * rate); n > 0; n--)
      signIn(company, out, random, dayMs, workload, 'servicePrincipal');
  for (const workload of MANAGED_IDENTITIES)
    for (let n = random.count(IDENTITY_SIGN_INS * workload.share * rate); n > 0; n--)
      signIn(company, out, random, dayMs, workload, 'managedIdentity');
}

type Kind = 'servicePrincipal' | 'managedIdentity';

function signIn(
  company: Company,
  out: Outbox,
  random: Random,
  dayMs: number,
  workload: Workload,
  kind: Kind,
): void {
  const atMs = wholeSecond(
    dayMs + random.whole(0, 23) * HOUR + random.whole(0, 59) * MINUTE + random.whole(0, 9) * 1000,
  );
  const id = random.guid();
  const source = kind === 'servicePrincipal' ? 'signins-serviceprincipal' : 'signins-managedidentity';
  out.post({
    source,
    id,
    body: workloadSignIn(company, random, atMs, id, workload, kind),
    eventMs: atMs,
    about: [],
  });
}

function workloadSignIn(
  company: Company,
  random: Random,
  atMs: number,
  id: string,
  workload: Workload,
  kind: Kind,
) {
  const { seed, tenantId } = company.settings;
  const expired = kind === 'servicePrincipal' && workload.name === 'Tariff sync' && random.chance(0.15);
  return {
    id,
    createdDateTime: seconds(atMs),
    userDisplayName: '',
    userPrincipalName: '',
    userId: null,
    appId: guidOf(seed, 'appId', workload.name),
    appDisplayName: workload.name,
    ipAddress: workload.ip,
    clientAppUsed: null,
    userAgent: '',
    correlationId: random.guid(),
    conditionalAccessStatus: 'notApplied',
    originalRequestId: '',
    isInteractive: false,
    tokenIssuerName: '',
    tokenIssuerType: 'AzureAD',
    clientCredentialType: kind === 'servicePrincipal' ? 'clientSecret' : 'certificate',
    processingTimeInMilliseconds: random.whole(10, 200),
    riskDetail: 'none',
    riskLevelAggregated: 'low',
    riskLevelDuringSignIn: 'low',
    riskState: 'none',
    riskEventTypes_v2: [],
    resourceDisplayName: workload.resource.name,
    resourceId: workload.resource.id,
    resourceTenantId: tenantId,
    homeTenantId: tenantId,
    authenticationRequirement: null,
    signInEventTypes: [kind],
    servicePrincipalId: guidOf(seed, 'servicePrincipal', workload.name),
    servicePrincipalName: workload.name,
    servicePrincipalCredentialKeyId: guidOf(seed, 'key', workload.name),
    servicePrincipalCredentialThumbprint: '',
    userType: null,
    flaggedForReview: false,
    isTenantRestricted: false,
    autonomousSystemNumber: 0,
    crossTenantAccessType: 'none',
    uniqueTokenIdentifier: random.token(),
    incomingTokenType: 'none',
    authenticationProtocol: 'none',
    sessionId: null,
    managedServiceIdentity: managedIdentity(kind, workload.name),
    status: expired ? EXPIRED : { errorCode: 0, failureReason: null, additionalDetails: null },
    deviceDetail: null,
    location: { city: '', state: '', countryOrRegion: '', geoCoordinates: {} },
    appliedConditionalAccessPolicies: [],
    authenticationProcessingDetails: [
      { key: 'Azure AD App Authentication Library', value: 'Family: MSAL.NET; Version: 4.66.2' },
    ],
    networkLocationDetails: [],
    authenticationDetails: [],
  };
}

const EXPIRED = {
  errorCode: 7000222,
  failureReason: 'The provided client secret keys for app are expired.',
  additionalDetails: null,
};

const managedIdentity = (kind: Kind, name: string) =>
  kind === 'servicePrincipal'
    ? null
    : {
        msiType: 'systemAssigned',
        associatedResourceId: `/subscriptions/${guidOf('subscription')}/resourceGroups/rg-freight/providers/Microsoft.Web/sites/${name}`,
        federatedTokenId: null,
        federatedTokenIssuer: null,
      };
