import { describe, expect, it } from 'vitest';
import { JobStore, newJob, showJob, type ImportJob, type JobBlobs } from '../../../shared/import/job.ts';
import { MAX_ATTEMPTS, runImportJob, type JobDeps } from '../../../shared/import/run-job.ts';
import { silentLog } from '../../../shared/log.ts';
import {
  archivedLines,
  audit,
  importBench,
  MemoryUploads,
  NOW,
  receipts,
  TENANT,
  type Bench,
} from '../../support/imports.ts';

class MemoryJobs implements JobBlobs {
  readonly blobs = new Map<string, { body: Buffer; etag: string }>();
  #version = 0;

  get(name: string): Promise<{ body: Buffer; etag: string } | undefined> {
    return Promise.resolve(this.blobs.get(name));
  }

  put(
    name: string,
    body: Buffer,
    expected: 'new' | { readonly etag: string },
  ): Promise<'written' | 'changed'> {
    const found = this.blobs.get(name);
    if (expected === 'new' ? found : found?.etag !== expected.etag) return Promise.resolve('changed');
    this.blobs.set(name, { body, etag: String(++this.#version) });
    return Promise.resolve('written');
  }
}

const ID = '99999999-9999-4999-8999-999999999999';
const records = Array.from({ length: 40_000 }, (_, i) =>
  audit(`r${i}`, `2026-11-${String(1 + (i % 9)).padStart(2, '0')}T10:00:00`, { filler: 'x'.repeat(600) }),
);

interface World extends Bench, JobDeps {
  readonly blobs: Bench['blobs'];
  readonly queues: Bench['queues'];
  readonly uploads: MemoryUploads;
}

async function world(body: string, over: Partial<ImportJob> = {}, workMs = 60_000): Promise<World> {
  const bench = importBench();
  const uploads = new MemoryUploads();
  uploads.files.set('big.ndjson', Buffer.from(body));
  const jobs = new JobStore(new MemoryJobs(), () => NOW);
  const from = {
    name: 'big.ndjson',
    blob: 'big.ndjson',
    staged: false,
    asked: 'auto',
    importer: 'Ada',
  } as const;
  await jobs.create({ ...newJob({ id: ID, tenant: TENANT, importedMs: NOW, ...from }), ...over });
  return { ...bench, uploads, jobs, log: silentLog, workMs };
}

/** Delivers the message, and those that follow from it. */
async function deliver(w: World): Promise<{ job: ImportJob; deliveries: number }> {
  for (let deliveries = 1; ; deliveries++) {
    w.queues.sent.length = 0;
    const job = (await runImportJob(TENANT, ID, w))!;
    if (!w.queues.sent.some(({ queue }) => queue === 'import-file')) return { job, deliveries };
  }
}

describe('an import that takes long', () => {
  it('is stored over several deliveries, each going on where the last stopped', async () => {
    const w = await world(records.join('\n'), {}, 0);
    const { job, deliveries } = await deliver(w);
    expect(deliveries).toBeGreaterThan(1);
    expect(job).toMatchObject({
      state: 'done',
      result: { counts: { records: 40_000, added: 40_000, duplicates: 0 } },
    });
    expect(archivedLines(w.blobs)).toEqual(records.toSorted());
    expect(receipts(w.blobs)).toHaveLength(1);
    expect(receipts(w.blobs)[0]!.segments).toEqual(job.stored.segments);
    expect(showJob(job)).toMatchObject({
      id: ID,
      state: 'done',
      progress: { step: 'done', records: 40_000 },
    });
  });

  it('a message that comes again after the end changes nothing', async () => {
    const w = await world(records.slice(0, 10).join('\n'));
    await deliver(w);
    const before = [...w.blobs.blobs.keys()];
    expect(await deliver(w)).toMatchObject({ job: { state: 'done' }, deliveries: 1 });
    expect([...w.blobs.blobs.keys()]).toEqual(before);
  });

  it('two deliveries at once end in the same archive', async () => {
    const w = await world(records.slice(0, 500).join('\n'));
    await Promise.all([runImportJob(TENANT, ID, w), runImportJob(TENANT, ID, w)]);
    expect(archivedLines(w.blobs)).toEqual(records.slice(0, 500).toSorted());
    expect(receipts(w.blobs)).toHaveLength(1);
  });

  it('a broken file fails with its line, and nothing was stored', async () => {
    const w = await world(`${records.slice(0, 3000).join('\n')}\n{"cut`);
    const { job } = await deliver(w);
    expect(job.state).toBe('failed');
    expect(job.problem).toMatchObject({ line: 3001, field: 'body', remedy: expect.any(String) as string });
    expect(w.blobs.blobs.size).toBe(0);
  });

  it('a blob that was replaced meanwhile is refused', async () => {
    const w = await world(records.slice(0, 10).join('\n'), { version: '17' });
    expect((await deliver(w)).job).toMatchObject({ state: 'failed', problem: { field: 'blob' } });
    expect(w.blobs.blobs.size).toBe(0);
  });

  it('a blob that is gone is refused', async () => {
    const w = await world('', { blob: 'gone' });
    expect((await deliver(w)).job).toMatchObject({ state: 'failed', problem: { field: 'blob' } });
  });

  it('a staged body is removed once it is imported', async () => {
    const w = await world(records.slice(0, 10).join('\n'), { staged: true });
    await deliver(w);
    expect(w.uploads.files.size).toBe(0);
  });

  it('a passing fault is tried again, and told at last without what it said', async () => {
    const w = await world(records.slice(0, 10).join('\n'));
    const secret = new Error('AccountKey=secret');
    const failing: JobDeps = {
      ...w,
      uploads: Object.assign(new MemoryUploads(), { open: () => Promise.reject(secret) }),
    };
    for (let i = 1; i < MAX_ATTEMPTS; i++)
      await expect(runImportJob(TENANT, ID, failing)).rejects.toBe(secret);
    const last = await runImportJob(TENANT, ID, failing);
    expect(last!.state).toBe('failed');
    expect(JSON.stringify(showJob(last!))).not.toContain('secret');
  });

  it('a job that nobody knows does nothing', async () => {
    const w = await world('');
    expect(await runImportJob(TENANT, '88888888-8888-4888-8888-888888888888', w)).toBeUndefined();
  });
});
