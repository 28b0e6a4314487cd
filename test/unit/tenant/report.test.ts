import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTenant } from '../../../infra/local/tenant/tenant.ts';
import {
  allAuditIds,
  ask,
  audit,
  feedUrl,
  HOUR,
  listUrl,
  many,
  NOW,
  reportUrl,
  SIGN_INS,
  signIn,
  start,
  startTenant,
} from './harness.ts';

test('the report says what was never, once and repeatedly served, by record and by blob', async () => {
  const later = signIn('later', NOW - 3 * HOUR, {}, { availableMs: NOW + HOUR });
  const tenant = await startTenant({ records: [...many(10, signIn), later, ...many(7, audit, 'u')] });
  await ask(reportUrl(tenant, SIGN_INS, { $top: '6' }));
  await ask(reportUrl(tenant, SIGN_INS, { $top: '2' }));
  const report = tenant.report({ unfetched: 3 });
  expect(report.recordsBySource['signins-interactive']).toEqual({
    published: 11,
    available: 10,
    never: 5,
    once: 4,
    repeatedly: 2,
  });
  expect(report.unfetched.map(({ source }) => source)).toEqual(
    Array.from({ length: 3 }, () => 'signins-interactive'),
  );
  await start(tenant);
  await allAuditIds(listUrl(tenant, NOW - HOUR, NOW));
  const after = tenant.report();
  expect(after.recordsBySource['ual-exchange']).toMatchObject({ never: 0, once: 7 });
  expect(after.content).toMatchObject({ never: 0, repeatedly: 0 });
  expect(after.content.once).toBe(after.content.published);
});

test('requests are counted by endpoint and status, publishers by id', async () => {
  const tenant = await startTenant();
  await ask(reportUrl(tenant, SIGN_INS));
  await ask(reportUrl(tenant, SIGN_INS, { $top: 'x' }), {
    headers: { prefer: 'include-unknown-enum-members' },
  });
  await ask(feedUrl(tenant, 'subscriptions/list?PublisherIdentifier=46b472a7-c68e-4adf-8ade-3db49497518e'));
  await ask(feedUrl(tenant, 'subscriptions/list'));
  const report = tenant.report();
  expect(report.requests).toEqual([
    { endpoint: 'signIns', status: 200, count: 1 },
    { endpoint: 'signIns', status: 400, count: 1 },
    { endpoint: 'feed.list', status: 200, count: 2 },
  ]);
  expect(report.publishers).toEqual({ '46b472a7-c68e-4adf-8ade-3db49497518e': 1, '(none)': 1 });
  expect(report.withoutPreferHeader).toBe(1);
});

test('published() gives back every record with its times and counts', async () => {
  const records = [signIn('a', NOW - HOUR), audit('b', NOW - HOUR, {}, { goneMs: NOW + HOUR })];
  const tenant = await startTenant({ records });
  await ask(reportUrl(tenant, SIGN_INS));
  expect([...tenant.published()]).toEqual([
    { ...records[0], copy: false, fetched: 1 },
    { ...records[1], copy: false, fetched: 0 },
  ]);
});

test('the report is written at the end on request', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'report-')), 'report.json');
  const tenant = await createTenant({ records: [signIn('a', Date.now() - HOUR)] });
  await tenant.stop({ reportTo: path });
  const written = JSON.parse(await readFile(path, 'utf8')) as { records: object; unfetched: object[] };
  expect(written.records).toEqual({ published: 1, available: 1, never: 1, once: 0, repeatedly: 0 });
  expect(written.unfetched).toHaveLength(1);
});

test('the settings are those of the application', async () => {
  const tenant = await startTenant({ tenantId: '33333333-3333-4333-8333-333333333333' });
  expect(tenant.settings()).toEqual({
    GRAPH_ENDPOINT: tenant.origin,
    MANAGEMENT_ENDPOINT: tenant.origin,
    M365_CREDENTIAL: 'none',
    TENANT_ID: '33333333-3333-4333-8333-333333333333',
  });
});

test('on the machine’s clock, advance moves the tenant’s time ahead of it', async () => {
  const tenant = await startTenant({ clock: { now: () => Date.now() } });
  const before = tenant.now();
  tenant.advance(HOUR);
  expect(tenant.now() - before).toBeGreaterThanOrEqual(HOUR);
});
