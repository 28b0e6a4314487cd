import { z } from 'zod';
import {
  ACCESS_SHAPE,
  accessFaults,
  accessOf,
  credentialOf,
  trustsPlatform,
  type AccessSettings,
  type M365Credential,
} from './config-access.ts';
import { GUID, isLoopback, list, optional, serviceUrl } from './config-values.ts';
import { HoldfastError } from './errors.ts';
import type { Limit } from './limit.ts';
import { SOURCE_IDS, type SourceId } from './sources.ts';

/** How to reach the storage account: one string (Azurite, key) or service URIs with a managed identity. */
export type StorageSettings =
  | { readonly kind: 'connection-string'; readonly connectionString: string }
  | {
      readonly kind: 'identity';
      readonly blobUri: string;
      readonly queueUri: string;
      readonly tableUri: string;
      readonly clientId?: string;
    };

export type Cloud = 'public' | 'usgov' | 'usgovdod' | 'china';

export interface Endpoints {
  /** Without a trailing slash, e.g. `https://graph.microsoft.com`. */
  readonly graph: string;
  readonly management: string;
  readonly authority: string;
  /** Suffix of storage service hosts, e.g. `core.windows.net`. */
  readonly storageSuffix: string;
}

export interface Settings {
  readonly tenants: readonly string[];
  readonly storage: StorageSettings;
  readonly cloud: Cloud;
  readonly endpoints: Endpoints;
  readonly credential: M365Credential;
  /** Who may call, and how much. */
  readonly access: AccessSettings;
  readonly managedIdentityClientId?: string;
  readonly sources: readonly SourceId[];
  readonly backfillDays: number;
  /** Hours after a window's end at which it is collected again, ascending. */
  readonly settleHours: readonly number[];
  /** A secret; https, or loopback. Nothing but this setting decides where alerts go. */
  readonly alertWebhookUrl?: string;
  /** OTLP over HTTP; absent: metrics are not exported. */
  readonly metricsEndpoint?: string;
  /** Sent as PublisherIdentifier on every Management Activity API call. */
  readonly publisherId: string;
  /** Requests per period that the Graph reports allow this app in one tenant. */
  readonly reportBudget: Limit;
  /** What the Management Activity API allows this tenant, where it is more than it promises to all. */
  readonly feedBudget?: Limit;
  readonly bundleRetentionDays: number;
  readonly geoipDatabase?: string;
}

// Learn: Graph national clouds; Management Activity API endpoints (API-FACTS C).
const CLOUDS: Readonly<Record<Cloud, Endpoints>> = {
  public: {
    graph: 'https://graph.microsoft.com',
    management: 'https://manage.office.com',
    authority: 'https://login.microsoftonline.com',
    storageSuffix: 'core.windows.net',
  },
  usgov: {
    graph: 'https://graph.microsoft.us',
    management: 'https://manage.office365.us',
    authority: 'https://login.microsoftonline.us',
    storageSuffix: 'core.usgovcloudapi.net',
  },
  usgovdod: {
    graph: 'https://dod-graph.microsoft.us',
    management: 'https://manage.protection.apps.mil',
    authority: 'https://login.microsoftonline.us',
    storageSuffix: 'core.usgovcloudapi.net',
  },
  china: {
    graph: 'https://microsoftgraph.chinacloudapi.cn',
    management: 'https://manage.office.cn',
    authority: 'https://login.chinacloudapi.cn',
    storageSuffix: 'core.chinacloudapi.cn',
  },
};

const requestBudget = z
  .string()
  .regex(/^\d+\/\d+$/, 'must be requests/seconds, e.g. 5/10')
  .transform((text): Limit => {
    const [requests, seconds] = text.split('/').map(Number) as [number, number];
    return { requests: Math.max(1, requests), periodMs: Math.max(1, seconds) * 1000 };
  });

const schema = z.object({
  TENANT_ID: z
    .string({ error: 'is missing: set it to the tenant id (a GUID), or several, comma-separated' })
    .transform((v) => list(v).map((id) => id.toLowerCase()))
    .refine((ids) => ids.length > 0, 'is empty: set it to the tenant id (a GUID)')
    .refine((ids) => ids.every((id) => GUID.test(id)), 'must hold tenant ids (GUIDs), comma-separated')
    .refine((ids) => new Set(ids).size === ids.length, 'names a tenant twice'),
  M365_CLOUD: optional(z.enum(['public', 'usgov', 'usgovdod', 'china'])),
  GRAPH_ENDPOINT: optional(serviceUrl),
  MANAGEMENT_ENDPOINT: optional(serviceUrl),
  ...ACCESS_SHAPE,
  AZURE_CLIENT_ID: optional(z.string()),
  SOURCES: optional(
    z
      .string()
      .transform(list)
      .refine(
        (ids) => ids.every((id) => (SOURCE_IDS as readonly string[]).includes(id)),
        `must hold ids of: ${SOURCE_IDS.join(', ')}`,
      ),
  ),
  BACKFILL_DAYS: optional(
    z.coerce.number({ error: 'must be a whole number of days' }).int().min(0).max(3650),
  ),
  SETTLE_HOURS: optional(
    z
      .string()
      .transform((v) => list(v).map(Number))
      .refine(
        (h) => h.length > 0 && h.every((n) => n > 0 && n <= 24 * 30),
        'must hold hours, e.g. 1,6,24,72',
      ),
  ),
  ALERT_WEBHOOK_URL: optional(serviceUrl),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(serviceUrl),
  PUBLISHER_ID: optional(z.string().regex(GUID, 'must be a GUID')),
  GRAPH_REPORT_BUDGET: optional(requestBudget),
  MANAGEMENT_BUDGET: optional(requestBudget),
  BUNDLE_RETENTION_DAYS: optional(z.coerce.number().int().min(1).max(3650)),
  GEOIP_DATABASE: optional(z.string()),
});

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks all settings at once; nothing else reads the environment.
 * Throws one `config` error that names every fault.
 */
export function readSettings(env: Environment): Settings {
  const parsed = schema.safeParse(env);
  const faults = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`);
  const storage = readStorage(env, faults);
  if (parsed.success) {
    checkCredential(parsed.data, faults);
    faults.push(...accessFaults(parsed.data, parsed.data.TENANT_ID));
  }
  if (faults.length > 0 || !parsed.success || !storage) {
    throw new HoldfastError('config', `Settings are wrong: ${faults.join('; ')}.`, {
      remedy:
        'Set them as application settings, or in local.settings.json (see local.settings.example.json).',
    });
  }
  return Object.freeze(assemble(parsed.data, storage, trustsPlatform(env, isLocalStorage(storage))));
}

type Parsed = z.infer<typeof schema>;

function assemble(v: Parsed, storage: StorageSettings, platformPrincipal: boolean): Settings {
  const cloud = v.M365_CLOUD ?? 'public';
  return {
    tenants: v.TENANT_ID,
    storage,
    cloud,
    endpoints: {
      ...CLOUDS[cloud],
      ...(v.GRAPH_ENDPOINT && { graph: v.GRAPH_ENDPOINT }),
      ...(v.MANAGEMENT_ENDPOINT && { management: v.MANAGEMENT_ENDPOINT }),
      ...(v.AUTHORITY_ENDPOINT && { authority: v.AUTHORITY_ENDPOINT }),
    },
    credential: credentialOf(v),
    access: accessOf(v, platformPrincipal),
    ...(v.OTEL_EXPORTER_OTLP_ENDPOINT && { metricsEndpoint: v.OTEL_EXPORTER_OTLP_ENDPOINT }),
    ...(v.AZURE_CLIENT_ID && { managedIdentityClientId: v.AZURE_CLIENT_ID }),
    sources: (v.SOURCES as SourceId[] | undefined) ?? SOURCE_IDS,
    backfillDays: v.BACKFILL_DAYS ?? 180,
    settleHours: [...(v.SETTLE_HOURS ?? [1, 6, 24, 72])].sort((a, b) => a - b),
    ...(v.ALERT_WEBHOOK_URL && { alertWebhookUrl: v.ALERT_WEBHOOK_URL }),
    publisherId: v.PUBLISHER_ID ?? v.TENANT_ID[0]!,
    reportBudget: v.GRAPH_REPORT_BUDGET ?? { requests: 5, periodMs: 10_000 },
    ...(v.MANAGEMENT_BUDGET && { feedBudget: v.MANAGEMENT_BUDGET }),
    bundleRetentionDays: v.BUNDLE_RETENTION_DAYS ?? 90,
    ...(v.GEOIP_DATABASE && { geoipDatabase: v.GEOIP_DATABASE }),
  };
}

const isLocalStorage = (s: StorageSettings): boolean =>
  s.kind === 'connection-string' && /UseDevelopmentStorage=true|=http:\/\//i.test(s.connectionString);

function checkCredential(v: Parsed, faults: string[]): void {
  if (v.M365_CREDENTIAL !== 'none') return;
  // A fixed token must never leave the machine, nor must a deployment run without credentials by mistake.
  if (!isLoopback(v.GRAPH_ENDPOINT) || !isLoopback(v.MANAGEMENT_ENDPOINT)) {
    faults.push(
      'M365_CREDENTIAL "none" is for a simulated tenant: GRAPH_ENDPOINT and MANAGEMENT_ENDPOINT must both be loopback addresses',
    );
  }
}

function readStorage(env: Environment, faults: string[]): StorageSettings | undefined {
  const name = ['ARCHIVE_STORAGE', 'AzureWebJobsStorage'].find(
    (prefix) => env[prefix] || Object.keys(env).some((key) => key.startsWith(`${prefix}__`) && env[key]),
  );
  if (!name) {
    faults.push(
      'ARCHIVE_STORAGE is missing: set a connection string, or ARCHIVE_STORAGE__accountName for a managed identity',
    );
    return undefined;
  }
  const text = env[name];
  if (text) return connectionString(name, text, faults);
  return identityStorage(name, env, faults);
}

function connectionString(name: string, text: string, faults: string[]): StorageSettings | undefined {
  if (text !== 'UseDevelopmentStorage=true' && !/AccountName=|BlobEndpoint=/i.test(text)) {
    faults.push(`${name} is not a storage connection string`);
    return undefined;
  }
  return { kind: 'connection-string', connectionString: text };
}

function identityStorage(name: string, env: Environment, faults: string[]): StorageSettings | undefined {
  const part = (key: string): string | undefined => env[`${name}__${key}`];
  const suffix =
    CLOUDS[(env['M365_CLOUD'] as Cloud) in CLOUDS ? (env['M365_CLOUD'] as Cloud) : 'public'].storageSuffix;
  const account = part('accountName');
  const uri = (service: 'blob' | 'queue' | 'table'): string | undefined =>
    part(`${service}ServiceUri`) ?? (account && `https://${account}.${service}.${suffix}`);
  const [blobUri, queueUri, tableUri] = [uri('blob'), uri('queue'), uri('table')];
  if (!blobUri || !queueUri || !tableUri) {
    faults.push(
      `${name}__accountName is missing (or all of ${name}__blobServiceUri, __queueServiceUri, __tableServiceUri)`,
    );
    return undefined;
  }
  const clientId = part('clientId') ?? env['AZURE_CLIENT_ID'];
  return { kind: 'identity', blobUri, queueUri, tableUri, ...(clientId && { clientId }) };
}
