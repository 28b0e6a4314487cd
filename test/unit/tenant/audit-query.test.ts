import { expect, test } from 'vitest';
import type { Tenant } from '../../../infra/local/tenant/tenant.ts';
import {
  allIds,
  ask,
  audit,
  DAY,
  errorCode,
  HOUR,
  iso,
  many,
  NOW,
  onSource,
  SECOND,
  startTenant,
} from './harness.ts';

const QUERIES = 'beta/security/auditLog/queries';

const submit = (tenant: Tenant, more: object = {}, path = QUERIES) =>
  ask(`${tenant.origin}/${path}`, {
    method: 'POST',
    body: JSON.stringify({
      displayName: 'q',
      filterStartDateTime: iso(NOW - DAY),
      filterEndDateTime: iso(NOW),
      ...more,
    }),
  });

async function finished(tenant: Tenant, more: object = {}): Promise<string> {
  const { body } = await submit(tenant, more);
  tenant.advance(5 * SECOND);
  return `${tenant.origin}/${QUERIES}/${String(body['id'])}`;
}

test('a query goes from notStarted over running to succeeded', async () => {
  const tenant = await startTenant({ records: many(3, audit) });
  const created = await submit(tenant);
  expect([created.status, created.body['status'], created.body['displayName']]).toEqual([
    201,
    'notStarted',
    'q',
  ]);
  const url = `${tenant.origin}/${QUERIES}/${String(created.body['id'])}`;
  const status = async () => (await ask(url)).body['status'];
  tenant.advance(SECOND);
  expect(await status()).toBe('running');
  expect((await ask(`${url}/records`)).status).toBe(400);
  tenant.advance(4 * SECOND);
  expect((await ask(url)).body).toMatchObject({
    status: 'succeeded',
    approximateReturnedRecordCount: 3,
    isRecordCountLimitExceeded: false,
    recordCountLimit: 1_000_000,
  });
  expect((await ask(`${tenant.origin}/${QUERIES}`)).body.value).toHaveLength(1);
});

test('records are enveloped as on live tenants: crossed user names, typed integers, the rest untouched', async () => {
  const tenant = await startTenant({
    records: [audit('a', NOW - HOUR, { RecordType: 15, Note: '1.0', Deep: { n: 1 } })],
  });
  const { text, body } = await ask(`${await finished(tenant)}/records`);
  expect(body.value[0]).toMatchObject({
    id: 'a',
    createdDateTime: iso(NOW - HOUR),
    auditLogRecordType: 'AzureActiveDirectoryStsLogon',
    operation: 'Send',
    userId: '1003BFFD8EC47CA6',
    userPrincipalName: 'alice@contoso.example',
    clientIp: null,
    service: 'Exchange',
  });
  expect(text).toContain('"RecordType@odata.type":"#Int64","RecordType":15');
  expect(text).toContain('"@odata.type":"#microsoft.graph.security.defaultAuditData"');
  expect(text).toContain(`"CreationTime":"${iso(NOW - HOUR)}"`);
  expect(text).toContain('"Note":"1.0","Deep":{"n":1}');
});

test('records are paged by opaque links', async () => {
  const tenant = await startTenant({ records: many(250, audit) });
  const url = await finished(tenant);
  expect((await ask(`${url}/records`)).body.value).toHaveLength(100);
  expect(await allIds(`${url}/records?$top=70`)).toEqual(Array.from({ length: 250 }, (_, at) => `r${at}`));
});

test('filters select by window, type, operation, user, address, service and keyword', async () => {
  const tenant = await startTenant({
    records: [
      audit('send', NOW - HOUR),
      audit('rule', NOW - 2 * HOUR, {
        Operation: 'New-InboxRule',
        RecordType: 1,
        UserId: 'bob@contoso.example',
        ClientIP: '192.0.2.9',
      }),
      onSource(
        'ual-entra',
        audit('login', NOW - 3 * HOUR, { Workload: 'AzureActiveDirectory', RecordType: 15, ObjectId: 'o' }),
      ),
      audit('before', NOW - 2 * DAY),
    ],
  });
  const select = async (filters: object) => allIds(`${await finished(tenant, filters)}/records`);
  expect(await select({})).toEqual(['send', 'rule', 'login']);
  expect(await select({ recordTypeFilters: ['azureActiveDirectoryStsLogon'] })).toEqual(['login']);
  expect(await select({ operationFilters: ['New-InboxRule'] })).toEqual(['rule']);
  expect(await select({ userPrincipalNameFilters: ['Alice@contoso.example'] })).toEqual(['send', 'login']);
  expect(await select({ ipAddressFilters: ['192.0.2.9'] })).toEqual(['rule']);
  expect(await select({ serviceFilter: 'AzureActiveDirectory' })).toEqual(['login']);
  expect(await select({ objectIdFilters: ['o'] })).toEqual(['login']);
  expect(await select({ keywordFilter: 'inboxrule' })).toEqual(['rule']);
  const end = iso(NOW - HOUR);
  expect(await select({ filterEndDateTime: end })).toEqual(['rule', 'login']);
});

test('at its limit a query succeeds, is cut short and says so', async () => {
  const tenant = await startTenant({
    records: many(30, audit),
    switches: { auditQuery: { recordCountLimit: 20 } },
  });
  const url = await finished(tenant);
  expect((await ask(url)).body).toMatchObject({
    status: 'succeeded',
    isRecordCountLimitExceeded: true,
    recordCountLimit: 20,
  });
  expect(await allIds(`${url}/records`)).toHaveLength(20);
  const exact = await finished(tenant, { filterStartDateTime: iso(NOW - 20 * SECOND) });
  expect((await ask(exact)).body['isRecordCountLimitExceeded']).toBe(false);
});

test.each(['failed', 'cancelled', 'unknownFutureValue'] as const)(
  'a query may end as %s',
  async (outcome) => {
    const tenant = await startTenant();
    tenant.fault({ kind: 'query-outcome', outcome, times: 1 });
    const url = await finished(tenant);
    expect((await ask(url)).body['status']).toBe(outcome);
    expect((await ask(`${url}/records`)).status).toBe(400);
    expect((await ask(await finished(tenant))).body['status']).toBe('succeeded');
  },
);

test('a query may stay running for good', async () => {
  const tenant = await startTenant();
  tenant.fault({ kind: 'query-outcome', outcome: 'stuck' });
  const url = await finished(tenant);
  tenant.advance(DAY);
  expect((await ask(url)).body['status']).toBe('running');
});

test('v1.0 may not have the path at all', async () => {
  const tenant = await startTenant();
  const path = QUERIES.replace('beta', 'v1.0');
  expect((await submit(tenant, {}, path)).status).toBe(201);
  tenant.set({ auditQuery: { onV1: false } });
  const gone = await submit(tenant, {}, path);
  expect([gone.status, errorCode(gone)]).toEqual([404, 'UnknownError']);
  expect((await submit(tenant)).status).toBe(201);
});

test('submissions have a budget and a number that may run at once', async () => {
  const tenant = await startTenant({ limited: true });
  tenant.limits.set('auditSubmissions', { requests: 3, perMs: DAY });
  tenant.set({ auditQuery: { maxConcurrent: 2 } });
  const statuses = [
    await submit(tenant),
    await submit(tenant),
    await submit(tenant),
    await submit(tenant),
  ].map(({ status }) => status);
  expect(statuses).toEqual([201, 201, 429, 429]);
  expect(tenant.report().limits.auditSubmissions).toMatchObject({ allowed: 3, refused: 1 });
});

test('bad bodies, bad windows and unknown ids are refused; completed queries are forgotten after 30 days', async () => {
  const tenant = await startTenant();
  expect((await ask(`${tenant.origin}/${QUERIES}`, { method: 'POST', body: '{' })).status).toBe(400);
  expect((await submit(tenant, { filterStartDateTime: 'x' })).status).toBe(400);
  expect((await submit(tenant, { filterEndDateTime: iso(NOW - 2 * DAY) })).status).toBe(400);
  expect((await ask(`${tenant.origin}/${QUERIES}/nobody`)).status).toBe(404);
  const url = await finished(tenant);
  tenant.advance(31 * DAY);
  expect((await ask(url)).status).toBe(404);
});

test('paging a result twice may give different counts, and a poisonous record stays in the way', async () => {
  const tenant = await startTenant({ records: many(99, audit) });
  const url = `${await finished(tenant)}/records`;
  const id = tenant.fault({ kind: 'dropped-records', fraction: 0.3 });
  expect(await allIds(url)).not.toEqual(await allIds(url));
  tenant.clearFaults(id);
  tenant.fault({ kind: 'poison-record', endpoint: 'auditQuery.records' });
  const { text } = await ask(url);
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
});

test('a result page may hold a record twice, be empty with a link, lose its token or link elsewhere', async () => {
  const tenant = await startTenant({ records: many(10, audit) });
  const url = `${await finished(tenant)}/records?$top=5`;
  tenant.fault({ kind: 'duplicate-within-page', times: 1 });
  tenant.fault({ kind: 'empty-page', skip: 1, times: 1 });
  expect(await allIds(url)).toEqual(['r0', 'r1', 'r2', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9']);
  tenant.fault({ kind: 'expired-page-token', times: 1 });
  await expect(allIds(url)).rejects.toThrow('400');
  tenant.fault({ kind: 'foreign-next-link', times: 1 });
  expect((await ask(url)).body['@odata.nextLink']).toMatch(
    /^https:\/\/graph\.microsoft\.com\.attacker\.example/,
  );
});
