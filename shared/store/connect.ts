import { TableClient, TableServiceClient } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient, type QueueClient } from '@azure/storage-queue';
import type { StorageSettings } from '../config.ts';
import { AzureBlobs, storageErrorCode } from './azure-blobs.ts';
import { AzureQueues } from './azure-queues.ts';
import { AzureTables } from './azure-tables.ts';
import type { Stores } from './stores.ts';

export const TABLES = ['slices', 'sessions', 'users', 'windows', 'findings', 'budgets'] as const;
export const QUEUES = [
  'collect-window',
  'index-segment',
  'build-bundle',
  'run-detection',
  'import-file',
] as const;
export const CONTAINERS = ['archive', 'bundles', 'uploads'] as const;

export interface StorageClients {
  readonly stores: Stores;
  readonly blobService: BlobServiceClient;
  readonly queueService: QueueServiceClient;
  /**
   * Creates containers, tables and queues that do not exist yet. An identity that may use but not create them is told
   * 403 whether or not they are there: these are returned, to be reported; what is really missing fails when it is used.
   */
  ensure(): Promise<NotCreated[]>;
}

export interface NotCreated {
  readonly name: string;
  readonly code: string;
}

/** SDK clients for one storage account. `prefix` keeps several archives apart in one account (tests). */
export function connectStorage(
  settings: StorageSettings,
  credential?: TokenCredential,
  prefix = '',
): StorageClients {
  const { blobService, queueService, table, tableService } =
    settings.kind === 'connection-string'
      ? fromConnectionString(settings.connectionString)
      : fromIdentity(settings, credential!);
  const name = (base: string): string => prefix + base;
  const tableName = (base: string): string => prefix.replace(/[^A-Za-z0-9]/g, '') + base;
  const tables = memoize((base: string) => table(tableName(base)));
  const queues = memoize((base: string): QueueClient => queueService.getQueueClient(name(base)));
  const stores: Stores = {
    archive: new AzureBlobs(blobService.getContainerClient(name('archive'))),
    tables: new AzureTables(tables),
    queues: new AzureQueues(queues),
  };
  return {
    stores,
    blobService,
    queueService,
    ensure: async () => {
      const lenient = settings.kind === 'identity';
      const made = await Promise.all([
        ...CONTAINERS.map((c) =>
          exists(c, blobService.getContainerClient(name(c)).createIfNotExists(), lenient),
        ),
        ...QUEUES.map((q) => exists(q, queues(q).createIfNotExists(), lenient)),
        ...TABLES.map((t) => exists(t, tableService.createTable(tableName(t)), lenient)),
      ]);
      return made.filter((m) => m !== undefined);
    },
  };
}

function fromConnectionString(text: string) {
  // Azurite speaks plain HTTP on loopback; the table client asks to be told so.
  const options = { allowInsecureConnection: /UseDevelopmentStorage=true|http:\/\//i.test(text) };
  return {
    blobService: BlobServiceClient.fromConnectionString(text),
    queueService: QueueServiceClient.fromConnectionString(text),
    tableService: TableServiceClient.fromConnectionString(text, options),
    table: (name: string) => TableClient.fromConnectionString(text, name, options),
  };
}

function fromIdentity(s: Extract<StorageSettings, { kind: 'identity' }>, credential: TokenCredential) {
  return {
    blobService: new BlobServiceClient(s.blobUri, credential),
    queueService: new QueueServiceClient(s.queueUri, credential),
    tableService: new TableServiceClient(s.tableUri, credential),
    table: (name: string) => new TableClient(s.tableUri, name, credential),
  };
}

function memoize<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    const found = made.get(key) ?? make(key);
    made.set(key, found);
    return found;
  };
}

/** "Already there" is what we want; a refusal to create is told to the caller where it may be harmless. */
export async function exists(
  name: string,
  creation: Promise<unknown>,
  lenient: boolean,
): Promise<NotCreated | undefined> {
  try {
    await creation;
  } catch (error) {
    const { status, code } = storageErrorCode(error);
    if (status === 403 && lenient) return { name, code: code ?? String(status) };
    if (status !== 409) throw error;
  }
  return undefined;
}
