import { ApiError } from './answers.ts';
import type { Endpoint } from './faults.ts';
import type { LimitName } from './limits.ts';
import type { Call, Simulation } from './simulation.ts';

/** Tokens, permissions, licence and quotas: everything that is checked before a handler runs. */
export class Access {
  readonly #sim: Simulation;
  readonly #tokenUses = new Map<string, number>();

  constructor(sim: Simulation) {
    this.#sim = sim;
  }

  check(call: Call): void {
    this.#authenticate(call);
    this.#throttle(call);
    this.#authorize(call);
  }

  #authenticate(call: Call): void {
    const token = /^Bearer (\S+)$/i.exec(call.headers.authorization ?? '')?.[1];
    if (token === undefined) throw unauthenticated(call, 'Access token is empty.');
    const uses = (this.#tokenUses.get(token) ?? 0) + 1;
    this.#tokenUses.set(token, uses);
    const { maxRequests, expiresAtMs } = this.#sim.switches.tokens;
    // An instant ends the tokens that were in use before it; one first seen later is a new one.
    const old = uses > 1 && this.#sim.nowMs() >= expiresAtMs;
    const refused =
      uses > maxRequests || old || this.#sim.faults.take('unauthorized', call.where) !== undefined;
    if (refused) throw unauthenticated(call, 'Lifetime validation failed, the token is expired.');
  }

  #throttle(call: Call): void {
    const name = limitOf(call);
    const waitMs = name && this.#sim.limits.admit(name);
    const fault = this.#sim.faults.take('throttle', call.where);
    if (waitMs === undefined && !fault) return;
    const seconds = fault
      ? fault.retryAfter
      : this.#sim.switches.retryAfter
        ? Math.ceil(waitMs! / 1000)
        : undefined;
    throw throttled(call, this.#sim, seconds);
  }

  #authorize(call: Call): void {
    const forbidden = this.#sim.faults.take('forbidden', call.where) !== undefined;
    const roles = rolesOf(call);
    const granted = roles.length === 0 || roles.some((role) => !this.#sim.switches.revoked.includes(role));
    if (forbidden || !granted) throw refusal(call, roles);
    this.#checkLicence(call);
  }

  #checkLicence({ where }: Call): void {
    const free = this.#sim.switches.licence === 'free';
    const premium = where.endpoint === 'signIns' || where.endpoint === 'provisioning';
    if ((free && premium) || this.#sim.faults.take('licence', where))
      throw new ApiError(
        403,
        'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
        "Neither tenant is B2C or tenant doesn't have premium license",
      );
    if (free && where.endpoint === 'riskDetections')
      throw new ApiError(403, 'Forbidden', 'Your tenant is not licensed for this feature.');
  }
}

function unauthenticated({ where }: Call, message: string): ApiError {
  const headers = {
    'www-authenticate': 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common"',
  };
  return where.api === 'graph'
    ? new ApiError(401, 'InvalidAuthenticationToken', message, headers)
    : new ApiError(401, '', 'Authorization has been denied for this request.', headers);
}

// https://learn.microsoft.com/graph/throttling-limits : one quota for the reports and authentication methods.
const REPORTS = new Set<Endpoint>(['signIns', 'directoryAudits', 'provisioning']);

function limitOf({ where, resource }: Call): LimitName | undefined {
  if (where.api === 'feed') return 'feed';
  if (REPORTS.has(where.endpoint) || /^users\/[^/]+\/authentication\//i.test(resource)) return 'graphReports';
  if (/^identityProtection\/|^identity\/conditionalAccess\//i.test(resource)) return 'identityProtection';
  return where.endpoint === 'auditQuery.submit' ? 'auditSubmissions' : undefined;
}

// The Management API names its methods in the 429 text: GetBlob in the published sample.
const METHODS: Partial<Record<Endpoint, string>> = {
  'feed.audit': 'GetBlob',
  'feed.content': 'ListContent',
  'feed.start': 'StartSubscription',
  'feed.stop': 'StopSubscription',
  'feed.list': 'ListSubscriptions',
};

function throttled(call: Call, sim: Simulation, retryAfterSeconds: number | undefined): ApiError {
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  if (call.where.api === 'graph') {
    const message =
      'This request is throttled. Please try again after the value specified in the Retry-After header.';
    return new ApiError(429, 'UnknownError', message, headers);
  }
  const publisher = call.query.get('PublisherIdentifier') ?? '00000000-0000-0000-0000-000000000000';
  const message = `Too many requests. Method=${METHODS[call.where.endpoint] ?? call.method}, PublisherId=${publisher}`;
  return new ApiError(sim.switches.feed.throttleStatus, 'AF429', message, headers);
}

const STATE_ROLES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^users\/[^/]+\/(mailFolders|mailboxSettings)/i, ['MailboxSettings.Read']],
  [/^users\/[^/]+\/authentication\//i, ['UserAuthenticationMethod.Read.All']],
  [/^identityProtection\/riskyUsers/i, ['IdentityRiskyUser.Read.All']],
  [/^identity\/conditionalAccess\//i, ['Policy.Read.All']],
  [/^(directoryRoles|roleManagement)/i, ['RoleManagement.Read.Directory']],
  [/^(applications|servicePrincipals)/i, ['Application.Read.All', 'Directory.Read.All']],
  [/appRoleAssignments|oauth2PermissionGrants/i, ['Directory.Read.All']],
  [/^users/i, ['User.Read.All', 'Directory.Read.All']],
  [/^(organization|subscribedSkus)/i, ['Organization.Read.All', 'Directory.Read.All']],
];

/** Permissions any one of which is enough. */
function rolesOf({ where, resource }: Call): readonly string[] {
  if (where.endpoint === 'provisioning')
    return ['ProvisioningLog.Read.All', 'AuditLog.Read.All', 'Directory.Read.All'];
  if (where.endpoint === 'directoryAudits') return ['AuditLog.Read.All', 'Directory.Read.All'];
  if (where.endpoint === 'signIns') return ['AuditLog.Read.All'];
  if (where.endpoint === 'riskDetections') return ['IdentityRiskEvent.Read.All'];
  if (where.endpoint.startsWith('auditQuery.')) return ['AuditLogsQuery.Read.All'];
  if (where.endpoint === 'feed.audit' && where.sources.includes('ual-dlp')) return ['ActivityFeed.ReadDlp'];
  if (where.api === 'feed') return ['ActivityFeed.Read'];
  return STATE_ROLES.find(([path]) => path.test(resource))?.[1] ?? [];
}

function refusal({ where, resource }: Call, roles: readonly string[]): ApiError {
  if (where.api === 'feed')
    return new ApiError(
      403,
      'AF10001',
      `The permission set () sent in the request did not include the expected permission ${roles[0]}.`,
    );
  if (resource.startsWith('auditLogs/'))
    return new ApiError(
      403,
      'Authentication_MSGraphPermissionMissing',
      `Calling principal does not have required MSGraph permissions ${roles[0]}`,
    );
  if (resource.startsWith('identityProtection/'))
    return new ApiError(
      403,
      'Forbidden',
      'You cannot perform the requested operation, required scopes are missing in the token.',
    );
  if (/mailFolders|mailboxSettings/i.test(resource))
    return new ApiError(403, 'ErrorAccessDenied', 'Access is denied. Check credentials and try again.');
  return new ApiError(
    403,
    'Authorization_RequestDenied',
    'Insufficient privileges to complete the operation.',
  );
}
