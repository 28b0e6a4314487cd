import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostProcess } from '../../../infra/local/host/process.ts';
import { ROUTES } from '../../../shared/http/routes/index.ts';
import type { Route } from '../../../shared/http/route.ts';
import { isBuilt } from './built.ts';
import { fill, startSmallArchive, TENANT_A, TENANT_B, type SmallArchive } from './archive.ts';
import { AUDIENCE, startEntra, type Entra, type TokenClaims } from './entra.ts';

/** Every route of the contract, tried with every kind of credentials, over real sockets. */

const STRANGER = '33333333-3333-4333-8333-333333333333';
const USER = 'johanna.lindqvist@contoso.example';
const KEYS = { master: 'master-canary-key', default: 'default-canary-key' };

let archive: SmallArchive;
let entra: Entra;
let host: HostProcess;

beforeAll(async () => {
  archive = await startSmallArchive();
  await fill(archive);
  entra = await startEntra([TENANT_A, TENANT_B]);
  host = await archive.host({
    TENANT_ID: `${TENANT_A},${TENANT_B}`,
    AUTH_MODE: 'entra',
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_ISSUER_TENANTS: `${TENANT_A},${TENANT_B}`,
    AUTH_ROLE_MAP: `soc-group=Investigator@${TENANT_B}`,
    AUTHORITY_ENDPOINT: entra.authority,
    LIMIT_PER_MINUTE: '100000',
    LIMIT_EXPENSIVE_PER_MINUTE: '100000',
  });
});
afterAll(async () => {
  await host.stop();
  await entra.stop();
  await archive.stop();
});

const pathOf = (route: Route): string =>
  `/api${route.path.replace('{kind}', 'user').replace('{key}', USER).replace('{id}', STRANGER)}`;

const call = (
  route: Route,
  headers: Record<string, string>,
  query = `?tenant=${TENANT_A}`,
): Promise<Response> =>
  fetch(host.url + pathOf(route) + (route.query?.shape['tenant'] ? query : ''), {
    method: route.method.toUpperCase(),
    redirect: 'manual',
    headers: { ...headers, ...(route.body && { 'content-type': route.body.type }) },
    ...(route.body && { body: '{}' }),
  });

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

const SECURITY = [
  'x-content-type-options',
  'content-security-policy',
  'cache-control',
  'strict-transport-security',
];
const expectSecured = (response: Response): void =>
  expect(SECURITY.filter((name) => !response.headers.get(name))).toEqual([]);

const forged = {
  'x-ms-client-principal': Buffer.from(
    JSON.stringify({
      auth_typ: 'aad',
      role_typ: 'roles',
      claims: [
        { typ: 'oid', val: STRANGER },
        { typ: 'tid', val: TENANT_A },
        ...['Reader', 'Investigator', 'Admin'].map((val) => ({ typ: 'roles', val })),
      ],
    }),
  ).toString('base64'),
  'x-ms-client-principal-id': STRANGER,
  'x-ms-client-principal-idp': 'aad',
};

const unsigned = (claims: object): string =>
  [{ alg: 'none', typ: 'JWT' }, claims, '']
    .map((p) => (p === '' ? '' : Buffer.from(JSON.stringify(p)).toString('base64url')))
    .join('.');

const ALL = ['Reader', 'Investigator', 'Admin'] as const;
const strangers: readonly (readonly [string, () => Promise<Record<string, string>>])[] = [
  ['no credentials', () => Promise.resolve({})],
  ['a function key where tokens are asked for', () => Promise.resolve({ 'x-functions-key': KEYS.default })],
  ['a forged X-MS-CLIENT-PRINCIPAL', () => Promise.resolve(forged)],
  [
    'a token of a foreign key',
    async () => bearer(await entra.token({ tid: TENANT_A, roles: ALL }, 'foreign')),
  ],
  ['an expired token', async () => bearer(await entra.token({ tid: TENANT_A, roles: ALL, expires: -3600 }))],
  [
    'a token for another API',
    async () => bearer(await entra.token({ tid: TENANT_A, roles: ALL, aud: 'api://other' })),
  ],
  [
    'a token of a tenant that is not accepted',
    async () => bearer(await entra.token({ tid: STRANGER, roles: ALL })),
  ],
  [
    'a token whose issuer is another tenant',
    async () =>
      bearer(await entra.token({ tid: TENANT_A, roles: ALL, iss: `${entra.authority}/${STRANGER}/v2.0` })),
  ],
  [
    'an unsigned token',
    () =>
      Promise.resolve(
        bearer(unsigned({ tid: TENANT_A, roles: ALL, aud: AUDIENCE, oid: STRANGER, exp: 4_000_000_000 })),
      ),
  ],
  ['nonsense', () => Promise.resolve(bearer('nonsense'))],
];

const named = (route: Route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const;
const unbuilt = ROUTES.filter((route) => !isBuilt(route)).map(named);

it('lets nobody into a route that has no function', async () => {
  const headers = bearer(await entra.token({ tid: TENANT_A, roles: ALL }));
  const answers = await Promise.all(unbuilt.map(([, route]) => call(route, headers)));
  expect(answers.map((r) => r.status)).toEqual(unbuilt.map(() => 404));
});

describe.each(ROUTES.filter(isBuilt).map(named))('%s', (_name, route) => {
  it.each(strangers)('answers 401 to %s', async (_who, credentials) => {
    const response = await call(route, await credentials());
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expectSecured(response);
  });

  it('answers 403 to a token without roles', async () => {
    const response = await call(route, bearer(await entra.token({ tid: TENANT_A })));
    expect(response.status).toBe(403);
    expectSecured(response);
  });

  it.each(ALL)('lets role %s in, or not, as the contract says', async (role) => {
    const response = await call(route, bearer(await entra.token({ tid: TENANT_A, roles: [role] })));
    const allowed = route.role === 'any' || route.role === role;
    expect(response.status === 403).toBe(!allowed);
    expect([401, 500]).not.toContain(response.status);
    expectSecured(response);
  });

  it.each([
    ['a role for tenant B only', { tid: TENANT_A, roles: ALL.map((r) => `${r}@${TENANT_B}`) }],
    [
      "a token of tenant B that claims tenant A's role",
      { tid: TENANT_B, roles: ALL.map((r) => `${r}@${TENANT_A}`) },
    ],
    ['a token of tenant B with roles for all', { tid: TENANT_B, roles: ALL }],
  ])("keeps tenant A's data from %s", async (_who, claims) => {
    const headers = bearer(await entra.token(claims));
    const response = await call(route, headers, `?tenant=${TENANT_A}`);
    const body = await response.text();
    // The document and the rules are the same for every tenant; health speaks of the caller's own tenants.
    const common = ['/openapi.json', '/rules', '/health'].includes(route.path);
    expect(common ? [200, 403] : [400, 403, 404]).toContain(response.status);
    expect(body).not.toMatch(common ? /@contoso/ : /contoso/);
    expect(body).not.toContain(TENANT_A);
  });
});

describe('tenants', () => {
  const coverage = ROUTES.find((r) => r.path === '/coverage')!;
  const entity = ROUTES.find((r) => r.path === '/entities/{kind}/{key}')!;

  it('an operator with roles for all reads A, and a caller of B reads B without naming it', async () => {
    const all = bearer(await entra.token({ tid: TENANT_A, roles: ALL }));
    expect((await call(coverage, all)).status).toBe(200);
    expect((await call(coverage, all, '')).status).toBe(400);
    const ofB = bearer(await entra.token({ tid: TENANT_B, roles: ALL }));
    expect((await call(coverage, ofB, '')).status).toBe(200);
  });

  it('health of B knows nothing of what A has collected', async () => {
    const health = ROUTES.find((r) => r.path === '/health')!;
    const lags = async (claims: TokenClaims): Promise<unknown[]> => {
      const response = await call(health, bearer(await entra.token(claims)));
      return ((await response.json()) as { sources: { lagSeconds: unknown }[] }).sources.map(
        (s) => s.lagSeconds,
      );
    };
    expect(new Set(await lags({ tid: TENANT_B, roles: ALL }))).toEqual(new Set([null]));
    expect(new Set(await lags({ tid: TENANT_A, roles: ALL })).size).toBeGreaterThan(1);
  });

  it('a known user of A is not there for a caller of B', async () => {
    const ofB = bearer(await entra.token({ tid: TENANT_B, roles: ALL }));
    expect((await call(entity, ofB, '')).status).toBe(404);
  });

  it('answers a tenant of others as it answers one that is not kept', async () => {
    const ofB = bearer(await entra.token({ tid: TENANT_B, roles: ALL }));
    const [kept, unknown] = await Promise.all(
      [TENANT_A, STRANGER].map((t) => call(coverage, ofB, `?tenant=${t}`)),
    );
    const [a, b] = [await kept!.json(), await unknown!.json()] as Record<string, unknown>[];
    expect(kept!.status).toBe(403);
    expect({ ...a, instance: '' }).toEqual({ ...b, instance: '' });
  });

  it('a mapped group stands for its role in its tenant', async () => {
    const mapped = bearer(await entra.token({ tid: TENANT_A, roles: ['soc-group'] }));
    expect((await call(entity, mapped, `?tenant=${TENANT_B}`)).status).toBe(404);
    expect((await call(entity, mapped, `?tenant=${TENANT_A}`)).status).toBe(403);
    expect((await call(coverage, mapped, `?tenant=${TENANT_B}`)).status).toBe(403);
  });
});
