import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { credentialMaker, tenantTokens, type CredentialFacts } from '../../../functions/credentials.ts';
import type { Fetch } from '../../../shared/collect/http-client.ts';
import { guarded } from '../../../shared/collect/transport.ts';
import { exists } from '../../../shared/store/connect.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';

describe('outbound requests', () => {
  const real = vi.fn<Fetch>(() =>
    Promise.resolve({ status: 200, headers: { get: () => null }, body: Readable.from([]) }),
  );
  const refused: string[] = [];
  const fetch = guarded(real, ['https://graph.microsoft.com', 'https://manage.office.com/'], (host) =>
    refused.push(host),
  );

  it.each([
    'https://graph.microsoft.com/beta/auditLogs/signIns',
    'https://GRAPH.microsoft.com/x',
    'https://manage.office.com/api/v1.0/x',
  ])('reach %s', async (url) => expect((await fetch(url)).status).toBe(200));

  it.each([
    'https://graph.microsoft.com.evil.example/x',
    'https://evil.example/?https://graph.microsoft.com',
    'https://graph.microsoft.com@evil.example/x',
    'http://graph.microsoft.com/x',
    'https://graph.microsoft.com:8443/x',
    'https://169.254.169.254/metadata/identity',
    'file:///etc/passwd',
  ])('are refused and counted: %s', async (url) => {
    const [before, calls] = [refused.length, real.mock.calls.length];
    await expect(fetch(url)).rejects.toMatchObject({ code: 'vendor-malformed' });
    expect(refused.length).toBe(before + 1);
    expect(real.mock.calls.length).toBe(calls);
  });
});

const jwt = (tid: string): string => `e30.${Buffer.from(JSON.stringify({ tid })).toString('base64url')}.x`;

describe('tokens of tenants', () => {
  it('come from a credential of the tenant itself, and only those of it are used', async () => {
    const made: string[] = [];
    const make = (tenant: string) => {
      made.push(tenant);
      return { getToken: () => Promise.resolve({ token: jwt(tenant), expiresOnTimestamp: 0 }) };
    };
    expect(await tenantTokens(make, A, 'https://graph.microsoft.com')(false)).toBe(jwt(A));
    expect(await tenantTokens(make, B, 'https://graph.microsoft.com')(false)).toBe(jwt(B));
    expect(made).toEqual([A, B]);
  });

  it("another tenant's token is refused: its records would go under a false name", async () => {
    const make = () => ({ getToken: () => Promise.resolve({ token: jwt(A), expiresOnTimestamp: 0 }) });
    await expect(tenantTokens(make, B, 'https://graph.microsoft.com')(false)).rejects.toMatchObject({
      code: 'vendor-refused',
    });
  });

  it('renewing drops the credential, and with it the cached token', async () => {
    let made = 0;
    const make = () => {
      const token = `token ${++made}`;
      return { getToken: () => Promise.resolve({ token, expiresOnTimestamp: 0 }) };
    };
    const tokens = tenantTokens(make, A, 'https://graph.microsoft.com');
    expect([await tokens(false), await tokens(false), await tokens(true), await tokens(false)]).toEqual([
      'token 1',
      'token 1',
      'token 2',
      'token 2',
    ]);
  });

  it('a failure says nothing of what the library said', async () => {
    const make = () => ({ getToken: () => Promise.reject(new Error('client_assertion=canary')) });
    await expect(tenantTokens(make, A, 'https://graph.microsoft.com')(false)).rejects.toThrow(
      /^No token for https:\/\/graph\.microsoft\.com\.$/,
    );
  });

  it.each([
    ['default', true],
    ['federated', true],
    ['none', false],
  ] as const)('mode %s', (kind, makes) => {
    const facts: CredentialFacts = {
      credential: kind === 'federated' ? { kind, clientId: A } : { kind },
      cloud: 'usgov',
      authority: 'https://login.microsoftonline.us',
      tenants: [A],
    };
    const make = credentialMaker(facts);
    expect(make !== undefined).toBe(makes);
    expect(typeof make?.(A).getToken).toBe(makes ? 'function' : 'undefined');
  });
});

describe('storage that may be used but not created', () => {
  const refusal = (statusCode: number, errorCode: string): Promise<never> =>
    Promise.reject(Object.assign(new Error(errorCode), { statusCode, details: { errorCode } }));

  it('is reported, not refused, where an identity signs in', async () => {
    const told = await exists('archive', refusal(403, 'AuthorizationPermissionMismatch'), true);
    expect(told).toEqual({ name: 'archive', code: 'AuthorizationPermissionMismatch' });
  });

  it('is refused with a connection string, whose key may do all', async () => {
    await expect(exists('archive', refusal(403, 'AuthenticationFailed'), false)).rejects.toThrow(
      'AuthenticationFailed',
    );
  });

  it.each([404, 500, 503])('other answers are errors: %i', async (status) => {
    await expect(exists('archive', refusal(status, 'x'), true)).rejects.toThrow('x');
  });

  it('what is there already is fine', async () => {
    expect(await exists('archive', refusal(409, 'TableAlreadyExists'), false)).toBeUndefined();
  });
});
