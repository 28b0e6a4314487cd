import {
  AzureCliCredential,
  ChainedTokenCredential,
  ClientAssertionCredential,
  ClientCertificateCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  type TokenCredential,
} from '@azure/identity';
import type { TokenSource } from '../shared/collect/transport.ts';
import type { Cloud, Settings } from '../shared/config.ts';
import type { M365Credential } from '../shared/config-access.ts';
import { HoldfastError } from '../shared/errors.ts';
import { payloadOf } from '../shared/http/tokens.ts';

/** Credentials of the app itself: storage and, in default mode, Microsoft 365 of its own tenant. */
export function azureCredential(clientId: string | undefined, authorityHost: string): TokenCredential {
  // On Azure the platform's identity endpoint is there; elsewhere a developer's own sign-in is meant.
  if (process.env['IDENTITY_ENDPOINT']) return new ManagedIdentityCredential(clientId ? { clientId } : {});
  return new ChainedTokenCredential(new AzureCliCredential(), new DefaultAzureCredential({ authorityHost }));
}

/** What a managed identity's token is exchanged under; one audience per cloud. */
const TOKEN_EXCHANGE: Readonly<Record<Cloud, string>> = {
  public: 'api://AzureADTokenExchange',
  usgov: 'api://AzureADTokenExchangeUSGov',
  usgovdod: 'api://AzureADTokenExchangeUSGov',
  china: 'api://AzureADTokenExchangeChina',
};

export interface CredentialFacts {
  readonly credential: M365Credential;
  readonly cloud: Cloud;
  /** `https://login.microsoftonline.com` or the cloud's. */
  readonly authority: string;
  readonly managedIdentityClientId?: string | undefined;
  readonly tenants: readonly string[];
}

export type MakeCredential = (tenant: string) => TokenCredential;

/**
 * A credential of one tenant's own: the multi-tenant application signs in at that tenant's authority and nowhere else.
 * A new one starts with an empty token cache. Undefined for `none`.
 */
export function credentialMaker(f: CredentialFacts): MakeCredential | undefined {
  const c = f.credential;
  const options = { authorityHost: f.authority, additionallyAllowedTenants: [] };
  if (c.kind === 'none') return undefined;
  if (c.kind === 'default') return () => azureCredential(f.managedIdentityClientId, f.authority);
  if (c.kind === 'certificate') {
    const { pem, path = '', clientId } = c;
    if (pem === undefined)
      return (tenant) =>
        new ClientCertificateCredential(tenant, clientId, { certificatePath: path }, options);
    return (tenant) => new ClientCertificateCredential(tenant, clientId, { certificate: pem }, options);
  }
  const identity = azureCredential(f.managedIdentityClientId, f.authority);
  const assertion = async (): Promise<string> =>
    (await identity.getToken(`${TOKEN_EXCHANGE[f.cloud]}/.default`))!.token;
  return (tenant) => new ClientAssertionCredential(tenant, c.clientId, assertion, options);
}

export const credentialFacts = (s: Settings): CredentialFacts => ({
  credential: s.credential,
  cloud: s.cloud,
  authority: s.endpoints.authority,
  managedIdentityClientId: s.managedIdentityClientId,
  tenants: s.tenants,
});

/** The simulated tenant takes any token; `checkCredential` has made sure that nothing else receives it. */
const SIMULATED: TokenSource = () => Promise.resolve('simulated');

/**
 * Tokens of one tenant for one API. The library caches them. `renew` drops the tenant's credential and with it its
 * cache, so federated and certificate modes ask Entra ID anew. A managed identity cannot be made to: the library
 * ignores the wish, and the platform caches on its side, for up to a day (infra/README.md, application permissions).
 */
export function tenantTokens(
  make: MakeCredential | undefined,
  tenant: string,
  resource: string,
): TokenSource {
  if (!make) return SIMULATED;
  let credential: TokenCredential | undefined;
  return async (renew) => {
    if (renew) credential = undefined;
    credential ??= make(tenant);
    const token = await credential
      .getToken(`${resource}/.default`, { tenantId: tenant })
      .catch(refused(resource));
    if (!token) throw refusal(resource);
    return ofTenant(token.token, tenant);
  };
}

const refusal = (resource: string, cause?: unknown): HoldfastError =>
  new HoldfastError('vendor-refused', `No token for ${resource}.`, {
    ids: { refusal: 'permission' },
    remedy: 'Check M365_CREDENTIAL, the consent of this tenant, and the certificate or federated credential.',
    cause,
  });

/** The library's messages stay in the cause: they may quote the request. */
const refused =
  (resource: string) =>
  (error: unknown): never => {
    throw refusal(resource, error);
  };

/** A managed identity ignores which tenant was asked for; its answers would be archived under another tenant's name. */
function ofTenant(token: string, tenant: string): string {
  const issued = payloadOf(token)?.['tid'];
  if (typeof issued !== 'string' || issued.toLowerCase() === tenant) return token;
  throw new HoldfastError('vendor-refused', 'The credential gives tokens of another tenant: refused.', {
    ids: { refusal: 'permission', tenant },
    remedy:
      'A managed identity reaches its own tenant only: set M365_CREDENTIAL to federated or certificate.',
  });
}
