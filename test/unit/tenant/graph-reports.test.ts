import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PublishedSource } from '../../../infra/local/tenant/records.ts';
import {
  allIds,
  ask,
  DAY,
  errorCode,
  HOUR,
  iso,
  many,
  MINUTE,
  NOW,
  onSource,
  reportUrl,
  SECOND,
  SIGN_INS,
  signIn,
  sorted,
  startTenant,
} from './harness.ts';

const filtered = (filter: string, more: Record<string, string> = {}) => ({ $filter: filter, ...more });

test('a page holds the records byte for byte, newest first, and links absolutely to the next', async () => {
  const records = [signIn('old', NOW - 2 * MINUTE), signIn('new', NOW - MINUTE, { note: 'é\u0000 1.0' })];
  const tenant = await startTenant({ records });
  const first = await ask(reportUrl(tenant, SIGN_INS, { $top: '1' }));
  expect(first.text).toContain(`"value":[${records[1]!.text}]}`);
  expect(first.body['@odata.nextLink']).toMatch(
    new RegExp(
      `^${tenant.origin}/beta/auditLogs/signIns\\?%24top=1|^${tenant.origin}/beta/auditLogs/signIns\\?\\$top=1`,
    ),
  );
  const second = await ask(first.body['@odata.nextLink']!);
  expect(second.text).toContain(`"value":[${records[0]!.text}]}`);
  expect(second.body['@odata.nextLink']).toBeUndefined();
});

test('answers carry request-id, the echoed client-request-id and the tenant’s own date', async () => {
  const tenant = await startTenant();
  const { headers } = await ask(reportUrl(tenant, SIGN_INS), { headers: { 'client-request-id': 'mine' } });
  expect(headers.get('request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers.get('client-request-id')).toBe('mine');
  expect(headers.get('date')).toBe('Tue, 24 Nov 2026 12:00:00 GMT');
  expect(headers.get('content-type')).toContain('application/json');
});

test('the default page is 1,000 records, which is also the most', async () => {
  const tenant = await startTenant({ records: many(1500, signIn) });
  const { body } = await ask(reportUrl(tenant, SIGN_INS));
  expect(body.value).toHaveLength(1000);
  const refused = await ask(reportUrl(tenant, SIGN_INS, { $top: '1001' }));
  expect([refused.status, errorCode(refused)]).toEqual([400, 'BadRequest']);
  expect((await ask(reportUrl(tenant, SIGN_INS, { $top: '0' }))).status).toBe(400);
  expect(await allIds(reportUrl(tenant, SIGN_INS))).toHaveLength(1500);
});

const STREAMS: readonly (readonly [PublishedSource, string])[] = [
  ['signins-interactive', 'interactiveUser'],
  ['signins-noninteractive', 'nonInteractiveUser'],
  ['signins-serviceprincipal', 'servicePrincipal'],
  ['signins-managedidentity', 'managedIdentity'],
];

test('each event type is its own stream; without a filter only interactive sign-ins come', async () => {
  const records = STREAMS.map(([source, type]) => onSource(source, signIn(type, NOW - MINUTE)));
  const tenant = await startTenant({ records });
  for (const [, type] of STREAMS) {
    const url = reportUrl(
      tenant,
      SIGN_INS,
      filtered(`createdDateTime ge ${iso(NOW - HOUR)} and signInEventTypes/any(t: t eq '${type}')`),
    );
    expect(await allIds(url)).toEqual([type]);
  }
  expect(await allIds(reportUrl(tenant, SIGN_INS))).toEqual(['interactiveUser']);
});

test('user types may be joined in one lambda, and pages keep them in one time order', async () => {
  const records = many(50, signIn).map((record, at) =>
    onSource(at % 2 ? 'signins-noninteractive' : 'signins-interactive', record),
  );
  const tenant = await startTenant({ records });
  const filter = "signInEventTypes/any(t:t eq 'interactiveUser' or t eq 'nonInteractiveUser')";
  const ids = await allIds(reportUrl(tenant, SIGN_INS, filtered(filter, { $top: '7' })));
  expect(ids).toEqual(Array.from({ length: 50 }, (_, at) => `r${at}`));
  const mixed = "signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'servicePrincipal')";
  expect((await ask(reportUrl(tenant, SIGN_INS, filtered(mixed)))).status).toBe(400);
});

test('v1.0 neither knows signInEventTypes nor returns beta properties', async () => {
  const tenant = await startTenant({
    records: [signIn('a', NOW - MINUTE, { userType: 'member', riskState: 'none' })],
  });
  const url = reportUrl(
    tenant,
    'v1.0/auditLogs/signIns',
    filtered("signInEventTypes/any(t: t eq 'interactiveUser')"),
  );
  const refused = await ask(url);
  expect(refused.status).toBe(400);
  expect(refused.body.error.message).toBe(
    "Could not find a property named 'signInEventTypes' on type 'microsoft.graph.signIn'",
  );
  const { body } = await ask(reportUrl(tenant, 'v1.0/auditLogs/signIns'));
  expect(Object.keys(body.value[0]!)).toEqual(['id', 'createdDateTime', 'userPrincipalName', 'riskState']);
  tenant.set({ signInEventTypesOnV1: true });
  expect((await ask(url)).status).toBe(200);
});

test.each([
  ['a quoted date', `createdDateTime ge '${iso(NOW - HOUR)}'`, 'Invalid filter clause'],
  ['a date older than 90 days', `createdDateTime ge ${iso(NOW - 91 * DAY)}`, 'Invalid filter clause'],
  [
    'an unknown property',
    "nickName eq 'a'",
    "Could not find a property named 'nickName' on type 'microsoft.graph.signIn'",
  ],
  ['an unquoted text', 'appId eq abc', 'Invalid filter clause'],
  ['a time without zone', 'createdDateTime ge 2026-11-24T00:00:00', 'Invalid filter clause'],
  ['an open parenthesis', `(createdDateTime ge ${iso(NOW - HOUR)}`, 'Invalid filter clause'],
  ['an unknown function', "endswith(appId,'a')", 'Invalid filter clause'],
  ['rest after the end', `createdDateTime ge ${iso(NOW - HOUR)} )`, 'Invalid filter clause'],
])('%s is refused with 400', async (_, filter, message) => {
  const tenant = await startTenant();
  const { status, body } = await ask(reportUrl(tenant, SIGN_INS, filtered(filter)));
  expect([status, body.error.code, body.error.message]).toEqual([400, 'BadRequest', message]);
  expect(body.error.innerError['request-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('the documented filters select what they say', async () => {
  const tenant = await startTenant({
    records: [
      signIn('a', NOW - 4 * MINUTE, { appDisplayName: "O'Brien's app", status: { errorCode: 50126 } }),
      signIn('b', NOW - 3 * MINUTE, {
        appDisplayName: 'Azure Portal',
        status: { errorCode: 0 },
        isInteractive: true,
      }),
      signIn('c', NOW - 2 * MINUTE, {
        userPrincipalName: 'Bob@Contoso.example',
        riskEventTypes_v2: ['leakedCredentials'],
      }),
    ],
  });
  const select = (filter: string) => allIds(reportUrl(tenant, SIGN_INS, filtered(filter)));
  expect(await select("appDisplayName eq 'O''Brien''s app'")).toEqual(['a']);
  expect(await select("startsWith(appDisplayName,'Azure')")).toEqual(['b']);
  expect(await select('status/errorCode eq 50126 or isInteractive eq true')).toEqual(['b', 'a']);
  expect(await select('not (status/errorCode eq 0)')).toEqual(['c', 'a']);
  expect(await select("userPrincipalName eq 'bob@contoso.example'")).toEqual(['c']);
  expect(await select("userPrincipalName eq 'Bob@Contoso.example'")).toEqual([]);
  expect(await select("riskEventTypes_v2/any(r: r eq 'leakedCredentials')")).toEqual(['c']);
  expect(await select(`createdDateTime ge ${iso(NOW).slice(0, 10)} and id ne 'b'`)).toEqual(['c', 'a']);
});

test('both edges of a window are inside, to the vendor’s last digit', async () => {
  const at = NOW - HOUR;
  const fine = {
    ...signIn('fine', at),
    text: `{"id":"fine","createdDateTime":"${iso(at).slice(0, -1)}.0000001Z"}`,
  };
  const tenant = await startTenant({ records: [signIn('edge', at), fine, signIn('after', at + SECOND)] });
  const within = (filter: string) => allIds(reportUrl(tenant, SIGN_INS, filtered(filter))).then(sorted);
  expect(await within(`createdDateTime ge ${iso(at)} and createdDateTime le ${iso(at)}`)).toEqual(['edge']);
  expect(await within(`createdDateTime gt ${iso(at)} and createdDateTime lt ${iso(at + SECOND)}`)).toEqual([
    'fine',
  ]);
  tenant.set({ gtAndLt: 'ignored' });
  expect(
    await within(`createdDateTime gt ${iso(at)} and createdDateTime lt ${iso(at + SECOND)}`),
  ).toHaveLength(3);
});

test('property: paging a filtered report gives exactly what a linear scan gives', async () => {
  const spec = fc.record({ second: fc.integer({ min: 1, max: 40 }), app: fc.constantFrom('x', 'y') });
  await fc.assert(
    fc.asyncProperty(
      fc.array(spec, { maxLength: 30 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 40 }),
      fc.boolean(),
      async (specs, top, from, to, ascending) => {
        const records = specs.map(({ second, app }, at) =>
          signIn(`${at}`, NOW - second * SECOND, { appId: app }),
        );
        const tenant = await startTenant({ records });
        const [low, high] = [NOW - from * SECOND, NOW - to * SECOND];
        const filter = `(createdDateTime ge ${iso(low)} and createdDateTime le ${iso(high)}) and appId eq 'x'`;
        const orderby = `createdDateTime ${ascending ? 'asc' : 'desc'}`;
        const ids = await allIds(
          reportUrl(tenant, SIGN_INS, filtered(filter, { $top: `${top}`, $orderby: orderby })),
        );
        const sign = ascending ? 1 : -1;
        const expected = records
          .map((record, at) => ({ ms: record.eventMs, at, app: specs[at]!.app }))
          .filter(({ ms, app }) => ms >= low && ms <= high && app === 'x')
          .sort((a, b) => sign * (a.ms - b.ms || a.at - b.at));
        expect(ids).toEqual(expected.map(({ at }) => `${at}`));
        await tenant.stop();
      },
    ),
    { numRuns: 25 },
  );
});

test('$select keeps the named members, and $orderby refuses what cannot be ordered', async () => {
  const tenant = await startTenant({ records: [signIn('a', NOW - MINUTE)] });
  const { body } = await ask(reportUrl(tenant, SIGN_INS, { $select: 'id,sessionId' }));
  expect(body.value).toEqual([{ id: 'a', sessionId: 'session' }]);
  expect((await ask(reportUrl(tenant, SIGN_INS, { $orderby: 'userPrincipalName' }))).status).toBe(400);
});

test('a record is served from availableMs until goneMs, and late ones appear behind', async () => {
  const late = signIn('late', NOW - 2 * HOUR, {}, { availableMs: NOW + HOUR });
  const first = signIn('v', NOW - HOUR, { riskState: 'none' }, { goneMs: NOW + 2 * HOUR });
  const second = signIn('v', NOW - HOUR, { riskState: 'atRisk' }, { availableMs: NOW + 2 * HOUR });
  const tenant = await startTenant({ records: [late, first, second] });
  const texts = async () => (await ask(reportUrl(tenant, SIGN_INS))).text;
  expect(await texts()).toContain(`[${first.text}]`);
  tenant.advance(HOUR);
  expect(await texts()).toContain(`[${first.text},${late.text}]`);
  tenant.advance(HOUR);
  expect(await texts()).toContain(`[${second.text},${late.text}]`);
});

test('revise replaces the version that is served', async () => {
  const tenant = await startTenant({ records: [signIn('a', NOW - HOUR, { riskState: 'none' })] });
  tenant.revise({ source: 'signins-interactive', id: 'a', set: { riskState: 'atRisk' } });
  const { body } = await ask(reportUrl(tenant, SIGN_INS));
  expect(body.value.map((record) => record['riskState'])).toEqual(['atRisk']);
  expect(() => tenant.revise({ source: 'signins-interactive', id: 'b', set: {} })).toThrow('has no record b');
});

test('what is older than the vendor keeps is gone; a free tenant keeps seven days of audits', async () => {
  const old = onSource('directory-audits', signIn('old', NOW - 8 * DAY));
  const ancient = onSource('directory-audits', signIn('ancient', NOW - 31 * DAY));
  const tenant = await startTenant({ records: [old, ancient] });
  const url = reportUrl(tenant, 'beta/auditLogs/directoryAudits');
  expect(await allIds(url)).toEqual(['old']);
  tenant.set({ licence: 'free' });
  expect(await allIds(url)).toEqual([]);
});

test('directory audits and provisioning have their own time property', async () => {
  const text = JSON.stringify({
    id: 'd',
    activityDateTime: iso(NOW - MINUTE),
    initiatedBy: { user: { userPrincipalName: 'alice@contoso.example' } },
  });
  const record = { text, eventMs: NOW - MINUTE, availableMs: NOW - MINUTE };
  const tenant = await startTenant({
    records: [
      { ...record, source: 'directory-audits' },
      { ...record, source: 'provisioning' },
    ],
  });
  const filter = `activityDateTime ge ${iso(NOW - HOUR)}`;
  const byUser = `${filter} and initiatedBy/user/userPrincipalName eq 'alice@contoso.example'`;
  expect(await allIds(reportUrl(tenant, 'v1.0/auditLogs/directoryAudits', filtered(byUser)))).toEqual(['d']);
  expect(await allIds(reportUrl(tenant, 'v1.0/auditLogs/provisioning', filtered(filter)))).toEqual(['d']);
  const wrong = await ask(
    reportUrl(tenant, 'beta/auditLogs/directoryAudits', filtered(`createdDateTime ge ${iso(NOW)}`)),
  );
  expect(wrong.status).toBe(400);
});

test('risk detections: 20 a page by default, 500 at most, filtered by when they changed, no $orderby', async () => {
  const records = many(600, (id, ms) => {
    const text = JSON.stringify({
      id,
      detectedDateTime: iso(ms),
      lastUpdatedDateTime: iso(id === 'r500' ? NOW : ms),
    });
    return { source: 'risk-detections' as const, text, eventMs: ms, availableMs: ms };
  });
  const tenant = await startTenant({ records });
  const path = 'v1.0/identityProtection/riskDetections';
  expect((await ask(reportUrl(tenant, path))).body.value).toHaveLength(20);
  expect((await ask(reportUrl(tenant, path, { $top: '501' }))).status).toBe(400);
  expect(await allIds(reportUrl(tenant, path, { $top: '500' }))).toHaveLength(600);
  expect(await allIds(reportUrl(tenant, path, filtered(`lastUpdatedDateTime ge ${iso(NOW)}`)))).toEqual([
    'r500',
  ]);
  expect((await ask(reportUrl(tenant, path, { $orderby: 'detectedDateTime' }))).status).toBe(400);
});

test('page tokens are opaque: following verbatim works, every kind of mangling is 400', async () => {
  const tenant = await startTenant({ records: many(30, signIn) });
  const { body } = await ask(reportUrl(tenant, SIGN_INS, { $top: '10' }));
  const link: string = body['@odata.nextLink']!;
  const [before, token] = link.split('$skiptoken=') as [string, string];
  for (const part of ['$', '%2B', '+', '=', '!']) expect(token).toContain(part);
  expect((await ask(link)).status).toBe(200);
  expect((await ask(new URL(link).href)).status).toBe(200);
  const mangled = [
    decodeURIComponent(token),
    encodeURIComponent(token),
    token.replaceAll('%2B', '%252B'),
    /^[\w\d]+/.exec(token)![0],
    token.split('=')[0]!,
    token.replace('$', ''),
    token.replace('!', ''),
  ];
  for (const bad of mangled) expect((await ask(`${before}$skiptoken=${bad}`)).status).toBe(400);
});
