import { parseArgs } from 'node:util';
import { loadNativeRecords } from './native.ts';
import type { PublishedRecord } from './records.ts';
import { createTenant } from './tenant.ts';

const USAGE = `Starts a simulated Microsoft 365 tenant on this machine.

  node infra/local/tenant/main.ts [options] [file.ndjson ...]

  --port <n>       port to listen on; 0 takes a free one (default 4310)
  --story          publish the built-in story: a company, thirty days, one intrusion
  --records <n>    about so many records in the story
  --users <n>      people in the story
  --tenant <guid>  the tenant's id
  --seed <n>       seed of the story, the content blobs and the faults (default 1)
  --relaxed        lift the request limits
  --report <file>  write the report when it ends
  --help

Files hold records in the vendor's own shape, one a line; their newest event is moved to now.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '4310' },
    story: { type: 'boolean', default: false },
    records: { type: 'string' },
    users: { type: 'string' },
    tenant: { type: 'string' },
    seed: { type: 'string', default: '1' },
    relaxed: { type: 'boolean', default: false },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function run(nowMs: number): Promise<void> {
  const { records, state, tenantId } = values.story ? await storyOf(nowMs) : NOTHING;
  const tenant = await createTenant({
    records,
    state,
    tenantId,
    port: Number(values.port),
    seed: Number(values.seed),
  });
  for (const path of positionals) tenant.publish(await loadNativeRecords(path, { nowMs }));
  if (values.relaxed)
    for (const name of ['graphReports', 'identityProtection', 'feed'] as const)
      tenant.limits.set(name, false);
  console.log(`${tenant.report().records.published} records published`);
  for (const [name, value] of Object.entries(tenant.settings())) console.log(`${name}=${value}`);
  const end = () => tenant.stop(values.report === undefined ? {} : { reportTo: values.report });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end());
}

interface Contents {
  readonly records: Iterable<PublishedRecord>;
  readonly state: Readonly<Record<string, unknown>>;
  readonly tenantId: string;
}

const NOTHING: Contents = {
  records: [],
  state: {},
  tenantId: values.tenant ?? '11111111-1111-4111-8111-111111111111',
};

// The story is another room's; it is only loaded when it is asked for.
async function storyOf(nowMs: number): Promise<Contents> {
  const { DEFAULT_TENANT_ID, generateStory, storyState } = await import('../story/index.ts');
  const tenantId = values.tenant ?? DEFAULT_TENANT_ID;
  const options = {
    nowMs,
    tenantId,
    seed: Number(values.seed),
    ...(values.records === undefined ? {} : { records: Number(values.records) }),
    ...(values.users === undefined ? {} : { users: Number(values.users) }),
  };
  return { records: generateStory(options), state: storyState(options), tenantId };
}

if (values.help) console.log(USAGE);
else await run(Date.now());
