import type { App } from './apps.ts';
import type { User } from './company.ts';
import { signInFailure } from './signin-errors.ts';
import { POLICIES } from './policies.ts';
import type { Client } from './workday.ts';
import { seconds } from './time.ts';

/** The facts of one user sign-in; the same facts make the Graph record and the unified-audit one. */
export interface SignInFacts {
  readonly tenantId: string;
  readonly user: User;
  readonly atMs: number;
  readonly id: string;
  readonly correlationId: string;
  readonly client: Client;
  readonly app: App;
  readonly resource: App;
  readonly interactive: boolean;
  readonly error: number;
  readonly token: string;
  readonly mfa: 'none' | 'claim' | 'app';
  readonly risk: Risk;
  /** False where the record has no session id. */
  readonly linked: boolean;
  readonly milliseconds: number;
}

export interface Risk {
  readonly level: 'none' | 'low' | 'medium' | 'high';
  readonly state: 'none' | 'atRisk' | 'remediated' | 'dismissed';
  readonly detail: string;
  readonly events: readonly string[];
}

export const NO_RISK: Risk = { level: 'none', state: 'none', detail: 'none', events: [] };

/** A Graph beta `signIn` of a user, with the fields that carry something and the usual empty ones. */
export function userSignIn(f: SignInFacts) {
  const { client, user } = f;
  const { place } = client;
  const failed = f.error !== 0;
  const multi = f.mfa !== 'none';
  return {
    id: f.id,
    createdDateTime: seconds(f.atMs),
    userDisplayName: user.displayName,
    userPrincipalName: user.upn,
    userId: user.id,
    appId: f.app.id,
    appDisplayName: f.app.name,
    ipAddress: client.ip,
    ipAddressFromResourceProvider: null,
    clientAppUsed: client.kind === 'browser' ? 'Browser' : 'Mobile Apps and Desktop clients',
    userAgent: client.userAgent,
    correlationId: f.correlationId,
    conditionalAccessStatus: failed ? (f.error === 50126 ? 'notApplied' : 'failure') : 'success',
    originalRequestId: f.id,
    isInteractive: f.interactive,
    tokenIssuerName: '',
    tokenIssuerType: 'AzureAD',
    clientCredentialType: 'none',
    processingTimeInMilliseconds: f.milliseconds,
    riskDetail: f.risk.detail,
    riskLevelAggregated: f.risk.level,
    riskLevelDuringSignIn: f.risk.level,
    riskState: f.risk.state,
    riskEventTypes_v2: f.risk.events,
    resourceDisplayName: f.resource.name,
    resourceId: f.resource.id,
    resourceTenantId: f.tenantId,
    homeTenantId: f.tenantId,
    homeTenantName: '',
    authenticationMethodsUsed: [],
    authenticationRequirement: multi ? 'multiFactorAuthentication' : 'singleFactorAuthentication',
    signInIdentifier: f.interactive ? user.upn : '',
    signInIdentifierType: null,
    servicePrincipalName: null,
    signInEventTypes: [f.interactive ? 'interactiveUser' : 'nonInteractiveUser'],
    servicePrincipalId: '',
    federatedCredentialId: null,
    userType: 'member',
    flaggedForReview: false,
    isTenantRestricted: false,
    autonomousSystemNumber: place.asn,
    crossTenantAccessType: 'none',
    servicePrincipalCredentialKeyId: null,
    servicePrincipalCredentialThumbprint: '',
    uniqueTokenIdentifier: f.token,
    incomingTokenType: client.kind === 'browser' ? 'none' : 'primaryRefreshToken',
    authenticationProtocol: 'none',
    resourceServicePrincipalId: null,
    appTokenProtectionStatus: null,
    signInTokenProtectionStatus: 'none',

    tokenProtectionStatusDetails: { signInSessionStatus: 'unbound', signInSessionStatusCode: 1002 },
    originalTransferMethod: 'none',
    isThroughGlobalSecureAccess: false,
    globalSecureAccessIpAddress: null,
    conditionalAccessAudiences: [],
    sessionId: f.linked ? client.session : null,
    appOwnerTenantId: 'f8cdef31-a31e-4b4a-93e4-5f571e91255a',
    resourceOwnerTenantId: 'f8cdef31-a31e-4b4a-93e4-5f571e91255a',
    mfaDetail: f.mfa === 'app' ? { authMethod: 'Mobile app notification', authDetail: null } : null,
    authenticationAppDeviceDetails: null,
    status: signInFailure(f.error, f.mfa === 'claim'),
    deviceDetail: deviceOf(user, client),
    location: {
      city: place.city,
      state: place.state,
      countryOrRegion: place.country,
      geoCoordinates: { altitude: null, latitude: place.latitude, longitude: place.longitude },
    },
    appliedConditionalAccessPolicies:
      f.error === 50126 ? [] : POLICIES[failed ? 'failure' : multi ? 'mfa' : 'plain'],
    authenticationContextClassReferences: [],
    authenticationProcessingDetails: [
      { key: 'Legacy TLS (TLS 1.0, 1.1, 3DES)', value: 'False' },
      { key: 'Is CAE Token', value: 'False' },
    ],
    networkLocationDetails: client.ip === user.office.ip ? OFFICE_NETWORK : [],
    authenticationDetails: stepsOf(f),
    authenticationRequirementPolicies: multi
      ? [{ requirementProvider: 'multiConditionalAccess', detail: 'Conditional Access' }]
      : [],
    sessionLifetimePolicies: [],
    privateLinkDetails: { policyId: '', policyName: '', resourceId: '', policyTenantId: '' },
    appliedEventListeners: [],
    authenticationAppPolicyEvaluationDetails: [],
    azureResourceId: null,
    clientSessionId: null,
    managedServiceIdentity: null,
    agent: { agentType: 'notAgentic', parentAppId: null },
  };
}

const OFFICE_NETWORK = [{ networkType: 'trustedNamedLocation', networkNames: ['Offices'] }];

function deviceOf(user: User, client: Client) {
  return {
    deviceId: client.managed ? user.deviceId : '',
    displayName: client.managed ? user.deviceName : '',
    operatingSystem: client.os,
    browser: client.browser,
    isCompliant: client.managed,
    isManaged: client.managed,
    trustType: client.managed ? 'Azure AD joined' : '',
  };
}

function stepsOf(f: SignInFacts) {
  const at = seconds(f.atMs);
  const primary = {
    authenticationStepDateTime: at,
    authenticationMethod: f.interactive ? 'Password' : 'Previously satisfied',
    authenticationMethodDetail: f.interactive ? 'Password in the cloud' : null,
    succeeded: f.error !== 50126,
    authenticationStepResultDetail: resultDetail(f),
    authenticationStepRequirement: 'Primary authentication',
    statusSequence: 0,
    requestSequence: f.interactive ? 1 : 0,
  };
  return f.mfa !== 'app' ? [primary] : [primary, secondStep(at, f.error === 0)];
}

const resultDetail = (f: SignInFacts): string =>
  f.error === 50126
    ? 'Invalid username or password or Invalid on-premise username or password.'
    : f.interactive
      ? 'Correct password'
      : 'First factor requirement satisfied by claim in the token';

const secondStep = (at: string, succeeded: boolean) => ({
  authenticationStepDateTime: at,
  authenticationMethod: 'Mobile app notification',
  authenticationMethodDetail: null,
  succeeded,
  authenticationStepResultDetail: succeeded ? 'MFA successfully completed' : 'Authentication in progress',
  authenticationStepRequirement: 'Multifactor authentication',
  statusSequence: 1,
  requestSequence: 1,
});
