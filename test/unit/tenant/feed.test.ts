import { expect, test } from 'vitest';
import {
  allAuditIds,
  allContent,
  ask,
  audit,
  DAY,
  errorCode,
  feedUrl,
  HOUR,
  listUrl,
  many,
  MINUTE,
  NOW,
  onSource,
  SECOND,
  sorted,
  start,
  startTenant,
} from './harness.ts';

const lastHour = (tenant: Parameters<typeof listUrl>[0]) => listUrl(tenant, NOW - HOUR, NOW);

test('without a subscription nothing is listed; starting twice is AF20024; stopping ends it', async () => {
  const tenant = await startTenant({ records: many(10, audit) });
  expect(errorCode(await ask(lastHour(tenant)))).toBe('AF20022');
  const started = await start(tenant);
  expect(started.body).toEqual({ contentType: 'Audit.Exchange', status: 'enabled', webhook: null });
  const again = await start(tenant);
  expect([again.status, errorCode(again)]).toEqual([400, 'AF20024']);
  expect((await ask(feedUrl(tenant, 'subscriptions/list'))).body).toEqual([
    { contentType: 'Audit.Exchange', status: 'enabled', webhook: null },
  ]);
  expect(await allAuditIds(lastHour(tenant))).toHaveLength(10);
  const stopped = await ask(feedUrl(tenant, 'subscriptions/stop?contentType=Audit.Exchange'), {
    method: 'POST',
  });
  expect([stopped.status, stopped.text]).toEqual([200, '']);
  expect(errorCode(await ask(lastHour(tenant)))).toBe('AF20022');
});

test('every record is in exactly one blob of its own content type', async () => {
  const records = [
    ...many(800, audit, 'x'),
    ...many(300, (id, ms) => onSource('ual-general', audit(id, ms)), 'g'),
  ];
  const tenant = await startTenant({ records });
  await start(tenant);
  await start(tenant, 'Audit.General');
  expect(sorted(await allAuditIds(lastHour(tenant)))).toEqual(
    sorted(Array.from({ length: 800 }, (_, at) => `x${at}`)),
  );
  const general = await allAuditIds(listUrl(tenant, NOW - HOUR, NOW, 'Audit.General'));
  expect(sorted(general)).toEqual(sorted(Array.from({ length: 300 }, (_, at) => `g${at}`)));
});

test('a blob is the records’ own texts in an array, with its length', async () => {
  const record = audit('a', NOW - MINUTE, { Note: 'é', Big: 12345678901234567890n.toString() });
  const tenant = await startTenant({ records: [record] });
  await start(tenant);
  const [entry] = await allContent(lastHour(tenant));
  const { text, headers } = await ask(entry!.contentUri);
  expect(text).toBe(`[${record.text}]`);
  expect(headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
});

test('a blob appears once all its records are available, and not before', async () => {
  const tenant = await startTenant({
    records: [audit('late', NOW - 3 * HOUR, {}, { availableMs: NOW + MINUTE })],
  });
  await start(tenant);
  const url = listUrl(tenant, NOW - HOUR, NOW + HOUR);
  expect(await allContent(url)).toEqual([]);
  tenant.advance(MINUTE);
  const [entry] = await allContent(url);
  expect(entry!.contentCreated).toBe('2026-11-24T12:01:00.000Z');
  expect(entry!.contentExpiration).toBe('2026-12-01T12:01:00.000Z');
});

test('the range is on contentCreated, start inside, end outside', async () => {
  const tenant = await startTenant({ records: [audit('a', NOW - HOUR)] });
  await start(tenant);
  expect(await allContent(listUrl(tenant, NOW - HOUR, NOW))).toHaveLength(1);
  expect(await allContent(listUrl(tenant, NOW - 2 * HOUR, NOW - HOUR))).toHaveLength(0);
});

test('listings are paged by header, and not in the order of contentCreated', async () => {
  const tenant = await startTenant({ records: many(3000, audit), switches: { feed: { pageSize: 5 } } });
  await start(tenant);
  const first = await ask(lastHour(tenant));
  expect(JSON.parse(first.text)).toHaveLength(5);
  expect(first.headers.get('nextpageuri')).toContain('/api/v1/');
  const entries = await allContent(lastHour(tenant));
  expect(new Set(entries.map(({ contentId }) => contentId)).size).toBe(entries.length);
  const created = entries.map(({ contentCreated }) => contentCreated);
  expect(created).not.toEqual([...created].sort());
  expect(await allAuditIds(lastHour(tenant))).toHaveLength(3000);
});

test('the header may be spelled NextPageUrl, and a mangled nextPage is AF20031', async () => {
  const tenant = await startTenant({
    records: many(500, audit),
    switches: { feed: { pageSize: 2, nextPageHeader: 'nextpageurl' } },
  });
  await start(tenant);
  const { headers } = await ask(lastHour(tenant));
  expect(headers.get('NextPageUri')).toBeNull();
  const link = headers.get('NextPageUrl')!;
  const cut = link.replace(/nextPage=([\w\d]+).*/, 'nextPage=$1');
  expect(errorCode(await ask(cut))).toBe('AF20031');
  expect((await ask(link)).status).toBe(200);
});

test.each([
  ['only one end', `contentType=Audit.Exchange&startTime=2026-11-24T00:00:00`, 'AF20030'],
  [
    'more than 24 hours',
    `contentType=Audit.Exchange&startTime=2026-11-23T00:00:00&endTime=2026-11-24T00:00:01`,
    'AF20055',
  ],
  [
    'more than 7 days ago',
    `contentType=Audit.Exchange&startTime=2026-11-17T11:59:59&endTime=2026-11-17T12:30:00`,
    'AF20055',
  ],
  [
    'end before start',
    `contentType=Audit.Exchange&startTime=2026-11-24T02:00:00&endTime=2026-11-24T01:00:00`,
    'AF20030',
  ],
  ['no date', `contentType=Audit.Exchange&startTime=yesterday&endTime=2026-11-24T01:00:00`, 'AF20002'],
  ['a wrong content type', `contentType=Audit.Everything`, 'AF20020'],
  ['no content type', ``, 'AF20001'],
])('%s is refused', async (_, query, code) => {
  const tenant = await startTenant();
  await start(tenant);
  const answer = await ask(feedUrl(tenant, `subscriptions/content?${query}`));
  expect([answer.status, errorCode(answer)]).toEqual([400, code]);
});

test('range switches: partial instead of refused, exact day refused, strict times', async () => {
  const tenant = await startTenant({ records: [audit('early', NOW - 40 * HOUR), audit('late', NOW - HOUR)] });
  await start(tenant);
  tenant.set({ feed: { overlongRange: 'partial' } });
  expect(await allAuditIds(listUrl(tenant, NOW - 2 * DAY, NOW))).toEqual(['early']);
  tenant.set({ feed: { overlongRange: 'refused', exactDayRefused: true } });
  expect(errorCode(await ask(listUrl(tenant, NOW - DAY, NOW)))).toBe('AF20055');
  expect((await ask(listUrl(tenant, NOW - DAY + SECOND, NOW))).status).toBe(200);
  const zoned = feedUrl(
    tenant,
    'subscriptions/content?contentType=Audit.Exchange&startTime=2026-11-24T00:00:00Z&endTime=2026-11-24T01:00:00Z',
  );
  expect((await ask(zoned)).status).toBe(200);
  tenant.set({ feed: { strictTimes: true } });
  expect(errorCode(await ask(zoned))).toBe('AF20002');
});

test('the tenant in the URL must be this one, a GUID, and audited', async () => {
  const tenant = await startTenant();
  const at = (id: string) => ask(`${tenant.origin}/api/v1.0/${id}/activity/feed/subscriptions/list`);
  expect(errorCode(await at('contoso'))).toBe('AF20013');
  expect(errorCode(await at('22222222-2222-4222-8222-222222222222'))).toBe('AF20010');
  tenant.set({ feed: { auditingOff: true } });
  const off = await at(tenant.tenantId);
  expect([off.status, errorCode(off)]).toEqual([400, 'AF20011']);
  expect(off.text).toContain('does not exist');
});

test('content: expired is AF20051, unknown AF20050, malformed AF20052', async () => {
  const tenant = await startTenant({ records: [audit('a', NOW - 6 * DAY)] });
  await start(tenant);
  const [entry] = await allContent(listUrl(tenant, NOW - 6 * DAY, NOW - 6 * DAY + HOUR));
  expect((await ask(entry!.contentUri)).status).toBe(200);
  expect(errorCode(await ask(entry!.contentUri.replace('$audit_exchange', '$audit_other')))).toBe('AF20050');
  expect(errorCode(await ask(feedUrl(tenant, 'audit/nonsense')))).toBe('AF20052');
  tenant.advance(2 * DAY);
  expect(errorCode(await ask(entry!.contentUri))).toBe('AF20051');
});

test('what became available between stop and restart is lost', async () => {
  const records = [10, 30, 50].map((minutes) => audit(`${minutes}`, NOW + minutes * MINUTE));
  const tenant = await startTenant({ records });
  await start(tenant);
  tenant.advance(20 * MINUTE);
  tenant.disableSubscription('Audit.Exchange');
  expect(errorCode(await ask(listUrl(tenant, NOW, NOW + HOUR)))).toBe('AF20023');
  expect((await ask(feedUrl(tenant, 'subscriptions/list'))).text).toContain('"status":"disabled"');
  tenant.advance(20 * MINUTE);
  await start(tenant);
  tenant.advance(20 * MINUTE);
  expect(sorted(await allAuditIds(listUrl(tenant, NOW, NOW + HOUR)))).toEqual(['10', '50']);
});

test('first content may take its time, and how far back the first start reaches can be set', async () => {
  const records = [audit('day', NOW - 23 * HOUR), audit('hour', NOW - HOUR)];
  const tenant = await startTenant({
    records,
    switches: { feed: { firstContentDelayMs: 12 * HOUR, backfillMs: 22 * HOUR } },
  });
  await start(tenant);
  const url = listUrl(tenant, NOW - 24 * HOUR, NOW);
  expect(await allContent(url)).toEqual([]);
  tenant.advance(12 * HOUR);
  expect(await allAuditIds(url)).toEqual(['hour']);
});

test('webhooks never validate, and expired ones are refused as such', async () => {
  const tenant = await startTenant();
  const post = (webhook: object) =>
    ask(feedUrl(tenant, 'subscriptions/start?contentType=DLP.All'), {
      method: 'POST',
      body: JSON.stringify({ webhook }),
    });
  expect(errorCode(await post({ address: 'http://example.test' }))).toBe('AF20021');
  expect(errorCode(await post({ address: 'https://example.test', expiration: '2020-01-01' }))).toBe(
    'AF20003',
  );
});

test('notifications are an empty list, and friendly names check the language', async () => {
  const tenant = await startTenant();
  await start(tenant);
  expect((await ask(feedUrl(tenant, 'subscriptions/notifications?contentType=Audit.Exchange'))).body).toEqual(
    [],
  );
  const named = (language: string) =>
    ask(feedUrl(tenant, 'resources/dlpSensitiveTypes'), { headers: { 'accept-language': language } });
  expect((await named('en-US')).text).toContain('CreditCardNumber');
  expect(errorCode(await named('en,es'))).toBe('AF20053');
  expect(errorCode(await named('???'))).toBe('AF20054');
});

test('records published while it runs come in new blobs, never before now', async () => {
  const tenant = await startTenant({ records: many(5, audit) });
  await start(tenant);
  const before = await allContent(lastHour(tenant));
  expect(tenant.publish([audit('new', NOW - 2 * SECOND)])).toBe(1);
  expect(await allContent(lastHour(tenant))).toEqual(before);
  expect(await allAuditIds(listUrl(tenant, NOW, NOW + HOUR))).toEqual(['new']);
});

test('a re-delivery is the same records in a later blob, their keys in another order', async () => {
  const tenant = await startTenant({ records: many(5, audit) });
  await start(tenant);
  expect(tenant.redeliver({ source: 'ual-exchange', count: 3, afterMs: 2 * DAY, reorderKeys: true })).toBe(3);
  tenant.advance(2 * DAY);
  const url = listUrl(tenant, NOW + 2 * DAY, NOW + 2 * DAY + HOUR);
  expect(sorted(await allAuditIds(url))).toEqual(['r0', 'r1', 'r2']);
  const [entry] = await allContent(url);
  const [again] = JSON.parse((await ask(entry!.contentUri)).text) as object[];
  const original = JSON.parse(many(5, audit)[2]!.text) as object;
  expect(Object.keys(again!)).toEqual(Object.keys(original).reverse());
  expect(tenant.report().copies.published).toBe(3);
});

test('a publisher identifier that is no GUID is AF20002', async () => {
  const tenant = await startTenant();
  expect(errorCode(await ask(feedUrl(tenant, 'subscriptions/list?PublisherIdentifier=contoso')))).toBe(
    'AF20002',
  );
});
