import { randomUUID } from 'node:crypto';
import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import { Semaphore } from '../shared/collect/semaphore.ts';
import { HoldfastError } from '../shared/errors.ts';
import { refused, shownName } from '../shared/import/broken.ts';
import { JobStore, newJob, showJob, type ImportJob } from '../shared/import/job.ts';
import { FORMATS, type AskedFormat } from '../shared/import/layout.ts';
import { runImportJob, type JobDeps } from '../shared/import/run-job.ts';
import { importQuickly } from '../shared/import/run-import.ts';
import { bufferFile, type SourceFile } from '../shared/import/source-file.ts';
import type { ImportAsk } from '../shared/import/store-file.ts';
import { MAX_IMPORT_BODY } from '../shared/http/routes/work.ts';
import { importMessage, parseMessage, QUEUE } from '../shared/messages.ts';
import { AUTH_LEVEL, http, json, query, tenantOf, tenantsOf, type Caller } from './http.ts';
import { root } from './root.ts';

const { stores, clock, log, settings } = root;
/** Each import holds a file, its gathered records and a parser, and the instance serves other calls as well. */
const room = new Semaphore(2);
const WAIT_MS = 30_000;
const jobs = new JobStore(root.uploads.state, () => clock.now());
const deps: JobDeps = {
  archive: root.archive,
  blobs: stores.archive,
  queues: stores.queues,
  uploads: root.uploads.files,
  jobs,
  clock,
  log,
};

app.http('import', {
  route: 'import',
  methods: ['POST'],
  authLevel: AUTH_LEVEL,
  handler: http('Admin', async (request, caller) => {
    const get = query(request, ['tenant', 'format', 'blob', 'name']);
    const tenant = tenantOf(get('tenant'));
    const format = formatOf(get('format'));
    const blob = get('blob');
    const body = Buffer.from(await request.arrayBuffer());
    const ask = askOf(tenant, format, get('name') ?? blob ?? 'upload', caller);
    const leave = await room.enter(WAIT_MS, clock);
    if (!leave)
      throw new HoldfastError('busy', 'Other imports are under way in this instance.', {
        retryable: true,
        retryAfterMs: WAIT_MS,
        remedy: 'Wait as long as Retry-After says, or upload the file and name it with ?blob=.',
      });
    try {
      return await (blob === undefined ? fromBody(body, ask) : fromBlob(blob, body, ask));
    } finally {
      leave();
    }
  }),
});

function formatOf(text = 'auto'): AskedFormat {
  const found = FORMATS.find((format) => format === text);
  if (found) return found;
  throw refused(
    `"format" is none of ${FORMATS.join(', ')}.`,
    'Leave it out: it is told from the file.',
    'format',
  );
}

const askOf = (tenant: string, format: AskedFormat, name: string, caller: Caller): ImportAsk => ({
  id: randomUUID(),
  tenant,
  name: shownName(name),
  format,
  importer: caller.name,
  importedMs: clock.now(),
});

async function fromBody(body: Buffer, ask: ImportAsk): Promise<HttpResponseInit> {
  if (body.length === 0)
    throw refused(
      'There is no file in the body.',
      'Send the bytes of the file, or name a blob of container uploads.',
    );
  if (body.length > MAX_IMPORT_BODY)
    throw new HoldfastError('too-large', `The body is longer than ${MAX_IMPORT_BODY} bytes.`, {
      field: 'body',
      remedy: 'Upload the file to container uploads, and name it with ?blob=.',
    });
  const quick = await importQuickly(bufferFile(ask.name, body), ask, deps);
  if (quick) return json(quick);
  const blob = `${ask.tenant}/staged/${ask.id}`;
  await root.uploads.files.stage(blob, body);
  return accept(ask, { blob, staged: true });
}

async function fromBlob(blob: string, body: Buffer, ask: ImportAsk): Promise<HttpResponseInit> {
  if (body.length > 0) throw refused('There are a body and a blob.', 'Send the bytes, or name the blob.');
  checkBlobName(blob, ask.tenant);
  const file = await root.uploads.files.open(blob);
  if (!file)
    throw new HoldfastError('not-found', 'There is no such blob in container uploads.', {
      field: 'blob',
      remedy: 'Upload it first; give its name within the container.',
    });
  const small = file.size <= MAX_IMPORT_BODY ? await whole(file) : undefined;
  const quick = small && (await importQuickly(bufferFile(ask.name, small), ask, deps));
  if (quick) return json(quick);
  return accept(ask, { blob, staged: false, ...(file.version !== undefined && { version: file.version }) });
}

/** One tenant's administrator must not read another's uploads into an archive of his own. */
function checkBlobName(blob: string, tenant: string): void {
  if (settings.tenants.length === 1 || blob.startsWith(`${tenant}/`)) return;
  throw refused('With several tenants a blob lies in the folder of its own.', `Name it ${tenant}/….`, 'blob');
}

async function whole(file: SourceFile): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of file.read(0, file.size)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Stored before its message is sent: a message without job does nothing. */
async function accept(
  { format, ...ask }: ImportAsk,
  from: Pick<ImportJob, 'blob' | 'staged' | 'version'>,
): Promise<HttpResponseInit> {
  const job = newJob({ ...ask, asked: format, ...from });
  await jobs.create(job);
  await stores.queues.send(QUEUE.import, [{ tenant: job.tenant, id: job.id }]);
  return json(showJob(job), 202, { location: `/api/imports/${job.id}` });
}

app.http('importState', {
  route: 'imports/{id}',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('Admin', async (request) => json(showJob(await find(request)))),
});

/** The job of a request's id, in any tenant that the caller reaches. */
async function find(request: HttpRequest): Promise<ImportJob> {
  const named = query(request, ['tenant'])('tenant');
  const tenants = named === undefined ? tenantsOf() : [tenantOf(named)];
  const id = (request.params['id'] ?? '').toLowerCase();
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
  for (const tenant of isId ? tenants : []) {
    const job = await jobs.read(tenant, id);
    if (job) return job;
  }
  throw new HoldfastError('not-found', 'There is no such import.', {
    field: 'id',
    remedy: 'The state of an import is deleted with the uploads; its receipt stays in the archive.',
  });
}

app.storageQueue('importFile', {
  queueName: QUEUE.import,
  connection: 'AzureWebJobsStorage',
  handler: async (message) => {
    await root.ready();
    const { tenant, id } = parseMessage(importMessage, message);
    const leave = await room.enter(WAIT_MS, clock);
    // The message ends with this call, so another one takes its place.
    if (!leave) return stores.queues.send(QUEUE.import, [{ tenant, id }], { delayMs: WAIT_MS });
    try {
      const job = await runImportJob(tenant, id, deps);
      log.info('import.run', { import: id, state: job?.state ?? 'gone', records: job?.stored.records });
    } finally {
      leave();
    }
  },
});
