import { fileKey, type SnapshotQuestion } from '../snapshot.ts';

/** What is asked of Graph about users, applications and the tenant (API-FACTS E), least permission first. */
export interface StateQuestion {
  /** Which quota it counts against: authentication methods share the reports', conditional access has its own. */
  readonly api: 'reports' | 'identity' | 'directory';
  readonly name: string;
  readonly title: string;
  readonly subject: string;
  readonly path: string;
  readonly permission: string;
}

type About = readonly [
  what: string,
  title: string,
  path: string,
  permission: string,
  api?: StateQuestion['api'],
];

const PROFILE =
  'id,userPrincipalName,displayName,accountEnabled,signInSessionsValidFromDateTime,lastPasswordChangeDateTime,createdDateTime,userType,onPremisesSyncEnabled';

const USER: readonly About[] = [
  [
    'profile',
    'Account: enabled, sessions valid from, last password change',
    `?$select=${PROFILE}`,
    'User.Read.All',
  ],
  [
    'inbox-rules',
    'Inbox rules (Graph shows neither hidden rules nor mailbox forwarding)',
    '/mailFolders/inbox/messageRules',
    'MailboxSettings.Read',
  ],
  ['mailbox-settings', 'Mailbox settings', '/mailboxSettings', 'MailboxSettings.Read'],
  [
    'authentication-methods',
    'Authentication methods (security info)',
    '/authentication/methods',
    'UserAuthenticationMethod.Read.All',
    'reports',
  ],
  ['registered-devices', 'Registered devices', '/registeredDevices', 'User.Read.All'],
  ['owned-devices', 'Owned devices', '/ownedDevices', 'User.Read.All'],
  [
    'oauth-grants',
    'Permissions that the user granted to applications',
    '/oauth2PermissionGrants',
    'Directory.Read.All',
  ],
  [
    'app-role-assignments',
    'Applications that the user is assigned to',
    '/appRoleAssignments',
    'Directory.Read.All',
  ],
];

const APPLICATION =
  'id,appId,displayName,createdDateTime,signInAudience,publisherDomain,web,spa,publicClient,keyCredentials,passwordCredentials,requiredResourceAccess';
const PRINCIPAL =
  'id,appId,displayName,createdDateTime,accountEnabled,appOwnerOrganizationId,servicePrincipalType,signInAudience,replyUrls,keyCredentials,passwordCredentials,tags';

const TENANT: readonly About[] = [
  [
    'conditional-access-policies',
    'Conditional access policies',
    '/v1.0/identity/conditionalAccess/policies',
    'Policy.Read.All',
    'identity',
  ],
  [
    'named-locations',
    'Named locations',
    '/v1.0/identity/conditionalAccess/namedLocations',
    'Policy.Read.All',
    'identity',
  ],
];

export const questionsOf = (ask: SnapshotQuestion): StateQuestion[] => [
  ...ask.users.flatMap(ofUser),
  ...ask.apps.flatMap(ofApp),
  ...(ask.users.length === 0 ? [] : TENANT.map((t) => question('tenant', ask.tenant, t, t[2]))),
];

const question = (
  prefix: string,
  subject: string,
  [what, title, , permission, api]: About,
  path: string,
): StateQuestion => ({
  api: api ?? 'directory',
  name: `${prefix}.${what}`,
  title,
  subject,
  path,
  permission,
});

function ofUser(user: string): StateQuestion[] {
  const base = `/v1.0/users/${encodeURIComponent(user)}`;
  const risk: About = [
    'risk',
    'Risk state of Identity Protection',
    '',
    'IdentityRiskyUser.Read.All',
    'identity',
  ];
  const filter = encodeURIComponent(`userPrincipalName eq '${user.replaceAll("'", "''")}'`);
  return [
    ...USER.map((about) => question(`user-${fileKey(user)}`, user, about, base + about[2])),
    question(`user-${fileKey(user)}`, user, risk, `/v1.0/identityProtection/riskyUsers?$filter=${filter}`),
  ];
}

/** An id may be that of the registration, of the service principal, or the client id of both: each is asked for. */
function ofApp(id: string): StateQuestion[] {
  const filter = (...names: string[]): string =>
    encodeURIComponent(names.map((name) => `${name} eq '${id.replaceAll("'", "''")}'`).join(' or '));
  const both = filter('id', 'appId');
  const registration: About = [
    'application',
    'Application registration: reply addresses, dates of credentials',
    '',
    'Application.Read.All',
  ];
  const principal: About = [
    'service-principal',
    'Enterprise application: enabled, reply addresses, dates of credentials',
    '',
    'Application.Read.All',
  ];
  return [
    question(
      `app-${fileKey(id)}`,
      id,
      registration,
      `/v1.0/applications?$filter=${both}&$select=${APPLICATION}`,
    ),
    question(
      `app-${fileKey(id)}`,
      id,
      principal,
      `/v1.0/servicePrincipals?$filter=${both}&$select=${PRINCIPAL}`,
    ),
  ];
}
