import { describe, expect, it } from 'vitest';
import { readSettings, type Settings } from '../../../shared/config.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { identify } from '../../../shared/http/caller.ts';
import { platformPrincipal } from '../../../shared/http/principal.ts';
import type { TokenVerifier } from '../../../shared/http/tokens.ts';
import { confine, grantsOf, parseGrant, tenantsWith } from '../../../shared/http/roles.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';

const AZURE = {
  ARCHIVE_STORAGE__accountName: 'sthf1',
  WEBSITE_INSTANCE_ID: 'x',
  WEBSITE_AUTH_ENABLED: 'True',
};
const settings = (env: Record<string, string>): Settings => readSettings({ TENANT_ID: `${A},${B}`, ...env });

const principal = (claims: readonly (readonly [string, string])[]): string =>
  Buffer.from(
    JSON.stringify({
      auth_typ: 'aad',
      role_typ: 'roles',
      claims: claims.map(([typ, val]) => ({ typ, val })),
    }),
  ).toString('base64');
const of = (headers: Record<string, string>, env: Record<string, string>) =>
  identify(new Headers(headers), settings(env).access, undefined);

describe('the principal of App Service authentication', () => {
  const header = {
    'x-ms-client-principal': principal([
      ['oid', 'o1'],
      ['tid', A],
      ['roles', 'Reader'],
    ]),
  };

  it('is believed on App Service with authentication on', async () => {
    const caller = await of(header, AZURE);
    expect(caller).toMatchObject({ id: 'o1', roles: ['Reader'], grants: [{ role: 'Reader', tenant: '*' }] });
  });

  it.each([
    ['authentication is off', { ...AZURE, WEBSITE_AUTH_ENABLED: 'False' }],
    ['the setting is not there', { ARCHIVE_STORAGE__accountName: 'sthf1', WEBSITE_INSTANCE_ID: 'x' }],
    ['there is no instance of App Service', { ...AZURE, WEBSITE_INSTANCE_ID: '' }],
    ['the host is a workstation', { ...AZURE, AZURE_FUNCTIONS_ENVIRONMENT: 'Development' }],
    ['storage is the emulator', { ...AZURE, ARCHIVE_STORAGE: 'UseDevelopmentStorage=true' }],
    [
      'storage is plain http',
      { ...AZURE, ARCHIVE_STORAGE: 'AccountName=a;AccountKey=b;BlobEndpoint=http://127.0.0.1:1/a' },
    ],
  ])('is ignored where %s', async (_why, env) => {
    await expect(of(header, { ...env, AUTH_MODE: 'entra' })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect((await of(header, { ...env, AUTH_KEY_ROLES: 'none' })).roles).toEqual([]);
  });

  it.each([
    ['no JSON', 'AAAA'],
    ['no claims', Buffer.from('{}').toString('base64')],
    ['too long', 'A'.repeat(70_000)],
    ['nobody', principal([['roles', 'Admin']])],
  ])('is refused when it is %s', (_why, text) => {
    expect(() => platformPrincipal(text)).toThrow(
      expect.objectContaining({ code: 'unauthenticated' }) as Error,
    );
  });

  it('of another tenant is confined to that tenant', async () => {
    const foreign = {
      'x-ms-client-principal': principal([
        ['oid', 'o1'],
        ['tid', B],
        ['roles', 'Admin'],
        ['roles', `Reader@${A}`],
      ]),
    };
    const caller = await of(foreign, { ...AZURE, AUTH_ISSUER_TENANTS: `${A},${B}` });
    expect(caller.grants).toEqual([{ role: 'Admin', tenant: B }]);
  });
});

describe('a function key', () => {
  it('may do all by default, and what the setting says otherwise', async () => {
    expect((await of({}, AZURE)).roles).toEqual(['Reader', 'Investigator', 'Admin']);
    expect((await of({}, { ...AZURE, AUTH_KEY_ROLES: 'Reader' })).roles).toEqual(['Reader']);
    expect((await of({}, { ...AZURE, AUTH_KEY_ROLES: 'none' })).roles).toEqual([]);
  });

  it('is worth nothing in mode entra', async () => {
    await expect(of({ 'x-functions-key': 'k' }, { ...AZURE, AUTH_MODE: 'entra' })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });
});

describe('a token beside a function key', () => {
  const access = settings({ ...AZURE, AUTH_AUDIENCE: 'api://x', AUTH_ISSUER_TENANTS: A }).access;
  const headers = new Headers({ 'x-functions-key': 'k', authorization: 'Bearer t' });
  const verifier = (verify: TokenVerifier['verify']): TokenVerifier => ({ verify }) as TokenVerifier;

  it("replaces the key's roles by its own", async () => {
    const reader = verifier(() => Promise.resolve({ id: 'o1', name: 'ann', tenant: A, roles: ['Reader'] }));
    expect(await identify(headers, access, reader)).toMatchObject({ name: 'ann', roles: ['Reader'] });
  });

  it('that fails is not overruled by the key', async () => {
    const failing = verifier(() => Promise.reject(new HoldfastError('unauthenticated', 'no')));
    await expect(identify(headers, access, failing)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('grants', () => {
  it.each([
    ['Reader', { role: 'Reader', tenant: '*' }],
    [`Admin@${A.toUpperCase()}`, { role: 'Admin', tenant: A }],
    ['reader', undefined],
    ['Admin@', undefined],
    ['Admin@contoso', undefined],
    [`Admin@${A}@${B}`, undefined],
    ['', undefined],
  ])('of %j', (text, grant) => expect(parseGrant(text)).toEqual(grant));

  it('come from mapped values too, and from nothing unknown', () => {
    const map = new Map([['g1', { role: 'Investigator' as const, tenant: B }]]);
    expect(grantsOf(['g1', 'Global Administrator', 'constructor'], map)).toEqual([
      { role: 'Investigator', tenant: B },
    ]);
  });

  it('reach the tenants they name', () => {
    const grants = [
      { role: 'Reader' as const, tenant: '*' },
      { role: 'Admin' as const, tenant: B },
    ];
    expect(tenantsWith(grants, 'Reader', [A, B])).toEqual([A, B]);
    expect(tenantsWith(grants, 'Admin', [A, B])).toEqual([B]);
    expect(tenantsWith(grants, 'Investigator', [A, B])).toEqual([]);
  });

  it('of a token without a tenant are void once an operator is named', () => {
    expect(confine([{ role: 'Admin', tenant: '*' }], undefined, A)).toEqual([]);
  });
});
