import { expect, test } from 'vitest';
import { DEFAULT_TENANT_ID, generateStory, storyState } from '../../../infra/local/story/index.ts';
import { CONTENT_TYPES } from '../../../infra/local/tenant/records.ts';
import type { ContentType } from '../../../infra/local/tenant/records.ts';
import type { Tenant } from '../../../infra/local/tenant/tenant.ts';
import {
  allAuditIds,
  allIds,
  ask,
  DAY,
  iso,
  listUrl,
  NOW,
  reportUrl,
  SECOND,
  SIGN_INS,
  startTenant,
} from './harness.ts';

const TYPES = ['interactiveUser', 'nonInteractiveUser', 'servicePrincipal', 'managedIdentity'];

async function collectGraph(tenant: Tenant): Promise<void> {
  for (const type of TYPES)
    await allIds(reportUrl(tenant, SIGN_INS, { $filter: `signInEventTypes/any(t: t eq '${type}')` }));
  for (const path of [
    'beta/auditLogs/directoryAudits',
    'v1.0/auditLogs/provisioning',
    'v1.0/identityProtection/riskDetections',
  ])
    await allIds(reportUrl(tenant, path));
}

async function collectFeed(tenant: Tenant): Promise<void> {
  tenant.subscribe();
  for (const type of Object.keys(CONTENT_TYPES) as ContentType[])
    for (let day = 0; day < 7; day++) {
      const from = NOW - (day + 1) * DAY;
      await allAuditIds(listUrl(tenant, from, from + DAY, type));
    }
}

async function collectSearch(tenant: Tenant): Promise<void> {
  const body = JSON.stringify({
    filterStartDateTime: iso(NOW - 40 * DAY),
    filterEndDateTime: iso(NOW + DAY),
  });
  const url = `${tenant.origin}/v1.0/security/auditLog/queries`;
  const { body: query } = await ask(url, { method: 'POST', body });
  tenant.advance(5 * SECOND);
  await allIds(`${url}/${String(query['id'])}/records?$top=1000`);
}

test('a plain client that follows every link gets the whole story out of the three APIs', async () => {
  const options = { nowMs: NOW, records: 4000, users: 20 };
  const tenant = await startTenant({
    records: generateStory(options),
    state: storyState(options),
    tenantId: DEFAULT_TENANT_ID,
  });
  await collectGraph(tenant);
  await collectFeed(tenant);
  const content = tenant.report().content;
  await collectSearch(tenant);
  const missed = [...tenant.published()].filter(
    ({ availableMs, goneMs, fetched }) => availableMs <= NOW && (goneMs ?? Infinity) > NOW && fetched === 0,
  );
  expect(missed.map(({ source, text }) => `${source} ${text.slice(0, 80)}`)).toEqual([]);
  expect(content.once).toBeGreaterThan(100);
  expect(content.repeatedly).toBe(0);
});
