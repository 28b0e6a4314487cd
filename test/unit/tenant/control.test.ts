import { expect, test } from 'vitest';
import type { ControlCommand } from '../../../infra/local/tenant/control.ts';
import type { Tenant } from '../../../infra/local/tenant/tenant.ts';
import {
  allAuditIds,
  allIds,
  ask,
  audit,
  feedUrl,
  HOUR,
  listUrl,
  NOW,
  reportUrl,
  SIGN_INS,
  signIn,
  startTenant,
} from './harness.ts';

async function order(tenant: Tenant, command: ControlCommand): Promise<unknown> {
  const response = await fetch(`${tenant.origin}/_control`, {
    method: 'POST',
    body: JSON.stringify(command),
  });
  const answer: unknown = await response.json();
  if (response.status !== 200) throw new Error(JSON.stringify(answer));
  return answer;
}

test('faults are set and cleared, and the report is read', async () => {
  const tenant = await startTenant();
  const { id } = (await order(tenant, {
    do: 'fault',
    fault: { kind: 'status', status: 502, endpoint: 'signIns' },
  })) as { id: number };
  expect((await ask(reportUrl(tenant, SIGN_INS))).status).toBe(502);
  await order(tenant, { do: 'clearFaults', id });
  expect((await ask(reportUrl(tenant, SIGN_INS))).status).toBe(200);
  expect(await order(tenant, { do: 'report' })).toMatchObject({
    requests: [
      { status: 502, count: 1 },
      { status: 200, count: 1 },
    ],
  });
});

test('records are published, revised, delivered again, and the clock moves', async () => {
  const tenant = await startTenant();
  const records = [signIn('a', NOW - HOUR, { riskState: 'none' }), audit('u', NOW - HOUR)];
  expect(await order(tenant, { do: 'publish', records })).toEqual({ published: 2 });
  await order(tenant, { do: 'revise', source: 'signins-interactive', id: 'a', set: { riskState: 'atRisk' } });
  expect((await ask(reportUrl(tenant, SIGN_INS))).body.value).toMatchObject([{ riskState: 'atRisk' }]);
  await order(tenant, { do: 'subscribe', types: ['Audit.Exchange'] });
  expect(await order(tenant, { do: 'redeliver', source: 'ual-exchange', afterMs: HOUR })).toEqual({
    published: 1,
  });
  expect(await order(tenant, { do: 'advance', ms: HOUR })).toEqual({ nowMs: NOW + HOUR });
  expect(await order(tenant, { do: 'now' })).toEqual({ nowMs: NOW + HOUR });
  expect(await allAuditIds(listUrl(tenant, NOW, NOW + 2 * HOUR))).toEqual(['u', 'u']);
});

test('switches, quotas, state and subscriptions are changed', async () => {
  const tenant = await startTenant();
  await order(tenant, { do: 'set', switches: { licence: 'free' } });
  expect((await ask(reportUrl(tenant, SIGN_INS))).status).toBe(403);
  await order(tenant, { do: 'set', switches: { licence: 'P2' } });
  await order(tenant, { do: 'limit', name: 'graphReports', quota: { requests: 1, perMs: 1000 } });
  expect(await allIds(reportUrl(tenant, SIGN_INS))).toEqual([]);
  expect((await ask(reportUrl(tenant, SIGN_INS))).status).toBe(429);
  await order(tenant, { do: 'state', state: { 'users/a': { id: 'a' } } });
  expect((await ask(reportUrl(tenant, 'v1.0/users/a'))).status).toBe(200);
  await order(tenant, { do: 'subscribe' });
  await order(tenant, { do: 'disableSubscription', type: 'DLP.All' });
  expect((await ask(feedUrl(tenant, 'subscriptions/list'))).text).toContain(
    '"contentType":"DLP.All","status":"disabled"',
  );
  expect(await order(tenant, { do: 'settings' })).toEqual(tenant.settings());
});

test.each([
  ['{', 'JSON'],
  ['{"do":"dance"}', 'do'],
  ['{"do":"fault","fault":{"kind":"meteor"}}', 'kind'],
  ['{"do":"set","switches":{"colour":"red"}}', 'there is no switch colour'],
])('a wrong order %s is refused with a reason', async (body, reason) => {
  const tenant = await startTenant();
  const response = await fetch(`${tenant.origin}/_control`, { method: 'POST', body });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(reason);
});
