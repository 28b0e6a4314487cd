import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type QueueClient, QueueServiceClient } from '@azure/storage-queue';
import { buildApp } from '../../../infra/build.ts';

export interface SampleApp {
  readonly appDir: string;
  remove(): Promise<void>;
}

const HOST_JSON = {
  version: '2.0',
  extensions: {
    queues: { batchSize: 4, newBatchThreshold: 2, maxDequeueCount: 3, visibilityTimeout: '00:00:00' },
  },
};

/** An app directory as `func start` expects it, compiled by the product's own build. */
export async function makeSampleApp(
  entry = 'app-sample.ts',
  hostJson: object = HOST_JSON,
): Promise<SampleApp> {
  const appDir = await mkdtemp(path.join(tmpdir(), 'holdfast-app-'));
  await buildApp({
    entry: path.join(import.meta.dirname, entry),
    outfile: path.join(appDir, 'dist/main.cjs'),
  });
  await writeFile(path.join(appDir, 'package.json'), JSON.stringify({ main: 'dist/main.cjs' }));
  await writeFile(path.join(appDir, 'host.json'), JSON.stringify(hostJson));
  return { appDir, remove: () => rm(appDir, { recursive: true, force: true }) };
}

export interface SampleStorage {
  readonly env: Record<string, string>;
  readonly work: QueueClient;
  readonly next: QueueClient;
  readonly poison: QueueClient;
}

/** Queues of this test alone, in the storage all tests share. */
export async function makeSampleStorage(connectionString: string): Promise<SampleStorage> {
  const prefix = `host-${randomBytes(4).toString('hex')}`;
  const service = QueueServiceClient.fromConnectionString(connectionString);
  const work = service.getQueueClient(`${prefix}-work`);
  await work.create();
  return {
    work,
    next: service.getQueueClient(`${prefix}-next`),
    poison: service.getQueueClient(`${prefix}-work-poison`),
    env: {
      WorkStorage: connectionString,
      WORK_QUEUE: `${prefix}-work`,
      NEXT_QUEUE: `${prefix}-next`,
      TICK: '0 0 0 1 1 *',
    },
  };
}

/** What the sample app noted in this process since it was last emptied. */
export const seen: Record<string, unknown>[] = ((
  globalThis as { sampleSeen?: Record<string, unknown>[] }
).sampleSeen ??= []);

export const sent = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');

export async function until(holds: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Not so within ${limitMs} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
