import { z } from 'zod';
import { blank, GUID, isLoopback, list, optional, serviceUrl } from './config-values.ts';

/** Settings that say how holdfast signs in to Microsoft 365, and who may call it. Part of `config.ts`. */

export const ROLE_NAMES = ['Reader', 'Investigator', 'Admin'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

export type M365Credential =
  | { readonly kind: 'default' }
  | { readonly kind: 'none' }
  | { readonly kind: 'federated'; readonly clientId: string }
  | {
      readonly kind: 'certificate';
      readonly clientId: string;
      readonly pem?: string;
      readonly path?: string;
    };

export interface AccessSettings {
  /** `keys`: the platform checks a function key. `entra`: every call needs a token, keys are worth nothing. */
  readonly mode: 'keys' | 'entra';
  /** What a function key alone may do. */
  readonly keyRoles: readonly RoleName[];
  /** Own validation of Entra ID tokens. Absent: none. */
  readonly tokens?: { readonly audiences: readonly string[]; readonly tenants: readonly string[] };
  /** Tenant whose tokens may hold roles for every tenant kept here. */
  readonly operator?: string;
  /** `X-MS-CLIENT-PRINCIPAL` may be believed: App Service authentication runs before the app. */
  readonly platformPrincipal: boolean;
  /** App roles or group ids that stand for `Role` or `Role@tenant`. */
  readonly roleMap: ReadonlyMap<string, { readonly role: RoleName; readonly tenant: string }>;
  readonly limits: CallLimits;
}

export interface CallLimits {
  /** Longest span of one question, days, by role. */
  readonly spanDays: Readonly<Record<RoleName, number>>;
  /** Expensive calls of one caller at once, in one process. */
  readonly concurrent: number;
  /** Calls of one caller in a minute, in one process. */
  readonly perMinute: number;
  /** Expensive calls of one caller in a minute, in one process. */
  readonly expensivePerMinute: number;
}

const MAX_SPAN_DAYS = 3660;
const roles = (text: string): string[] => (text === 'none' ? [] : list(text));
const areRoles = (names: readonly string[]): boolean =>
  names.every((n) => (ROLE_NAMES as readonly string[]).includes(n));
const grant = /^(Reader|Investigator|Admin)(@[0-9a-f-]{36})?$/;
const pairs = (text: string): [string, string][] =>
  list(text).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
const guids = z
  .string()
  .transform((v) => list(v).map((id) => id.toLowerCase()))
  .refine(
    (ids) => ids.length > 0 && ids.every((id) => GUID.test(id)),
    'must hold tenant ids (GUIDs), comma-separated',
  );
const count = (max: number) =>
  optional(z.coerce.number({ error: 'must be a whole number' }).int().min(1).max(max));

export const ACCESS_SHAPE = {
  M365_CREDENTIAL: optional(z.enum(['default', 'none', 'federated', 'certificate'])),
  M365_CLIENT_ID: optional(
    z.string().regex(GUID, 'must be the client id (a GUID) of the multi-tenant application'),
  ),
  M365_CERTIFICATE: optional(
    z
      .string()
      .transform(pemOf)
      .refine(isPem, 'must be a PEM with certificate and private key, or its base64'),
  ),
  M365_CERTIFICATE_PATH: optional(z.string()),
  AUTHORITY_ENDPOINT: optional(serviceUrl),
  AUTH_MODE: optional(z.enum(['keys', 'entra'])),
  AUTH_KEY_ROLES: z.preprocess(
    blank,
    z
      .string()
      .transform(roles)
      .refine(areRoles, 'must be "none" or hold roles of: Reader, Investigator, Admin')
      .optional(),
  ),
  AUTH_AUDIENCE: optional(z.string().transform(list)),
  AUTH_ISSUER_TENANTS: optional(guids),
  AUTH_ROLE_MAP: optional(
    z
      .string()
      .transform(pairs)
      .refine(
        (all) => all.every(([from, to]) => from !== '' && grant.test(to)),
        'must hold value=Role or value=Role@tenant, comma-separated',
      ),
  ),
  LIMIT_SPAN_DAYS: optional(
    z
      .string()
      .transform(pairs)
      .refine(
        (all) => all.every(([role, days]) => areRoles([role]) && /^\d{1,4}$/.test(days) && Number(days) >= 1),
        'must hold Role=days, comma-separated',
      ),
  ),
  LIMIT_CONCURRENT: count(1000),
  LIMIT_PER_MINUTE: count(1_000_000),
  LIMIT_EXPENSIVE_PER_MINUTE: count(1_000_000),
} as const;

const accessSchema = z.object(ACCESS_SHAPE);
export type AccessValues = z.infer<typeof accessSchema>;

/** Faults that only show when several settings are seen together. */
export function accessFaults(v: AccessValues, tenants: readonly string[]): string[] {
  const faults: string[] = [];
  const credential = v.M365_CREDENTIAL ?? 'default';
  const withApp = credential === 'federated' || credential === 'certificate';
  if (withApp && !v.M365_CLIENT_ID)
    faults.push(
      `M365_CLIENT_ID is missing: M365_CREDENTIAL "${credential}" needs the multi-tenant application's client id`,
    );
  if (credential === 'certificate' && !v.M365_CERTIFICATE && !v.M365_CERTIFICATE_PATH)
    faults.push(
      'M365_CERTIFICATE is missing: M365_CREDENTIAL "certificate" needs it, or M365_CERTIFICATE_PATH',
    );
  if (isLoopback(v.AUTHORITY_ENDPOINT) && credential !== 'none')
    faults.push(
      'AUTHORITY_ENDPOINT is a loopback address: that is for tests with M365_CREDENTIAL "none" only',
    );
  if (v.AUTH_AUDIENCE && !v.AUTH_ISSUER_TENANTS)
    faults.push('AUTH_ISSUER_TENANTS is missing: AUTH_AUDIENCE needs the tenants whose tokens are accepted');
  for (const [from, to] of v.AUTH_ROLE_MAP ?? []) {
    const tenant = to.split('@')[1];
    if (tenant && !tenants.includes(tenant))
      faults.push(`AUTH_ROLE_MAP gives "${from}" a tenant that TENANT_ID does not name`);
  }
  return faults;
}

export function accessOf(v: AccessValues, platformPrincipal: boolean): AccessSettings {
  return {
    mode: v.AUTH_MODE ?? 'keys',
    keyRoles: (v.AUTH_KEY_ROLES as RoleName[] | undefined) ?? ROLE_NAMES,
    ...(v.AUTH_AUDIENCE && { tokens: { audiences: v.AUTH_AUDIENCE, tenants: v.AUTH_ISSUER_TENANTS ?? [] } }),
    ...(v.AUTH_ISSUER_TENANTS && { operator: v.AUTH_ISSUER_TENANTS[0]! }),
    platformPrincipal,
    roleMap: new Map(
      (v.AUTH_ROLE_MAP ?? []).map(([from, to]) => {
        const [role, tenant = '*'] = to.split('@');
        return [from, { role: role as RoleName, tenant }];
      }),
    ),
    limits: limitsOf(v),
  };
}

function limitsOf(v: AccessValues): CallLimits {
  const days = new Map(v.LIMIT_SPAN_DAYS?.map(([role, text]) => [role, Number(text)]));
  return {
    spanDays: {
      Reader: days.get('Reader') ?? MAX_SPAN_DAYS,
      Investigator: days.get('Investigator') ?? MAX_SPAN_DAYS,
      Admin: days.get('Admin') ?? MAX_SPAN_DAYS,
    },
    concurrent: v.LIMIT_CONCURRENT ?? 8,
    perMinute: v.LIMIT_PER_MINUTE ?? 1200,
    expensivePerMinute: v.LIMIT_EXPENSIVE_PER_MINUTE ?? 240,
  };
}

export function credentialOf(v: AccessValues): M365Credential {
  const kind = v.M365_CREDENTIAL ?? 'default';
  if (kind === 'default' || kind === 'none') return { kind };
  const clientId = v.M365_CLIENT_ID ?? '';
  if (kind === 'federated') return { kind, clientId };
  return {
    kind,
    clientId,
    ...(v.M365_CERTIFICATE && { pem: v.M365_CERTIFICATE }),
    ...(v.M365_CERTIFICATE_PATH && { path: v.M365_CERTIFICATE_PATH }),
  };
}

/** The template passes the PEM as base64, since line breaks in settings do not survive every tool. */
function pemOf(text: string): string {
  return text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64').toString('utf8');
}

function isPem(text: string): boolean {
  return /-----BEGIN CERTIFICATE-----/.test(text) && /-----BEGIN (RSA )?PRIVATE KEY-----/.test(text);
}

/**
 * App Service sets WEBSITE_AUTH_ENABLED while its authentication runs before the app; then it removes what a caller
 * sent as X-MS-CLIENT-PRINCIPAL. On a workstation that variable proves nothing: an instance of App Service (or of Flex
 * Consumption) and storage that is not an emulator must be there, too.
 */
export function trustsPlatform(
  env: Readonly<Record<string, string | undefined>>,
  storageIsLocal: boolean,
): boolean {
  const onPlatform = Boolean(env['WEBSITE_INSTANCE_ID'] || env['CONTAINER_NAME'] || env['WEBSITE_POD_NAME']);
  const local = storageIsLocal || env['AZURE_FUNCTIONS_ENVIRONMENT'] === 'Development';
  return /^true$/i.test(env['WEBSITE_AUTH_ENABLED'] ?? '') && onPlatform && !local;
}
