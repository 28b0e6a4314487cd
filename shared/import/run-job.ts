import { describeError, HoldfastError, isHoldfastError } from '../errors.ts';
import type { Log } from '../log.ts';
import { QUEUE } from '../messages.ts';
import { checkFile, type FileFacts } from './check-file.ts';
import { finishImport } from './finish.ts';
import type { ImportJob, JobStore } from './job.ts';
import type { ImportDeps } from './run-import.ts';
import { resultOf } from './show.ts';
import type { SourceFile, Uploads } from './source-file.ts';
import { storeFile, type ImportAsk } from './store-file.ts';
import { MoreThanLimit, UNPACK_LIMITS } from './unpack.ts';

export interface JobDeps extends ImportDeps {
  readonly jobs: JobStore;
  readonly uploads: Uploads;
  readonly log: Log;
  /** How long one delivery of the message may store, milliseconds. */
  readonly workMs?: number;
}

/** Two minutes of the ten are left for reading the file and for its last records. */
const WORK_MS = 6 * 60_000;
/** A file must be read to its end in one go. */
const CHECK_MS = 4 * 60_000;
/** How often a job that fails for a passing reason is tried again. */
export const MAX_ATTEMPTS = 5;

export const askOf = (job: ImportJob): ImportAsk => ({
  id: job.id,
  tenant: job.tenant,
  name: job.name,
  format: job.asked,
  importer: job.importer,
  importedMs: job.importedMs,
});

/**
 * One delivery of an import's message. The file is read to its end before anything of it is stored; then it is stored
 * from where the delivery before stopped. A job that is killed anywhere, or runs twice at once, ends in the same archive.
 */
export async function runImportJob(
  tenant: string,
  id: string,
  deps: JobDeps,
): Promise<ImportJob | undefined> {
  const job = await deps.jobs.read(tenant, id);
  if (!job || job.state === 'done' || job.state === 'failed') return job;
  const running = await deps.jobs.update(tenant, id, (now) => ({
    ...now,
    state: 'running',
    attempts: now.attempts + 1,
  }));
  try {
    return await work(running, deps);
  } catch (error) {
    return failed(running, error, deps);
  }
}

async function work(job: ImportJob, deps: JobDeps): Promise<ImportJob> {
  const file = await opened(job, deps);
  const beganMs = deps.clock.now();
  const facts = job.facts ?? (await checked(job, file, deps));
  const endMs = beganMs + (deps.workMs ?? WORK_MS);
  const stored = await storeFile(file, askOf(job), facts, job.stored, {
    archive: deps.archive,
    stop: () => deps.clock.now() >= endMs,
  });
  if (stored.done) return finish({ ...job, facts, stored }, facts, deps);
  const { tenant, id } = job;
  // An attempt that came forward is none that failed.
  const next = await deps.jobs.update(tenant, id, (now) => ({ ...now, facts, stored, attempts: 0 }));
  await deps.queues.send(QUEUE.import, [{ tenant, id }]);
  return next;
}

/** The staged file, or the blob under its name; a blob that was replaced meanwhile is another file. */
async function opened(job: ImportJob, { uploads }: JobDeps): Promise<SourceFile> {
  const file = await uploads.open(job.blob);
  if (!file)
    throw new HoldfastError('not-found', `There is no blob of this name in container uploads any more.`, {
      field: 'blob',
      remedy: 'Upload the file again; uploads are deleted after some days.',
    });
  if (job.version !== undefined && file.version !== job.version) throw changed();
  return { ...file, name: job.name };
}

export const changed = (): HoldfastError =>
  new HoldfastError('conflict', 'The blob was changed while it was imported.', {
    field: 'blob',
    remedy: 'Upload it once, under a name of its own, and import it again.',
  });

async function checked(job: ImportJob, file: SourceFile, deps: JobDeps): Promise<FileFacts> {
  const endMs = deps.clock.now() + CHECK_MS;
  const facts = await checkFile(file, job.asked, { ...UNPACK_LIMITS, stop: () => deps.clock.now() > endMs });
  await deps.jobs.update(job.tenant, job.id, (now) => ({ ...now, facts }));
  return facts;
}

async function finish(job: ImportJob, facts: FileFacts, deps: JobDeps): Promise<ImportJob> {
  const finished = await finishImport(askOf(job), facts, job.stored, deps.clock.now(), deps);
  const result = resultOf(askOf(job), facts, job.stored, finished);
  const { stored } = job;
  const done = await deps.jobs.update(job.tenant, job.id, (now) => ({
    ...now,
    facts,
    stored,
    state: 'done',
    result,
  }));
  if (job.staged) await deps.uploads.remove(job.blob);
  return done;
}

async function failed(job: ImportJob, error: unknown, deps: JobDeps): Promise<ImportJob> {
  const fault = error instanceof MoreThanLimit ? tooMuch() : error;
  const final =
    job.attempts >= MAX_ATTEMPTS || (isHoldfastError(fault) && !fault.retryable && fault.code !== 'internal');
  deps.log.warn('import.failed', {
    import: job.id,
    attempt: job.attempts,
    final,
    error: describeError(fault),
  });
  if (!final) throw fault;
  return deps.jobs.update(job.tenant, job.id, (now) => ({
    ...now,
    state: 'failed',
    problem: problemOf(fault),
  }));
}

const tooMuch = (): HoldfastError =>
  new HoldfastError(
    'too-large',
    `The file unpacks to more than ${UNPACK_LIMITS.plainBytes} bytes, or takes longer than four minutes to read.`,
    {
      field: 'blob',
      remedy: 'Split it, by days for example, and import the parts one by one.',
    },
  );

/** What the caller is told; faults of ours are in the log only. */
function problemOf(error: unknown): NonNullable<ImportJob['problem']> {
  if (!isHoldfastError(error) || error.code === 'internal')
    return { detail: 'The import failed five times; the fault is in the log under its id.' };
  const { line } = error.ids;
  return {
    detail: error.message,
    ...(error.field && { field: error.field }),
    ...(typeof line === 'number' && { line }),
    ...(error.remedy && { remedy: error.remedy }),
  };
}
