import { expect, test } from 'vitest';
import type { Tenant } from '../../../infra/local/tenant/tenant.ts';
import { ask, errorCode, feedUrl, reportUrl, SECOND, SIGN_INS, startTenant } from './harness.ts';

const statuses = async (urls: readonly string[]): Promise<number[]> => {
  const found: number[] = [];
  for (const url of urls) found.push((await ask(url)).status);
  return found;
};

test('the Graph reports and authentication methods share 5 requests in 10 seconds', async () => {
  const tenant = await startTenant({ limited: true, state: { 'users/a': { id: 'a' } } });
  const urls = [
    SIGN_INS,
    'beta/auditLogs/directoryAudits',
    'v1.0/auditLogs/provisioning',
    'v1.0/users/a/authentication/methods',
    SIGN_INS,
    SIGN_INS,
  ].map((path) => reportUrl(tenant, path));
  expect(await statuses(urls)).toEqual([200, 200, 200, 200, 200, 429]);
  const refused = await ask(urls[0]!);
  expect([errorCode(refused), refused.headers.get('retry-after')]).toEqual(['UnknownError', null]);
  expect((await ask(reportUrl(tenant, 'v1.0/users/a'))).status).toBe(200);
  expect(tenant.report().limits.graphReports).toEqual({ allowed: 5, refused: 2, peak: 5 });
});

test('the window slides, and refused requests count against it unless switched off', async () => {
  const tenant = await startTenant({ limited: true });
  const signIns = reportUrl(tenant, SIGN_INS);
  for (let at = 0; at < 5; at++) {
    expect((await ask(signIns)).status).toBe(200);
    tenant.advance(SECOND);
  }
  expect((await ask(signIns)).status).toBe(429);
  tenant.advance(5 * SECOND);
  expect((await ask(signIns)).status).toBe(429);
  tenant.set({ refusedCount: false });
  tenant.advance(SECOND);
  expect((await ask(signIns)).status).toBe(429);
  tenant.advance(SECOND);
  expect((await ask(signIns)).status).toBe(200);
});

test('Retry-After comes when switched on, and its wait is enough', async () => {
  const tenant = await startTenant({ limited: true, switches: { retryAfter: true } });
  const signIns = reportUrl(tenant, SIGN_INS);
  await statuses([signIns, signIns, signIns, signIns, signIns]);
  tenant.advance(3 * SECOND);
  const refused = await ask(signIns);
  const seconds = Number(refused.headers.get('retry-after'));
  expect([refused.status, seconds > 0]).toEqual([429, true]);
  tenant.advance(seconds * SECOND);
  expect((await ask(signIns)).status).toBe(200);
});

test('identity protection and conditional access take one request a second together', async () => {
  const tenant = await startTenant({ limited: true });
  const [risk, policies] = [
    reportUrl(tenant, 'v1.0/identityProtection/riskDetections'),
    reportUrl(tenant, 'v1.0/identity/conditionalAccess/policies'),
  ];
  expect(await statuses([risk, policies])).toEqual([200, 429]);
  tenant.advance(SECOND);
  expect(await statuses([policies])).toEqual([200]);
});

const throttleFeed = async (tenant: Tenant) => {
  tenant.limits.set('feed', { requests: 2, perMs: 60 * SECOND });
  const url = feedUrl(tenant, 'subscriptions/list?PublisherIdentifier=46b472a7-c68e-4adf-8ade-3db49497518e');
  await statuses([url, url]);
  return ask(url);
};

test('the feed says AF429 with HTTP 403, or 429 when switched', async () => {
  const tenant = await startTenant({ limited: true });
  const refused = await throttleFeed(tenant);
  expect([refused.status, errorCode(refused)]).toEqual([403, 'AF429']);
  expect(refused.text).toContain('PublisherId=46b472a7-c68e-4adf-8ade-3db49497518e');
  tenant.set({ feed: { throttleStatus: 429 } });
  expect((await ask(feedUrl(tenant, 'subscriptions/list'))).status).toBe(429);
});

test('the feed’s own quota is 2,000 a minute', async () => {
  const tenant = await startTenant({ limited: true });
  const url = feedUrl(tenant, 'subscriptions/list');
  const found: number[] = [];
  for (let at = 0; at < 100; at++)
    found.push(
      ...(await Promise.all(Array.from({ length: 21 }, () => ask(url)))).map(({ status }) => status),
    );
  expect(found.filter((status) => status === 200)).toHaveLength(2000);
  expect(found.filter((status) => status === 403)).toHaveLength(100);
});

test('a lifted quota lets everything pass, and still counts', async () => {
  const tenant = await startTenant({ limited: true });
  tenant.limits.set('graphReports', false);
  const url = reportUrl(tenant, SIGN_INS);
  expect(new Set(await statuses(Array.from({ length: 12 }, () => url)))).toEqual(new Set([200]));
  expect(tenant.report().limits.graphReports.allowed).toBe(12);
});
