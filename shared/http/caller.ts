import type { AccessSettings } from '../config-access.ts';
import { HoldfastError } from '../errors.ts';
import { platformPrincipal, type Principal } from './principal.ts';
import { confine, grantsOf, type Grant, type Role } from './roles.ts';
import type { TokenVerifier } from './tokens.ts';

/** Who calls, as far as someone who may be believed vouches for it. */
export interface Caller {
  /** For manifests and the access log. */
  readonly name: string;
  /** Stable, for limits. */
  readonly id: string;
  readonly roles: readonly Role[];
  readonly grants: readonly Grant[];
}

export interface CallHeaders {
  get(name: string): string | null;
}

const anonymous = (): HoldfastError =>
  new HoldfastError('unauthenticated', 'This call needs an access token of Entra ID.', {
    remedy: 'Send "Authorization: Bearer <token>" for this API.',
  });

/**
 * The caller of a request. In this order: what App Service authentication says, where it runs; a token that we validate
 * ourselves, where that is configured; the function key that the platform has checked. A token that fails is never
 * overruled by a key.
 */
export async function identify(
  headers: CallHeaders,
  access: AccessSettings,
  verifier: TokenVerifier | undefined,
): Promise<Caller> {
  const principal = access.platformPrincipal ? headers.get('x-ms-client-principal') : null;
  if (principal) return callerOf(platformPrincipal(principal), access);
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  if (bearer && verifier) return callerOf(await verifier.verify(bearer), access);
  if (access.mode === 'entra') throw anonymous();
  return {
    name: 'function key',
    id: 'function key',
    roles: access.keyRoles,
    grants: access.keyRoles.map((role) => ({ role, tenant: '*' })),
  };
}

function callerOf(principal: Principal, access: AccessSettings): Caller {
  const grants = confine(grantsOf(principal.roles, access.roleMap), principal.tenant, access.operator);
  return {
    name: principal.name,
    id: principal.id,
    roles: [...new Set(grants.map((g) => g.role))],
    grants,
  };
}
