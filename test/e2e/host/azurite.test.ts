import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { QueueServiceClient } from '@azure/storage-queue';
import { BlobServiceClient } from '@azure/storage-blob';
import { TableClient } from '@azure/data-tables';
import { describe, expect, inject, test } from 'vitest';
import { findOrStartAzurite, startAzurite } from '../../../infra/local/azurite.ts';

const MODULE = path.join(import.meta.dirname, '../../../infra/local/azurite.ts');

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

async function until(holds: () => Promise<boolean>, limitMs = 10_000): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

describe('the run-wide Azurite', () => {
  test('is given to tests by environment and by injection', () => {
    expect(inject('storage').connectionString).toContain('AccountName=devstoreaccount1');
    expect(process.env['TEST_STORAGE']).toBe(inject('storage').connectionString);
  });

  test('answers the SDKs of all three services', async () => {
    const { connectionString } = inject('storage');
    const blobs = BlobServiceClient.fromConnectionString(connectionString);
    const queues = QueueServiceClient.fromConnectionString(connectionString);
    const table = TableClient.fromConnectionString(connectionString, 'azuritetest', {
      allowInsecureConnection: true,
    });
    await blobs.getContainerClient('azurite-test').createIfNotExists();
    await queues.getQueueClient('azurite-test').createIfNotExists();
    await table.createTable();
    await table.createEntity({ partitionKey: 'a', rowKey: 'b', n: 1 });
    expect(await blobs.getContainerClient('azurite-test').exists()).toBe(true);
    expect(await queues.getQueueClient('azurite-test').exists()).toBe(true);
    expect((await table.getEntity('a', 'b'))['n']).toBe(1);
  });
});

describe('an Azurite of one owner', () => {
  test('keeps its data in a folder over a restart', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-azurite-'));
    const first = await startAzurite({ folder });
    const container = (connection: string) =>
      BlobServiceClient.fromConnectionString(connection).getContainerClient('kept');
    await container(first.connectionString).create();
    await first.stop();
    expect(await listens(first.blobPort)).toBe(false);
    const second = await startAzurite({ folder });
    expect(await container(second.connectionString).exists()).toBe(true);
    await second.stop();
    await rm(folder, { recursive: true });
  });

  test('is found where it listens, and left alone by who found it', async () => {
    const owned = await findOrStartAzurite({ ports: { blobPort: 0, queuePort: 0, tablePort: 0 } });
    const found = await findOrStartAzurite({ ports: owned });
    expect([owned.started, found.started]).toEqual([true, false]);
    expect(found.connectionString).toBe(owned.connectionString);
    await found.stop();
    expect(await listens(owned.blobPort)).toBe(true);
    await owned.stop();
    expect(await listens(owned.blobPort)).toBe(false);
  });

  test('ends when its parent is killed', async () => {
    const script = `import { findOrStartAzurite, startAzurite } from ${JSON.stringify(MODULE)};
      console.log((await startAzurite()).blobPort); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const port = Number(chunk.toString());
    expect(await listens(port)).toBe(true);
    parent.kill('SIGKILL');
    expect(await until(async () => !(await listens(port)))).toBe(true);
  });

  test('says why it could not start', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as net.AddressInfo;
    await expect(startAzurite({ ports: { queuePort: port } })).rejects.toThrow(/EADDRINUSE/);
    taken.close();
  });
});
