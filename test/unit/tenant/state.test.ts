import { expect, test } from 'vitest';
import { allIds, ask, errorCode, reportUrl, startTenant } from './harness.ts';

const ALICE = {
  id: 'aaaa',
  userPrincipalName: 'Alice@contoso.example',
  displayName: 'Alice',
  accountEnabled: true,
};

const STATE = {
  'users/aaaa': ALICE,
  'users/aaaa/mailFolders/inbox/messageRules': [{ id: 'rule', displayName: 'Forward' }],
  'servicePrincipals/sp1': { id: 'sp1', appId: 'app1', displayName: 'App' },
  'identityProtection/riskyUsers/aaaa': { id: 'aaaa', riskLevel: 'high' },
  'identityProtection/riskyUsers/aaaa/history': [{ id: 'h1' }],
  'identity/conditionalAccess/policies': [
    { id: 'p1', state: 'enabled' },
    { id: 'p2', state: 'disabled' },
  ],
};

test('a user is found by id and by user principal name in any case', async () => {
  const tenant = await startTenant({ state: STATE });
  for (const name of ['aaaa', 'alice@contoso.example', 'ALICE@contoso.example'])
    expect((await ask(reportUrl(tenant, `v1.0/users/${name}`))).body).toMatchObject(ALICE);
  const rules = await ask(
    reportUrl(tenant, 'v1.0/users/alice@contoso.example/mailFolders/inbox/messageRules'),
  );
  expect(rules.body.value).toEqual([{ id: 'rule', displayName: 'Forward' }]);
});

test.each([
  'users/nobody',
  'users/nobody/mailboxSettings',
  'users/nobody/authentication/methods',
  'servicePrincipals/none',
  'identityProtection/riskyUsers/none/history',
  'nonsense',
])('%s is 404', async (path) => {
  const tenant = await startTenant({ state: STATE });
  const { status, body } = await ask(reportUrl(tenant, `v1.0/${path}`));
  expect([status, body.error.code]).toEqual([404, 'Request_ResourceNotFound']);
});

test.each([
  'users/aaaa/authentication/methods',
  'users/aaaa/ownedDevices',
  'users/aaaa/registeredDevices',
  'users/aaaa/oauth2PermissionGrants',
  'users/aaaa/appRoleAssignments',
  'servicePrincipals/sp1/appRoleAssignments',
  'servicePrincipals/sp1/appRoleAssignedTo',
  'oauth2PermissionGrants',
  'applications',
  'identity/conditionalAccess/namedLocations',
  'directoryRoles',
  'roleManagement/directory/roleAssignments',
  'organization',
  'subscribedSkus',
])('%s is an empty collection by default', async (path) => {
  const tenant = await startTenant({ state: STATE });
  const { status, body } = await ask(reportUrl(tenant, `v1.0/${path}`));
  expect([status, body.value]).toEqual([200, []]);
});

test('collections list what was laid down one by one or whole, filtered, selected and paged', async () => {
  const tenant = await startTenant({ state: STATE });
  const users = await ask(reportUrl(tenant, 'v1.0/users', { $select: 'id,displayName' }));
  expect(users.body.value).toEqual([{ id: 'aaaa', displayName: 'Alice' }]);
  const policies = 'v1.0/identity/conditionalAccess/policies';
  expect(await allIds(reportUrl(tenant, policies, { $filter: "state eq 'enabled'" }))).toEqual(['p1']);
  expect((await ask(reportUrl(tenant, policies, { $top: '1' }))).body.value).toHaveLength(1);
  expect(await allIds(reportUrl(tenant, policies, { $top: '1' }))).toEqual(['p1', 'p2']);
  expect((await ask(reportUrl(tenant, `${policies}/p2`))).body['state']).toBe('disabled');
});

test('risky users have a history; service principals are found by appId', async () => {
  const tenant = await startTenant({ state: STATE });
  expect((await ask(reportUrl(tenant, 'v1.0/identityProtection/riskyUsers/aaaa'))).body['riskLevel']).toBe(
    'high',
  );
  expect(await allIds(reportUrl(tenant, 'v1.0/identityProtection/riskyUsers/aaaa/history'))).toEqual(['h1']);
  expect((await ask(reportUrl(tenant, "v1.0/servicePrincipals(appId='app1')"))).body['id']).toBe('sp1');
});

test('state can be laid down while it runs; mailbox settings have a default', async () => {
  const tenant = await startTenant();
  expect((await ask(reportUrl(tenant, 'v1.0/users/bob'))).status).toBe(404);
  tenant.lay({ 'users/bob': { id: 'bob' } });
  expect((await ask(reportUrl(tenant, 'v1.0/users/bob/mailboxSettings'))).body['timeZone']).toBe('UTC');
});

test('other methods are refused, and other paths are nobody’s', async () => {
  const tenant = await startTenant({ state: STATE });
  const patched = await ask(reportUrl(tenant, 'v1.0/users/aaaa'), { method: 'PATCH', body: '{}' });
  expect(patched.status).toBe(405);
  const elsewhere = await ask(`${tenant.origin}/somewhere`);
  expect([elsewhere.status, errorCode(elsewhere)]).toEqual([404, 'ResourceNotFound']);
});
