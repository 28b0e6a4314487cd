import { expect, test } from 'vitest';
import {
  allContent,
  ask,
  audit,
  errorCode,
  feedUrl,
  HOUR,
  listUrl,
  MINUTE,
  NOW,
  onSource,
  reportUrl,
  SIGN_INS,
  signIn,
  start,
  startTenant,
} from './harness.ts';

test('a request without a token is 401 in each API’s own words', async () => {
  const tenant = await startTenant();
  const graph = await ask(reportUrl(tenant, SIGN_INS), { headers: { authorization: '' } });
  expect([graph.status, errorCode(graph)]).toEqual([401, 'InvalidAuthenticationToken']);
  expect(graph.headers.get('www-authenticate')).toContain('Bearer');
  const feed = await ask(feedUrl(tenant, 'subscriptions/list'), { headers: { authorization: '' } });
  expect([feed.status, feed.text]).toEqual([
    401,
    '{"Message":"Authorization has been denied for this request."}',
  ]);
});

test('a token is refused after so many requests, and a new one is taken', async () => {
  const tenant = await startTenant({ switches: { tokens: { maxRequests: 2 } } });
  const statusWith = async (token: string) =>
    (await ask(reportUrl(tenant, SIGN_INS), { headers: { authorization: `Bearer ${token}` } })).status;
  expect([await statusWith('a'), await statusWith('a'), await statusWith('a')]).toEqual([200, 200, 401]);
  expect(await statusWith('b')).toBe(200);
});

test('tokens in use at an instant expire then', async () => {
  const tenant = await startTenant({ switches: { tokens: { expiresAtMs: NOW + MINUTE } } });
  const statusWith = async (token: string) =>
    (await ask(reportUrl(tenant, SIGN_INS), { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await statusWith('old')).toBe(200);
  tenant.advance(MINUTE);
  expect(await statusWith('old')).toBe(401);
  expect(await statusWith('new')).toBe(200);
});

test.each([
  ['AuditLog.Read.All', 'beta/auditLogs/signIns', 'Authentication_MSGraphPermissionMissing'],
  ['IdentityRiskEvent.Read.All', 'v1.0/identityProtection/riskDetections', 'Forbidden'],
  ['MailboxSettings.Read', 'v1.0/users/a/mailboxSettings', 'ErrorAccessDenied'],
  ['UserAuthenticationMethod.Read.All', 'v1.0/users/a/authentication/methods', 'Authorization_RequestDenied'],
  ['Policy.Read.All', 'v1.0/identity/conditionalAccess/policies', 'Authorization_RequestDenied'],
  ['AuditLogsQuery.Read.All', 'beta/security/auditLog/queries', 'Authorization_RequestDenied'],
])('without %s, %s is 403', async (role, path, code) => {
  const tenant = await startTenant({ state: { 'users/a': { id: 'a' } } });
  expect((await ask(reportUrl(tenant, path))).status).toBe(200);
  tenant.set({ revoked: [role] });
  const refused = await ask(reportUrl(tenant, path));
  expect([refused.status, errorCode(refused)]).toEqual([403, code]);
});

test('one of several sufficient permissions is enough', async () => {
  const tenant = await startTenant({ switches: { revoked: ['AuditLog.Read.All'] } });
  expect((await ask(reportUrl(tenant, 'beta/auditLogs/directoryAudits'))).status).toBe(200);
  tenant.set({ revoked: ['AuditLog.Read.All', 'Directory.Read.All'] });
  expect((await ask(reportUrl(tenant, 'beta/auditLogs/directoryAudits'))).status).toBe(403);
});

test('the feed wants ActivityFeed.Read, and ActivityFeed.ReadDlp for DLP content', async () => {
  const tenant = await startTenant({
    records: [onSource('ual-dlp', audit('d', NOW - MINUTE)), audit('e', NOW - MINUTE)],
  });
  await start(tenant, 'DLP.All');
  await start(tenant);
  tenant.set({ revoked: ['ActivityFeed.ReadDlp'] });
  const [dlp] = await allContent(listUrl(tenant, NOW - HOUR, NOW, 'DLP.All'));
  const refused = await ask(dlp!.contentUri);
  expect([refused.status, errorCode(refused)]).toEqual([403, 'AF10001']);
  const [exchange] = await allContent(listUrl(tenant, NOW - HOUR, NOW));
  expect((await ask(exchange!.contentUri)).status).toBe(200);
  tenant.set({ revoked: ['ActivityFeed.Read'] });
  expect(errorCode(await ask(listUrl(tenant, NOW - HOUR, NOW)))).toBe('AF10001');
});

test('a free tenant has no sign-ins and no risk, but directory audits', async () => {
  const tenant = await startTenant({ records: [signIn('a', NOW - MINUTE)], switches: { licence: 'free' } });
  const signIns = await ask(reportUrl(tenant, SIGN_INS));
  expect([signIns.status, errorCode(signIns)]).toEqual([
    403,
    'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
  ]);
  expect((await ask(reportUrl(tenant, 'v1.0/identityProtection/riskDetections'))).status).toBe(403);
  expect((await ask(reportUrl(tenant, 'beta/auditLogs/directoryAudits'))).status).toBe(200);
});

test('the licence 403 also comes and goes on a licensed tenant', async () => {
  const tenant = await startTenant({ records: [signIn('a', NOW - MINUTE)], seed: 7 });
  tenant.fault({ kind: 'licence', endpoint: 'signIns', probability: 0.5 });
  const statuses: number[] = [];
  for (let at = 0; at < 40; at++) statuses.push((await ask(reportUrl(tenant, SIGN_INS))).status);
  expect(statuses.filter((status) => status === 403).length).toBeGreaterThan(8);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(8);
});
