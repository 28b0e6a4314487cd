import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadNativeRecords } from './native.ts';
import type { PublishedRecord } from './records.ts';
import { createTenant } from './tenant.ts';

const USAGE = `Starts a simulated Microsoft 365 tenant.

  node infra/local/tenant/main.ts [options] [file.ndjson ...]

  --port <n>          port to listen on (default 4310)
  --story <module>    a module that exports story(options), an iterable of published records
  --tenant <guid>     the tenant's id
  --seed <n>          seed of blobs and faults (default 1)
  --report <file>     where to write the report at the end
  --relaxed           lift the request limits
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '4310' },
    story: { type: 'string' },
    tenant: { type: 'string' },
    seed: { type: 'string', default: '1' },
    report: { type: 'string' },
    relaxed: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else await run();

async function run(): Promise<void> {
  const nowMs = Date.now();
  const records = [...(await storyRecords(nowMs)), ...(await fileRecords(nowMs))];
  const tenant = await createTenant({
    records,
    port: Number(values.port),
    seed: Number(values.seed),
    ...(values.tenant === undefined ? {} : { tenantId: values.tenant }),
  });
  if (values.relaxed)
    for (const name of ['graphReports', 'identityProtection', 'feed'] as const)
      tenant.limits.set(name, false);
  console.log(`${records.length} records published`);
  for (const [name, value] of Object.entries(tenant.settings())) console.log(`${name}=${value}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(
      signal,
      () => void tenant.stop(values.report === undefined ? {} : { reportTo: values.report }),
    );
}

async function fileRecords(nowMs: number): Promise<PublishedRecord[]> {
  const loaded: PublishedRecord[] = [];
  for (const path of positionals) {
    if (!(await stat(path)).isFile()) throw new Error(`${path} is not a file`);
    for (const record of await loadNativeRecords(path, { nowMs })) loaded.push(record);
  }
  return loaded;
}

// Stories are another room's; they are only loaded when one is asked for.
async function storyRecords(nowMs: number): Promise<Iterable<PublishedRecord>> {
  if (values.story === undefined) return [];
  const module = (await import(new URL(values.story, `file://${process.cwd()}/`).href)) as {
    readonly story: (options: { readonly nowMs: number; readonly seed: number }) => Iterable<PublishedRecord>;
  };
  return module.story({ nowMs, seed: Number(values.seed) });
}
