import { GRAPH } from './apps.ts';
import { change } from './attacker-change.ts';
import type { Attack } from './attacker.ts';
import { CHATBOT } from './chatbot.ts';
import type { Change, Target } from './directory-change.ts';
import { MINUTE } from './time.ts';

const application = (changes: readonly Change[]): Target => ({
  type: 'Application',
  id: CHATBOT.objectId,
  name: CHATBOT.name,
  changes,
});

const principal = (changes: readonly Change[]): Target => ({
  type: 'ServicePrincipal',
  id: CHATBOT.servicePrincipalId,
  name: CHATBOT.name,
  appId: CHATBOT.appId,
  changes,
});

const addresses = [
  {
    AddressType: 0,
    Address: CHATBOT.replyUrl,
    ReplyAddressClientType: 1,
    ReplyAddressIndex: null,
    IsReplyAddressDefault: false,
  },
];

const secret = `[KeyIdentifier=${CHATBOT.keyId},KeyType=Password,KeyUsage=Verify,DisplayName=s1]`;

/** 13:55:36 to 13:56:06: the application, its principal, their owner, its reply address and its secret. */
export function addChatbot(attack: Attack): void {
  const step = 'johanna/application-added';
  const owner = (prefix: string, id: string): Target => ({
    type: 'User',
    id: attack.victim.id,
    name: attack.victim.displayName,
    user: attack.victim,
    changes: [
      [`${prefix}.ObjectID`, undefined, id],
      [`${prefix}.DisplayName`, undefined, CHATBOT.name],
      [`${prefix}.AppId`, undefined, CHATBOT.appId],
    ],
  });
  const added = application([
    ['AppId', [], [CHATBOT.appId]],
    ['AvailableToOtherTenants', [], [true]],
    ['DisplayName', [], [CHATBOT.name]],
    ['SignInAudience', [], [CHATBOT.audience]],
  ]);
  change(attack, step, '13:55:36', {
    activity: 'Add application',
    kind: 'Add',
    targets: [added],
    againAfterMs: 7 * MINUTE,
  });
  change(attack, step, '13:55:36', {
    activity: 'Add owner to application',
    kind: 'Assign',
    targets: [owner('Application', CHATBOT.objectId), application([])],
  });
  change(attack, step, '13:55:37', {
    activity: 'Add service principal',
    kind: 'Add',
    targets: [
      principal([
        ['AccountEnabled', [], [true]],
        ['AppPrincipalId', [], [CHATBOT.appId]],
        ['DisplayName', [], [CHATBOT.name]],
      ]),
    ],
  });
  change(attack, step, '13:55:37', {
    activity: 'Add owner to service principal',
    kind: 'Assign',
    targets: [owner('ServicePrincipal', CHATBOT.servicePrincipalId), principal([])],
  });
  const replies: Change = ['AppAddress', [], addresses];
  change(attack, step, '13:56:05', {
    activity: 'Update service principal',
    kind: 'Update',
    targets: [principal([replies])],
  });
  change(attack, step, '13:56:06', {
    activity: 'Update application',
    kind: 'Update',
    targets: [application([replies])],
  });
  const activity = 'Update application – Certificates and secrets management';
  change(attack, step, '13:56:06', {
    activity,
    kind: 'Update',
    targets: [application([['KeyDescription', [], [secret]]])],
  });
}

/** 14:04:58: consent in the name of everybody. */
export function grantConsent(attack: Attack): void {
  const step = 'johanna/consent';
  const common = { correlationId: attack.random.guid() };
  const permissions = `[] => [[Id: ${CHATBOT.grantId}, ClientId: ${CHATBOT.servicePrincipalId}, PrincipalId: , ResourceId: ${CHATBOT.graphServicePrincipalId}, ConsentType: ${CHATBOT.consentType}, Scope: ${CHATBOT.scope}, CreatedDateTime: , LastModifiedDateTime ]]; `;
  const graph: Target = {
    type: 'ServicePrincipal',
    id: CHATBOT.graphServicePrincipalId,
    name: GRAPH.name,
    appId: GRAPH.id,
    changes: [
      ['DelegatedPermissionGrant.Scope', undefined, CHATBOT.scope],
      ['DelegatedPermissionGrant.ConsentType', undefined, CHATBOT.consentType],
      ['ServicePrincipal.ObjectID', undefined, CHATBOT.servicePrincipalId],
      ['ServicePrincipal.DisplayName', undefined, CHATBOT.name],
      ['ServicePrincipal.AppId', undefined, CHATBOT.appId],
    ],
  };
  const { victim } = attack;
  const person: Target = { type: 'User', id: victim.id, name: victim.displayName, user: victim };
  const assigned = principal([
    ['AppRole.Id', undefined, '00000000-0000-0000-0000-000000000000'],
    ['User.ObjectID', undefined, victim.id],
    ['User.UPN', undefined, victim.spelledUpn],
    ['User.PUID', undefined, victim.puid],
  ]);
  change(attack, step, '14:04:58', {
    ...common,
    activity: 'Add app role assignment grant to user',
    category: 'UserManagement',
    kind: 'Assign',
    targets: [assigned, person],
  });
  const consented = principal([
    ['ConsentContext.IsAdminConsent', undefined, 'True'],
    ['ConsentContext.IsAppOnly', undefined, 'False'],
    ['ConsentContext.OnBehalfOfAll', undefined, 'True'],
    ['ConsentContext.Tags', undefined, 'WindowsAzureActiveDirectoryIntegratedApp'],
    ['ConsentAction.Permissions', undefined, permissions],
  ]);
  change(attack, step, '14:04:58', {
    ...common,
    activity: 'Add delegated permission grant',
    kind: 'Assign',
    targets: [graph, principal([])],
  });
  change(attack, step, '14:04:58', {
    ...common,
    activity: 'Consent to application',
    kind: 'Assign',
    targets: [consented],
  });
}
