import { ROLE_NAMES, type RoleName } from '../config-access.ts';
import { GUID } from '../config-values.ts';

/** Who may do what. Deny by default: a caller has the roles that are named, in the tenants that are named. */

/** Reader: coverage, health, rules. Investigator: bundles, incidents, detections, entities. Admin: import, preflight. */
export type Role = RoleName;
export const ROLES = ROLE_NAMES;

export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/** A role in one tenant, or in all that are kept here. */
export interface Grant {
  readonly role: Role;
  /** Or `*`: all that are kept here. */
  readonly tenant: string;
}

/** An app role of a token, or a group, that stands for a grant. */
export type RoleMap = ReadonlyMap<string, Grant>;

/** `Investigator` or `Investigator@<tenant id>`; undefined for anything else. */
export function parseGrant(text: string): Grant | undefined {
  const [role = '', tenant, ...more] = text.split('@');
  if (!isRole(role) || more.length > 0) return undefined;
  if (tenant === undefined) return { role, tenant: '*' };
  return GUID.test(tenant) ? { role, tenant: tenant.toLowerCase() } : undefined;
}

/** Grants among the values of a token's role (and group) claims; what is not known grants nothing. */
export const grantsOf = (values: readonly string[], map: RoleMap): Grant[] =>
  values.flatMap((value) => map.get(value) ?? parseGrant(value) ?? []);

/**
 * What a token of `home` may be granted. The operator's tenant may hold grants for every tenant; a token of any other
 * tenant reaches its own tenant only, whatever its roles say.
 */
export function confine(
  grants: readonly Grant[],
  home: string | undefined,
  operator: string | undefined,
): Grant[] {
  if (operator === undefined || home === operator) return [...grants];
  if (home === undefined) return [];
  return grants.flatMap((g) =>
    g.tenant === '*' || g.tenant === home ? [{ role: g.role, tenant: home }] : [],
  );
}

/** Tenants of `kept` in which these grants give the role, in their order there. */
export const tenantsWith = (grants: readonly Grant[], role: Role, kept: readonly string[]): string[] =>
  kept.filter((tenant) => grants.some((g) => g.role === role && (g.tenant === '*' || g.tenant === tenant)));

/** Whether the grants reach tenants that may be added later, too. */
export const isUnbound = (grants: readonly Grant[], role: Role): boolean =>
  grants.some((g) => g.role === role && g.tenant === '*');
