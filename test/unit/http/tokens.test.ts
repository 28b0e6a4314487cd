import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { beforeAll, expect, it } from 'vitest';
import { TokenVerifier } from '../../../shared/http/tokens.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const AUTHORITY = 'https://login.microsoftonline.us';
const nowMs = Date.UTC(2026, 10, 24, 12);

let key: CryptoKey;
let jwks: string;
const asked: string[] = [];
beforeAll(async () => {
  const pair = await generateKeyPair('RS256');
  key = pair.privateKey;
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256' }] });
});

const verifier = (
  fetch: typeof globalThis.fetch = (url) => {
    asked.push(url instanceof Request ? url.url : url.toString());
    return Promise.resolve(new Response(jwks, { headers: { 'content-type': 'application/json' } }));
  },
) =>
  new TokenVerifier({
    audiences: ['api://x', 'client'],
    tenants: [A],
    authority: AUTHORITY,
    fetch,
    now: () => nowMs,
  });

const token = (claims: JWTPayload = {}, alg = 'RS256'): Promise<string> =>
  new SignJWT({
    tid: A,
    oid: 'o1',
    roles: ['Reader', 5, 'Admin'],
    groups: ['g1'],
    aud: 'api://x',
    iss: `${AUTHORITY}/${A}/v2.0`,
    iat: nowMs / 1000 - 10,
    exp: nowMs / 1000 + 600,
    ...claims,
  })
    .setProtectedHeader({ alg, kid: 'k1' })
    .sign(alg === 'RS256' ? key : new TextEncoder().encode(jwks.padEnd(64)));

it("takes a token of the cloud's own authority, with keys of the tenant itself", async () => {
  expect(await verifier().verify(await token())).toEqual({
    id: 'o1',
    name: 'o1',
    tenant: A,
    roles: ['Reader', 'Admin', 'g1'],
  });
  expect(asked.at(-1)).toBe(`${AUTHORITY}/${A}/discovery/v2.0/keys`);
});

it('takes v1 tokens, and an application without a user', async () => {
  const v1 = await token({ iss: `https://sts.windows.net/${A}/`, aud: 'client', oid: 'sp', appid: 'app1' });
  expect(await verifier().verify(v1)).toMatchObject({ id: 'sp', name: 'app1' });
});

it.each([
  ['issuer of another tenant', { iss: `${AUTHORITY}/${B}/v2.0` }],
  ['issuer of another cloud', { iss: `https://login.microsoftonline.com/${A}/v2.0` }],
  ['tenant that is not accepted', { tid: B, iss: `${AUTHORITY}/${B}/v2.0` }],
  ['no tenant', { tid: undefined }],
  ['another audience', { aud: 'https://graph.microsoft.com' }],
  ['expired', { exp: nowMs / 1000 - 120 }],
  ['not yet valid', { nbf: nowMs / 1000 + 600 }],
  ['no expiry', { exp: undefined }],
  ['nobody', { oid: undefined }],
])('refuses: %s', async (_why, claims) => {
  await expect(verifier().verify(await token(claims as JWTPayload))).rejects.toMatchObject({
    code: 'unauthenticated',
  });
});

it('refuses a shared-secret signature made from the public key', async () => {
  await expect(verifier().verify(await token({}, 'HS256'))).rejects.toMatchObject({
    code: 'unauthenticated',
  });
});

it.each(['', 'a.b.c', 'x', 'a'.repeat(40_000)])('refuses nonsense without asking anyone', async (text) => {
  const before = asked.length;
  await expect(verifier().verify(text)).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(asked.length).toBe(before);
});

it('keys that cannot be fetched are an outage, not a refusal', async () => {
  const down = verifier(() => Promise.reject(new TypeError('fetch failed')));
  await expect(down.verify(await token())).rejects.toMatchObject({ code: 'unavailable' });
});
