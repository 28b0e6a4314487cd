import { foundCompany, type Company, type User } from './company.ts';
import { CHATBOT } from './chatbot.ts';
import { settle, type StoryOptions } from './options.ts';
import { ALL_POLICIES, policyState } from './policies.ts';
import { applicationState, devicesOf, grantState, principalState } from './state-apps.ts';
import { methodsOf, rulesOf, settingsOf } from './state-user.ts';
import { DAY, clockTime, seconds } from './time.ts';

const list = (...rows: object[]): readonly object[] => rows;

/**
 * What Graph knows of the present, by path (without version or leading slash; a collection is a bare array), after the
 * intrusion and before anybody cleans up. A person's paths stand under the object id; the server resolves UPNs.
 */
export function storyState(o: StoryOptions): Record<string, unknown> {
  const company = foundCompany(settle(o));
  const state: Record<string, unknown> = Object.assign(tenantState(company), riskyUsers(company));
  for (const user of company.users) {
    for (const [path, answer] of Object.entries(userState(company, user)))
      state[`users/${user.id}${path}`] = answer;
  }
  return state;
}

function userState(company: Company, user: User): Record<string, unknown> {
  return {
    '': profile(user),
    '/mailFolders/inbox/messageRules': list(...rulesOf(company, user)),
    '/mailboxSettings': settingsOf(user),
    '/authentication/methods': list(...methodsOf(company, user)),
    '/ownedDevices': list(...devicesOf(company, user)),
    '/registeredDevices': list(...devicesOf(company, user)),
    ...(user === company.johanna ? { '/appRoleAssignments': list(assignment(company)) } : undefined),
  };
}

const profile = (user: User) => ({
  id: user.id,
  userPrincipalName: user.upn,
  displayName: user.displayName,
  accountEnabled: true,
  department: user.department,
  onPremisesSecurityIdentifier: null,
  securityIdentifier: user.sid,
  signInSessionsValidFromDateTime: null,
});

const assignment = ({ johanna, settings }: Company) => ({
  id: 'aW50cnVkZXItYXNzaWdubWVudA',
  createdDateTime: seconds(settings.intrusionDayMs + clockTime('14:04:58')),
  appRoleId: '00000000-0000-0000-0000-000000000000',
  principalId: johanna.id,
  principalType: 'User',
  principalDisplayName: johanna.displayName,
  resourceId: CHATBOT.servicePrincipalId,
  resourceDisplayName: CHATBOT.name,
});

function tenantState(company: Company): Record<string, unknown> {
  const application = applicationState(company);
  const principal = principalState(company);
  const { nowMs } = company.settings;
  return {
    applications: list(application),
    [`applications/${CHATBOT.objectId}`]: application,
    servicePrincipals: list(principal),
    [`servicePrincipals/${CHATBOT.servicePrincipalId}`]: principal,
    [`servicePrincipals/${CHATBOT.servicePrincipalId}/appRoleAssignedTo`]: list(assignment(company)),
    [`servicePrincipals/${CHATBOT.servicePrincipalId}/appRoleAssignments`]: list(),
    oauth2PermissionGrants: list(grantState()),
    'identity/conditionalAccess/policies': list(...ALL_POLICIES.map((policy) => policyState(policy, nowMs))),
    'identity/conditionalAccess/namedLocations': list(offices(nowMs)),
    directoryRoles: list({
      id: 'b0f54661-2d74-4c50-afa3-1ec803f12efe',
      displayName: 'Global Administrator',
      roleTemplateId: '62e90394-69f5-4237-9190-012177145e10',
    }),
    'roleManagement/directory/roleAssignments': list(
      ...company.admins.map(({ id }) => ({
        id: `lAPp-${id}`,
        principalId: id,
        roleDefinitionId: '62e90394-69f5-4237-9190-012177145e10',
        directoryScopeId: '/',
      })),
    ),
  };
}

const offices = (nowMs: number) => ({
  '@odata.type': '#microsoft.graph.ipNamedLocation',
  id: '5b1d3f7a-90c2-4e8b-a6d4-7f2e0c9b1a58',
  displayName: 'Offices',
  createdDateTime: seconds(nowMs - 400 * DAY),
  isTrusted: true,
  ipRanges: ['198.51.100.10/32', '203.0.113.20/32', '192.0.2.30/32'].map((cidrAddress) => ({
    '@odata.type': '#microsoft.graph.iPv4CidrRange',
    cidrAddress,
  })),
});

function riskyUsers(company: Company): Record<string, unknown> {
  const { intrusionDayMs } = company.settings;
  const risky = (user: User, time: string) => ({
    id: user.id,
    isDeleted: false,
    isProcessing: false,
    riskLevel: 'high',
    riskState: 'atRisk',
    riskDetail: 'none',
    riskLastUpdatedDateTime: seconds(intrusionDayMs + clockTime(time)),
    userDisplayName: user.displayName,
    userPrincipalName: user.upn,
  });
  const rows = [risky(company.johanna, '14:21:10'), risky(company.marek, '15:52:40')];
  const state: Record<string, unknown> = { 'identityProtection/riskyUsers': list(...rows) };
  for (const row of rows) {
    state[`identityProtection/riskyUsers/${row.id}`] = row;
    state[`identityProtection/riskyUsers/${row.id}/history`] = list({
      ...row,
      initiatedBy: null,
      activity: { eventTypes: ['attackerinTheMiddle'], riskEventTypes: ['attackerinTheMiddle'] },
    });
  }
  return state;
}
