import { expect, test } from 'vitest';
import type { FaultSpec } from '../../../infra/local/tenant/faults.ts';
import {
  allAuditIds,
  allContent,
  allIds,
  ask,
  audit,
  errorCode,
  feedUrl,
  HOUR,
  listUrl,
  many,
  MINUTE,
  NOW,
  onSource,
  reportUrl,
  SIGN_INS,
  signIn,
  sorted,
  start,
  startTenant,
} from './harness.ts';

const withSignIns = (count = 20) => startTenant({ records: many(count, signIn) });

test.each([500, 502, 503, 504])('status %i for the next three requests, then all is well', async (status) => {
  const tenant = await withSignIns();
  tenant.fault({ kind: 'status', status, endpoint: 'signIns', times: 3 });
  const url = reportUrl(tenant, SIGN_INS);
  const found: number[] = [];
  for (let at = 0; at < 5; at++) found.push((await ask(url)).status);
  expect(found).toEqual([status, status, status, 200, 200]);
  expect(tenant.report().requests).toContainEqual({ endpoint: 'signIns', status, count: 3 });
});

test('a status fault carries a code, a message and Retry-After when given', async () => {
  const tenant = await withSignIns();
  tenant.fault({ kind: 'status', status: 503, code: 'generalException', message: 'busy', retryAfter: 7 });
  const { headers, body } = await ask(reportUrl(tenant, SIGN_INS));
  expect([headers.get('retry-after'), body.error.code, body.error.message]).toEqual([
    '7',
    'generalException',
    'busy',
  ]);
});

test('429 without and with Retry-After, in each API’s words', async () => {
  const tenant = await withSignIns();
  tenant.fault({ kind: 'throttle', endpoint: 'signIns', times: 1 });
  tenant.fault({ kind: 'throttle', api: 'feed', retryAfter: 3 });
  const graph = await ask(reportUrl(tenant, SIGN_INS));
  expect([graph.status, errorCode(graph), graph.headers.get('retry-after')]).toEqual([
    429,
    'UnknownError',
    null,
  ]);
  const feed = await start(tenant);
  expect([feed.status, errorCode(feed), feed.headers.get('retry-after')]).toEqual([403, 'AF429', '3']);
});

test('faults are laid on an API, an endpoint, a source or a part of the URL, and can be skipped and cleared', async () => {
  const records = [signIn('i', NOW - MINUTE), onSource('signins-noninteractive', signIn('n', NOW - MINUTE))];
  const tenant = await startTenant({ records });
  const interactive = reportUrl(tenant, SIGN_INS);
  const other = reportUrl(tenant, SIGN_INS, {
    $filter: "signInEventTypes/any(t: t eq 'nonInteractiveUser')",
  });
  const status = async (url: string) => (await ask(url)).status;
  const id = tenant.fault({ kind: 'status', source: 'signins-noninteractive' });
  expect([await status(interactive), await status(other)]).toEqual([200, 503]);
  tenant.clearFaults(id);
  expect(await status(other)).toBe(200);
  tenant.fault({ kind: 'status', match: '$top=7', skip: 1 });
  const seven = `${interactive}$top=7`;
  expect([await status(seven), await status(interactive), await status(seven)]).toEqual([200, 200, 503]);
  tenant.clearFaults();
  tenant.fault({ kind: 'status', api: 'feed' });
  expect([await status(interactive), (await start(tenant)).status]).toEqual([200, 503]);
});

test('a fault with a probability comes from the seed', async () => {
  const run = async (seed: number) => {
    const tenant = await startTenant({ seed });
    tenant.fault({ kind: 'status', probability: 0.5 });
    const found: number[] = [];
    for (let at = 0; at < 20; at++) found.push((await ask(reportUrl(tenant, SIGN_INS))).status);
    return found.join(' ');
  };
  const first = await run(3);
  expect(await run(3)).toBe(first);
  expect(await run(4)).not.toBe(first);
});

test('an unknown fault is refused at once', async () => {
  const tenant = await startTenant();
  expect(() => tenant.fault({ kind: 'meteor' } as unknown as FaultSpec)).toThrow('there is no fault meteor');
});

test.each(['cut-before-headers', 'cut-mid-body'] as const)('%s breaks the connection', async (kind) => {
  const tenant = await withSignIns(500);
  tenant.fault({ kind, times: 1 });
  await expect(ask(reportUrl(tenant, SIGN_INS))).rejects.toThrow(/fetch failed|terminated/);
  expect(await allIds(reportUrl(tenant, SIGN_INS))).toHaveLength(500);
  expect(tenant.report().records).toMatchObject({ never: 0, once: 500, repeatedly: 0 });
  expect(tenant.report().requests).toContainEqual({ endpoint: 'signIns', status: 0, count: 1 });
});

test('a body cut after so many bytes arrives that far', async () => {
  const tenant = await startTenant({ records: [audit('a', NOW - MINUTE, { Note: 'x'.repeat(10_000) })] });
  await start(tenant);
  const [entry] = await allContent(listUrl(tenant, NOW - HOUR, NOW));
  tenant.fault({ kind: 'cut-mid-body', endpoint: 'feed.audit', afterBytes: 1000, times: 1 });
  const response = await fetch(entry!.contentUri, { headers: { authorization: 'Bearer t' } });
  let received = 0;
  const reading = (async () => {
    for await (const chunk of response.body!) received += (chunk as Uint8Array).length;
  })();
  await expect(reading).rejects.toThrow('terminated');
  expect(received).toBe(1000);
});

test('truncated JSON ends early with a content-length that agrees', async () => {
  const tenant = await withSignIns();
  tenant.fault({ kind: 'truncated-json', times: 1 });
  const { status, headers, text } = await ask(reportUrl(tenant, SIGN_INS));
  expect([status, headers.get('content-length')]).toEqual([200, String(text.length)]);
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
});

test('a slow body takes the time its rate says', async () => {
  const tenant = await withSignIns(10);
  const whole = (await ask(reportUrl(tenant, SIGN_INS))).text;
  tenant.fault({ kind: 'slow-body', bytesPerSecond: whole.length * 2 });
  const began = performance.now();
  expect((await ask(reportUrl(tenant, SIGN_INS))).text).toBe(whole);
  expect(performance.now() - began).toBeGreaterThan(400);
});

test('a hanging request is never answered', async () => {
  const tenant = await withSignIns();
  tenant.fault({ kind: 'hang', times: 1 });
  const signal = AbortSignal.timeout(300);
  await expect(ask(reportUrl(tenant, SIGN_INS), { signal })).rejects.toThrow('timeout');
  expect((await ask(reportUrl(tenant, SIGN_INS))).status).toBe(200);
});

test.each([
  ['null', 'BadRequest', 'Invalid Skip Token, skip token is null'],
  ['expired', 'BadRequest', 'Token not found: token is either invalid or expired'],
  ['directory', 'Directory_ExpiredPageToken', 'The specified page token value has expired'],
] as const)(
  'an expired page token (%s) only hits requests that carry one',
  async (variant, code, message) => {
    const tenant = await withSignIns();
    tenant.fault({ kind: 'expired-page-token', variant, times: 1 });
    const first = await ask(reportUrl(tenant, SIGN_INS, { $top: '5' }));
    expect(first.status).toBe(200);
    const { status, body } = await ask(first.body['@odata.nextLink']!);
    expect([status, body.error.code]).toEqual([400, code]);
    expect(body.error.message).toContain(message);
  },
);

test('a poisonous record makes its page unreadable until the window leaves it out', async () => {
  const tenant = await withSignIns(21);
  tenant.fault({ kind: 'poison-record' });
  const { text } = await ask(reportUrl(tenant, SIGN_INS));
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  expect(text).toContain('"id":""r10"');
  expect((await ask(reportUrl(tenant, SIGN_INS, { $top: '10' }))).body.value).toHaveLength(10);
  expect(tenant.report({ unfetched: 5 }).unfetched.map(({ text }) => text)).toEqual([
    many(11, signIn)[10]!.text,
  ]);
});

test('a poisonous record sits in the middle of a content blob', async () => {
  const tenant = await startTenant({ records: many(3, audit), blobbing: { mostLanes: 1, mostRecords: 1 } });
  await start(tenant);
  tenant.fault({ kind: 'poison-record', endpoint: 'feed.audit' });
  const readable: boolean[] = [];
  for (const { contentUri } of await allContent(listUrl(tenant, NOW - HOUR, NOW))) {
    const { text } = await ask(contentUri);
    readable.push(!text.includes('""'));
  }
  expect(readable.filter((good) => !good)).toHaveLength(1);
});

test('one content blob fails for good, or so many times, and the others do not', async () => {
  const tenant = await startTenant({
    records: many(200, audit),
    blobbing: { mostLanes: 1, mostRecords: 20 },
  });
  await start(tenant);
  const statuses = async () => {
    const found: number[] = [];
    for (const { contentUri } of await allContent(listUrl(tenant, NOW - HOUR, NOW)))
      found.push((await ask(contentUri)).status);
    return found;
  };
  const id = tenant.fault({ kind: 'status', status: 500, endpoint: 'feed.audit', bind: true });
  const [once, twice] = [await statuses(), await statuses()];
  expect(once.filter((status) => status === 500)).toHaveLength(1);
  expect(twice).toEqual(once);
  tenant.clearFaults(id);
  tenant.fault({ kind: 'status', status: 500, endpoint: 'feed.audit', bind: true, times: 1 });
  expect((await statuses()).filter((status) => status === 500)).toHaveLength(1);
  expect(new Set(await statuses())).toEqual(new Set([200]));
});

test('an HTML page with 200, and a wrong content type', async () => {
  const tenant = await withSignIns();
  tenant.fault({ kind: 'html-page', times: 1 });
  const html = await ask(reportUrl(tenant, SIGN_INS));
  expect([html.status, html.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(html.text).toContain('<html>');
  tenant.fault({ kind: 'wrong-content-type', times: 1 });
  const odd = await ask(reportUrl(tenant, SIGN_INS));
  expect([odd.headers.get('content-type'), odd.body.value.length]).toEqual(['text/plain', 20]);
});

test('duplicates within a page, within a blob and across pages', async () => {
  const tenant = await startTenant({ records: [...many(10, signIn), ...many(5, audit, 'u')] });
  const url = reportUrl(tenant, SIGN_INS, { $top: '4' });
  tenant.fault({ kind: 'duplicate-within-page', endpoint: 'signIns', times: 1 });
  expect(await allIds(url)).toEqual(['r0', 'r1', 'r2', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9']);
  tenant.fault({ kind: 'duplicate-across-pages' });
  expect(await allIds(url)).toEqual(['r0', 'r1', 'r2', 'r3', 'r3', 'r4', 'r5', 'r6', 'r7', 'r7', 'r8', 'r9']);
  await start(tenant);
  const once = await allAuditIds(listUrl(tenant, NOW - HOUR, NOW));
  tenant.fault({ kind: 'duplicate-within-page', endpoint: 'feed.audit', times: 1 });
  const twice = await allAuditIds(listUrl(tenant, NOW - HOUR, NOW));
  expect([once.length, twice.length, new Set(twice).size]).toEqual([5, 6, 5]);
});

test('dropped records make two readings differ', async () => {
  const tenant = await withSignIns(200);
  tenant.fault({ kind: 'dropped-records', fraction: 0.2 });
  const [first, second] = [
    await allIds(reportUrl(tenant, SIGN_INS)),
    await allIds(reportUrl(tenant, SIGN_INS)),
  ];
  expect(first.length).toBeLessThan(200);
  expect(first).not.toEqual(second);
});

test('an ignored filter returns everything', async () => {
  const tenant = await withSignIns(30);
  const url = reportUrl(tenant, SIGN_INS, { $filter: "id eq 'r3'" });
  expect(await allIds(url)).toEqual(['r3']);
  tenant.fault({ kind: 'filter-ignored' });
  expect(await allIds(url)).toHaveLength(30);
});

test('empty pages with a next link lose nothing, first, in between and last', async () => {
  const tenant = await withSignIns(10);
  for (const skip of [0, 2]) tenant.fault({ kind: 'empty-page', skip, times: 1 });
  tenant.fault({ kind: 'trailing-link' });
  const sizes: number[] = [];
  const ids: unknown[] = [];
  for (let next: string | undefined = reportUrl(tenant, SIGN_INS, { $top: '5' }); next;) {
    const { body }: Awaited<ReturnType<typeof ask>> = await ask(next);
    sizes.push(body.value.length);
    ids.push(...body.value.map(({ id }) => id));
    next = body['@odata.nextLink'];
  }
  expect(sizes).toEqual([0, 5, 0, 5, 0]);
  expect(ids).toEqual(Array.from({ length: 10 }, (_, at) => `r${at}`));
});

test('an empty page of a content listing has a next page too', async () => {
  const tenant = await startTenant({ records: many(20, audit) });
  await start(tenant);
  tenant.fault({ kind: 'empty-page', endpoint: 'feed.content', times: 1 });
  const first = await ask(listUrl(tenant, NOW - HOUR, NOW));
  expect([first.text, first.headers.get('NextPageUri') !== null]).toEqual(['[]', true]);
  expect(sorted(await allAuditIds(listUrl(tenant, NOW - HOUR, NOW)))).toHaveLength(20);
});

test('links to foreign hosts, in a page, a listing and a content entry', async () => {
  const tenant = await startTenant({
    records: [...many(10, signIn), ...many(600, audit)],
    switches: { feed: { pageSize: 1 } },
  });
  await start(tenant);
  tenant.fault({ kind: 'foreign-next-link' });
  tenant.fault({ kind: 'foreign-content-uri', host: 'evil.example' });
  const page = await ask(reportUrl(tenant, SIGN_INS, { $top: '5' }));
  expect(page.body['@odata.nextLink']).toMatch(/^https:\/\/graph\.microsoft\.com\.attacker\.example\//);
  const listing = await ask(listUrl(tenant, NOW - HOUR, NOW));
  expect(listing.headers.get('NextPageUri')).toMatch(/^https:\/\/manage\.office\.com\.attacker\.example\//);
  expect(listing.text).toContain('"contentUri":"https://evil.example/api/v1.0/');
});

test('an expired token can be said of any request', async () => {
  const tenant = await withSignIns();
  tenant.fault({ kind: 'unauthorized', times: 1 });
  expect((await ask(reportUrl(tenant, SIGN_INS))).status).toBe(401);
  expect((await ask(reportUrl(tenant, SIGN_INS))).status).toBe(200);
});

test('a forbidden fault looks like a missing permission', async () => {
  const tenant = await startTenant();
  tenant.fault({ kind: 'forbidden', endpoint: 'feed.list' });
  expect(errorCode(await ask(feedUrl(tenant, 'subscriptions/list')))).toBe('AF10001');
});

test('a request that was cut off before its headers was carried out all the same', async () => {
  const tenant = await startTenant();
  tenant.fault({ kind: 'cut-before-headers', endpoint: 'feed.start', times: 1 });
  await expect(start(tenant)).rejects.toThrow('fetch failed');
  expect(errorCode(await start(tenant))).toBe('AF20024');
});

test('one content type may answer 401 while the others work', async () => {
  const tenant = await startTenant();
  tenant.fault({ kind: 'status', status: 401, source: 'ual-dlp' });
  expect([(await start(tenant, 'DLP.All')).status, (await start(tenant)).status]).toEqual([401, 200]);
});
