import path from 'node:path';
import { DefaultAzureCredential } from '@azure/identity';
import { readSettings, type Settings } from '../../shared/config.ts';
import { connectStorage, type StorageClients } from '../../shared/store/connect.ts';
import { readLocalSettings } from './host/settings.ts';

/** Settings and storage for commands that work on the archive from outside the app: environment, then local.settings.json. */
export function openStorage(): {
  settings: Settings;
  storage: StorageClients;
  stores: StorageClients['stores'];
} {
  const appDir = path.join(import.meta.dirname, '../..');
  const settings = readSettings({ ...readLocalSettings(appDir), ...process.env });
  const credential = settings.storage.kind === 'identity' ? new DefaultAzureCredential() : undefined;
  const storage = connectStorage(settings.storage, credential);
  return { settings, storage, stores: storage.stores };
}
