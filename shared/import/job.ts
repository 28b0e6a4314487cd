import { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import { fileFacts } from './check-file.ts';
import { FORMATS } from './layout.ts';
import type { ImportResult } from './show.ts';
import { nothingStored, storeProgress } from './store-file.ts';

/** An import that takes longer than a call may. Its state is one blob, guarded by its ETag; it is no evidence. */

const problem = z.object({
  detail: z.string(),
  field: z.string().optional(),
  line: z.number().optional(),
  remedy: z.string().optional(),
});

export const importJob = z.object({
  format: z.literal(1),
  id: z.guid(),
  state: z.enum(['queued', 'running', 'done', 'failed']),
  tenant: z.string(),
  name: z.string(),
  /** Name in container `uploads`; `staged` when we put it there ourselves, and remove it at the end. */
  blob: z.string(),
  staged: z.boolean(),
  /** The blob's version when the import was asked for: another one is another file. */
  version: z.string().optional(),
  asked: z.enum(FORMATS),
  importer: z.string(),
  importedMs: z.number(),
  updatedMs: z.number(),
  attempts: z.number(),
  /** Known once the file was read to its end. */
  facts: fileFacts.optional(),
  stored: storeProgress,
  problem: problem.optional(),
  result: z.custom<ImportResult>().optional(),
});
export type ImportJob = z.infer<typeof importJob>;

type Asked = Pick<
  ImportJob,
  'id' | 'tenant' | 'name' | 'blob' | 'staged' | 'version' | 'asked' | 'importer' | 'importedMs'
>;

export const newJob = (asked: Asked): ImportJob => ({
  format: 1,
  state: 'queued',
  ...asked,
  updatedMs: asked.importedMs,
  attempts: 0,
  stored: nothingStored(),
});

/** What the caller sees of a job. */
export const showJob = (job: ImportJob): object => ({
  id: job.id,
  state: job.state,
  file: job.name,
  progress: {
    step: job.state === 'done' ? 'done' : job.facts ? 'store' : 'check',
    records: job.stored.records,
    ...(job.facts && { of: job.facts.records }),
  },
  ...(job.problem && { problem: job.problem }),
  ...(job.result && { result: job.result }),
});

/** A small blob with its ETag. */
export interface JobBlobs {
  get(name: string): Promise<{ readonly body: Buffer; readonly etag: string } | undefined>;
  put(
    name: string,
    body: Buffer,
    expected: 'new' | { readonly etag: string },
  ): Promise<'written' | 'changed'>;
}

const blobOf = (tenant: string, id: string): string => `${tenant}/jobs/${id}.json`;
const bytes = (job: ImportJob): Buffer => Buffer.from(JSON.stringify(job));

export class JobStore {
  readonly #blobs: JobBlobs;
  readonly #now: () => number;

  constructor(blobs: JobBlobs, now: () => number) {
    this.#blobs = blobs;
    this.#now = now;
  }

  async create(job: ImportJob): Promise<void> {
    await this.#blobs.put(blobOf(job.tenant, job.id), bytes(job), 'new');
  }

  async read(tenant: string, id: string): Promise<ImportJob | undefined> {
    const found = await this.#blobs.get(blobOf(tenant, id));
    return found && parse(found.body);
  }

  /** Changes the state by `change`, again from the newest version whenever somebody else was faster. */
  async update(tenant: string, id: string, change: (now: ImportJob) => ImportJob): Promise<ImportJob> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const found = await this.#blobs.get(blobOf(tenant, id));
      if (!found) throw new HoldfastError('not-found', `There is no import ${id}.`, { field: 'id' });
      const next = { ...change(parse(found.body)), updatedMs: this.#now() };
      if ((await this.#blobs.put(blobOf(tenant, id), bytes(next), found)) === 'written') return next;
    }
    throw new HoldfastError('unavailable', `Import ${id} changes too often.`, { retryable: true });
  }
}

const parse = (body: Buffer): ImportJob => importJob.parse(JSON.parse(body.toString('utf8')));
