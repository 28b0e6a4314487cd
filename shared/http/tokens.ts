import {
  createRemoteJWKSet,
  customFetch,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { HoldfastError } from '../errors.ts';
import { principalOf, type Principal } from './principal.ts';

export interface TokenTrust {
  /** Accepted `aud`: the API's client id, `api://…`. */
  readonly audiences: readonly string[];
  /** Tenants whose tokens are accepted. */
  readonly tenants: readonly string[];
  /** `https://login.microsoftonline.com` or the cloud's. */
  readonly authority: string;
  readonly fetch?: typeof globalThis.fetch;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Issuers of v1 tokens, which name another host than the authority. */
const V1_ISSUERS: Readonly<Record<string, string>> = {
  'https://login.chinacloudapi.cn': 'https://sts.chinacloudapi.cn',
  'https://login.partner.microsoftonline.cn': 'https://sts.chinacloudapi.cn',
};

const issuersOf = (authority: string, tenant: string): string[] => [
  `${authority}/${tenant}/v2.0`,
  `${V1_ISSUERS[authority] ?? 'https://sts.windows.net'}/${tenant}/`,
];

const denied = (message: string, cause?: unknown): HoldfastError =>
  new HoldfastError('unauthenticated', message, {
    remedy: 'Ask for a new access token for this API, from a tenant that is accepted here.',
    cause,
  });

/** Entra ID signs with RS256 and nothing else; `none` and shared-secret algorithms must never be negotiable. */
const ALGORITHMS = ['RS256'];
const CLOCK_SLACK_SECONDS = 60;
const MAX_TOKEN = 32 * 1024;

/**
 * Validates Entra ID access tokens: signature by a key of the tenant itself, issuer, audience, times. The tenant is
 * taken from a list before any key is fetched: a token cannot name the host its keys come from.
 */
export class TokenVerifier {
  readonly #trust: TokenTrust;
  readonly #keys = new Map<string, JWTVerifyGetKey>();

  constructor(trust: TokenTrust) {
    this.#trust = trust;
  }

  async verify(token: string): Promise<Principal> {
    if (token.length > MAX_TOKEN) throw denied('The token is too long.');
    const tenant = this.#tenantOf(token);
    const payload = await this.#checked(token, tenant);
    // App-only and delegated tokens both may call; an ID token may not: it has no `roles` meant for an API.
    return principalOf({
      tenant,
      object: text(payload['oid']),
      name: text(payload['preferred_username']) ?? text(payload['upn']),
      application: text(payload['azp']) ?? text(payload['appid']),
      roles: [...texts(payload['roles']), ...texts(payload['groups'])],
    });
  }

  /** Not believed yet: it only selects which tenant's keys must have signed. */
  #tenantOf(token: string): string {
    const tenant = text(payloadOf(token)?.['tid'])?.toLowerCase();
    const known = this.#trust.tenants.find((t) => t === tenant);
    if (known) return known;
    throw denied('The token was not issued by a tenant that is accepted here.');
  }

  async #checked(token: string, tenant: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, this.#keysOf(tenant), {
        algorithms: ALGORITHMS,
        audience: [...this.#trust.audiences],
        issuer: issuersOf(this.#trust.authority, tenant),
        clockTolerance: CLOCK_SLACK_SECONDS,
        currentDate: new Date(this.#trust.now()),
        requiredClaims: ['exp', 'iat', 'tid'],
      });
      return payload;
    } catch (error) {
      throw translate(error);
    }
  }

  #keysOf(tenant: string): JWTVerifyGetKey {
    const found = this.#keys.get(tenant);
    if (found) return found;
    const url = new URL(`${this.#trust.authority}/${tenant}/discovery/v2.0/keys`);
    const keys = createRemoteJWKSet(url, {
      timeoutDuration: 5000,
      ...(this.#trust.fetch && { [customFetch]: this.#trust.fetch }),
    });
    this.#keys.set(tenant, keys);
    return keys;
  }
}

const KEYS_UNREACHABLE = [errors.JWKSTimeout, errors.JWKSInvalid];

function translate(error: unknown): HoldfastError {
  const unreachable =
    KEYS_UNREACHABLE.some((type) => error instanceof type) ||
    !(error instanceof errors.JOSEError) ||
    error.code === 'ERR_JOSE_GENERIC';
  if (unreachable)
    return new HoldfastError('unavailable', "The tenant's signing keys cannot be fetched now.", {
      cause: error,
    });
  return denied(
    `The token is not accepted: ${error.code === 'ERR_JWT_EXPIRED' ? 'it has expired' : 'it does not check'}.`,
    error,
  );
}

/** The claims of a token, unverified; undefined where it is no JWT. */
export function payloadOf(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((v): v is string => typeof v === 'string') : [];
