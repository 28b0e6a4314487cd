import { z } from 'zod';
import { HoldfastError } from '../errors.ts';

/** What an identity provider says of a caller, after someone who may be believed has checked it. */
export interface Principal {
  /** For manifests and the access log. */
  readonly name: string;
  /** The caller's object id or application id: stable, for limits. */
  readonly id: string;
  /** Tenant that issued the token; absent where the platform does not say. */
  readonly tenant: string | undefined;
  /** Values of role and group claims. */
  readonly roles: readonly string[];
}

const schema = z.object({
  role_typ: z.string().nullish(),
  claims: z.array(z.object({ typ: z.string(), val: z.string() })).max(1000),
});

const MAX_HEADER = 64 * 1024;
const LONG = 'http://schemas.microsoft.com/identity/claims/';
const CLAIMS = {
  tenant: ['tid', `${LONG}tenantid`],
  object: ['oid', `${LONG}objectidentifier`],
  name: ['preferred_username', 'upn', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn', 'name'],
  application: ['azp', 'appid'],
  role: ['roles', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role', 'groups'],
} as const;

const malformed = (cause?: unknown): HoldfastError =>
  new HoldfastError('unauthenticated', "The platform's principal cannot be read.", { cause });

/**
 * The principal that App Service authentication puts into `X-MS-CLIENT-PRINCIPAL` (base64 of JSON). Anyone can send
 * that header where the platform does not remove it: call this only where `trustPlatform` holds.
 * https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
 */
export function platformPrincipal(header: string): Principal {
  if (header.length > MAX_HEADER) throw malformed();
  const parsed = schema.safeParse(jsonOf(Buffer.from(header, 'base64').toString('utf8')));
  if (!parsed.success) throw malformed(parsed.error);
  const { claims, role_typ } = parsed.data;
  const all = (types: readonly string[]): string[] =>
    claims.filter((c) => types.includes(c.typ)).map((c) => c.val);
  const roleTypes = role_typ ? [...CLAIMS.role, role_typ] : CLAIMS.role;
  return principalOf({
    tenant: all(CLAIMS.tenant)[0],
    object: all(CLAIMS.object)[0],
    name: all(CLAIMS.name)[0],
    application: all(CLAIMS.application)[0],
    roles: all(roleTypes),
  });
}

export interface Claimed {
  readonly tenant: string | undefined;
  readonly object: string | undefined;
  readonly name: string | undefined;
  readonly application: string | undefined;
  readonly roles: readonly string[];
}

/** A principal without any id is nobody. */
export function principalOf(claimed: Claimed): Principal {
  const id = claimed.object ?? claimed.application;
  if (!id) throw new HoldfastError('unauthenticated', 'The token names neither a user nor an application.');
  return {
    id: id.slice(0, 100),
    name: (claimed.name ?? claimed.application ?? id).slice(0, 200),
    tenant: claimed.tenant?.toLowerCase(),
    roles: claimed.roles,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(cause);
  }
}
