import { fileURLToPath } from 'node:url';
import { startAzurite, type Azurite } from '../../../infra/local/azurite.ts';
import { startHostProcess, type HostProcess } from '../../../infra/local/host/process.ts';
import { DEFAULT_TENANT_ID, generateStory } from '../../../infra/local/story/index.ts';
import { createTenant, type Tenant } from '../../../infra/local/tenant/tenant.ts';

/** A small archive of tenant A on an Azurite of its own, and hosts in front of it that differ in their settings. */
export interface SmallArchive {
  readonly azurite: Azurite;
  readonly tenant: Tenant;
  readonly settings: Readonly<Record<string, string>>;
  host(env: Readonly<Record<string, string>>, keys?: HostKeys): Promise<HostProcess>;
  stop(): Promise<void>;
}

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

type HostKeys = NonNullable<Parameters<typeof startHostProcess>[0]['keys']>;

export const TENANT_A = DEFAULT_TENANT_ID;
/** Kept too, with nothing collected. */
export const TENANT_B = '22222222-2222-4222-8222-222222222222';

export async function startSmallArchive(env: Readonly<Record<string, string>> = {}): Promise<SmallArchive> {
  const azurite = await startAzurite();
  const story = { nowMs: Date.now(), days: 2, records: 300, users: 10 };
  const tenant = await createTenant({ records: generateStory(story), tenantId: TENANT_A });
  tenant.limits.set('graphReports', false);
  tenant.limits.set('identityProtection', false);
  const settings = {
    ...tenant.settings(),
    ARCHIVE_STORAGE: azurite.connectionString,
    AzureWebJobsStorage: azurite.connectionString,
    GRAPH_REPORT_BUDGET: '100000/10',
    BACKFILL_DAYS: '2',
    ...env,
  };
  const host: SmallArchive['host'] = (more, keys) =>
    startHostProcess({
      appDir: PROJECT,
      port: 0,
      timers: false,
      pollMs: 50,
      env: { ...settings, ...more },
      ...(keys && { keys }),
    });
  return {
    azurite,
    tenant,
    settings,
    host,
    stop: async () => {
      await tenant.stop();
      await azurite.stop();
    },
  };
}

/** Collects tenant A once, in a host that is stopped again. */
export async function fill(archive: SmallArchive): Promise<void> {
  const host = await archive.host({ TENANT_ID: TENANT_A });
  try {
    await host.runTimer('collect');
    await host.idle();
  } finally {
    await host.stop();
  }
}

/** Name of a user who has records in it. */
export async function someUser(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${url}/api/entities/user?prefix=&limit=500`, { headers });
  const { users } = (await response.json()) as { users: { user: string }[] };
  return users.find(({ user }) => user.includes('@'))!.user;
}
