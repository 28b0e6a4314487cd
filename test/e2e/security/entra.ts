import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

/** A stand-in for Entra ID's signing keys, over real HTTP, and tokens as it would sign them. */
export interface Entra {
  readonly authority: string;
  /** Signs a token of the tenant; claims given replace the usual ones. */
  token(claims: TokenClaims, key?: 'own' | 'foreign'): Promise<string>;
  stop(): Promise<void>;
}

export interface TokenClaims {
  readonly tid: string;
  readonly roles?: readonly string[];
  readonly aud?: string;
  readonly iss?: string;
  readonly oid?: string;
  /** Seconds from now. */
  readonly expires?: number;
}

export const AUDIENCE = 'api://holdfast-test';

export async function startEntra(tenants: readonly string[]): Promise<Entra> {
  const own = await generateKeyPair('RS256');
  const foreign = await generateKeyPair('RS256');
  const jwks = JSON.stringify({
    keys: [{ ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }],
  });
  const server = createServer((request, response) => {
    const known = tenants.some((t) => request.url === `/${t}/discovery/v2.0/keys`);
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' }).end(known ? jwks : '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const authority = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    authority,
    token: (claims, key = 'own') =>
      sign(authority, claims, key === 'own' ? own.privateKey : foreign.privateKey),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function sign(authority: string, c: TokenClaims, key: CryptoKey): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    tid: c.tid,
    oid: c.oid ?? '0f0e0d0c-0000-4000-8000-000000000001',
    preferred_username: 'investigator@contoso.example',
    ...(c.roles && { roles: c.roles }),
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1', typ: 'JWT' })
    .setIssuer(c.iss ?? `${authority}/${c.tid}/v2.0`)
    .setAudience(c.aud ?? AUDIENCE)
    .setIssuedAt(now - 60)
    .setExpirationTime(now + (c.expires ?? 3600))
    .sign(key);
}
