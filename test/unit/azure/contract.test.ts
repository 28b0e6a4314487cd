import { expect, it } from 'vitest';
import { parseTemplate } from '../../../infra/azure/check/template.ts';
import { isRecord, valueOf, type Value } from '../../../infra/azure/check/value.ts';
import { readSettings } from '../../../shared/config.ts';
import { CONTAINERS, QUEUES, TABLES } from '../../../shared/store/connect.ts';
import { text } from './project.ts';

const variable = async (file: string, name: string): Promise<Value> => {
  const template = await parseTemplate(file, text('infra', 'azure', 'modules', file));
  const found = template.variables.get(name);
  if (found === undefined) throw new Error(`${file} has no variable ${name}`);
  return valueOf(found.value, template, 'consequence');
};

const keys = (value: Value): string[] => (isRecord(value) ? Object.keys(value) : []);

it('deploys the queues, tables and containers that the product uses', async () => {
  expect(await variable('evidence.bicep', 'workQueues')).toEqual([...QUEUES]);
  expect(await variable('evidence.bicep', 'tableNames')).toEqual([...TABLES]);
  const open = await variable('evidence.bicep', 'openContainers');
  expect(['archive', ...(open as string[])]).toEqual([...CONTAINERS]);
});

it('sets no setting that the product does not read', async () => {
  const set = [
    ...keys(await variable('function-app.bicep', 'productSettings')),
    ...keys(await variable('function-app.bicep', 'chosenSettings')),
  ];
  expect(set).toEqual(expect.arrayContaining(['TENANT_ID', 'M365_CLOUD', 'SOURCES', 'ALERT_WEBHOOK_URL']));
  const config = text('shared', 'config.ts') + text('shared', 'config-access.ts');
  expect(set.filter((name) => !config.includes(`${name}:`))).toEqual([]);
});

const tenant = '11111111-2222-4333-8444-555555555555';
const deployed = {
  TENANT_ID: tenant,
  M365_CREDENTIAL: 'default',
  BACKFILL_DAYS: '180',
  BUNDLE_RETENTION_DAYS: '90',
  AZURE_CLIENT_ID: 'identity',
  ARCHIVE_STORAGE__credential: 'managedidentity',
  ARCHIVE_STORAGE__clientId: 'identity',
};

it('gives settings that the product accepts, by account name in the public cloud', () => {
  const settings = readSettings({ ...deployed, M365_CLOUD: 'public', ARCHIVE_STORAGE__accountName: 'sthf1' });
  expect(settings.storage).toEqual({
    kind: 'identity',
    blobUri: 'https://sthf1.blob.core.windows.net',
    queueUri: 'https://sthf1.queue.core.windows.net',
    tableUri: 'https://sthf1.table.core.windows.net',
    clientId: 'identity',
  });
});

it('and by the three addresses elsewhere', () => {
  const at = (service: string): string => `https://sthf1.${service}.core.usgovcloudapi.net`;
  const settings = readSettings({
    ...deployed,
    M365_CLOUD: 'usgov',
    ARCHIVE_STORAGE__blobServiceUri: at('blob'),
    ARCHIVE_STORAGE__queueServiceUri: at('queue'),
    ARCHIVE_STORAGE__tableServiceUri: at('table'),
  });
  expect(settings.storage).toMatchObject({
    blobUri: at('blob'),
    queueUri: at('queue'),
    tableUri: at('table'),
  });
});

it('apiRequireEntra reaches the app: no key is asked for, and a key alone is worth nothing', async () => {
  const chosen = await variable('function-app.bicep', 'chosenSettings');
  const mode = isRecord(chosen) ? chosen['AUTH_MODE'] : undefined;
  if (typeof mode !== 'string') throw new Error('AUTH_MODE is not set');
  const storage = { M365_CLOUD: 'public', ARCHIVE_STORAGE__accountName: 'sthf1' };
  expect(readSettings({ ...deployed, ...storage, AUTH_MODE: mode }).access.mode).toBe('entra');
  expect(readSettings({ ...deployed, ...storage }).access.mode).toBe('keys');
});
