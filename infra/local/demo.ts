import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { fromBufferPromise } from 'yauzl';
import type { SourceCoverage } from '../../shared/archive/coverage.ts';
import { startAzurite } from './azurite.ts';
import { startHost, type Host } from './host/host.ts';
import { stopOnSignals } from './host/signals.ts';
import { DEFAULT_TENANT_ID, generateStory, storyGroundTruth, storyState } from './story/index.ts';
import { createTenant } from './tenant/tenant.ts';

/**
 * `npm run demo`: the main job end to end on one machine. A simulated tenant with thirty days of a company's
 * traffic and one intrusion is collected, archived, indexed, and answered for with a bundle.
 */
const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '60000' },
    serve: { type: 'boolean', default: false },
    out: { type: 'string', default: 'demo-output' },
  },
});

const PROJECT = join(import.meta.dirname, '../..');
const OUT = join(PROJECT, values.out);
const say = (line = ''): void => console.log(line);
const nowMs = Date.now();
const story = { nowMs, records: Number(values.records) };
const started = Date.now();

say('holdfast demo: a company of 300 people, 30 days of Microsoft 365 logs, one intrusion.');
say(
  'Everything runs on this machine: Azurite as storage, a simulated tenant as Microsoft, the built app in a local',
);
say(
  'stand-in for the Azure Functions host. The simulated request limits (Graph reports 5 in 10 s, feed 2,000 a',
);
say('minute) are lifted here, so that a month is collected in a minute; Microsoft would take hours for it.');
say();

const azurite = await startAzurite();
const tenant = await createTenant({
  records: generateStory(story),
  state: storyState(story),
  tenantId: DEFAULT_TENANT_ID,
});
for (const limit of ['graphReports', 'identityProtection', 'feed'] as const) tenant.limits.set(limit, false);
say(`tenant   ${tenant.origin} publishes ${tenant.report().records.published} records`);

const quiet = console.log;
const host = await startHost({
  appDir: PROJECT,
  port: values.serve ? Number(process.env['PORT'] ?? 7071) : 0,
  timers: false,
  pollMs: 100,
  env: {
    ...tenant.settings(),
    ARCHIVE_STORAGE: azurite.connectionString,
    AzureWebJobsStorage: azurite.connectionString,
    GRAPH_REPORT_BUDGET: '100000/10',
    MANAGEMENT_BUDGET: '100000/10',
  },
});
say(`host     ${host.url} runs ${host.functions.map((f) => f.name).join(', ')}`);
say();

// The app logs a line for every window; the progress display below says it shorter.
console.log = (...args: unknown[]) => {
  if (!(typeof args[0] === 'string' && args[0].startsWith('{"'))) quiet(...args);
};

async function collect(): Promise<void> {
  const live = process.stdout.isTTY;
  const show = setInterval(
    () => {
      const { once, repeatedly } = tenant.report().records;
      const line = `collecting … ${once + repeatedly} records fetched, ${Math.round((Date.now() - started) / 1000)} s`;
      process.stdout.write(live ? `\r${line} ` : `${line}\n`);
    },
    live ? 500 : 10_000,
  );
  try {
    await host.runTimer('collect');
    await host.idle();
  } finally {
    clearInterval(show);
  }
  const { once, repeatedly, available } = tenant.report().records;
  say(
    `${live ? '\r' : ''}collected ${once + repeatedly} of ${available} records (the feed keeps 7 days of the audit log; older ones are the audit search's) in ${Math.round((Date.now() - started) / 1000)} s`,
  );
  say();
}

async function get<T>(h: Host, path: string): Promise<T> {
  const response = await fetch(h.url + path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

const span = `from=${new Date(nowMs - 30 * 86_400_000).toISOString().slice(0, 10)}&to=${new Date(nowMs + 86_400_000).toISOString().slice(0, 10)}`;

async function showCoverage(): Promise<void> {
  const { sources } = await get<{ sources: SourceCoverage[] }>(host, `/api/coverage?${span}`);
  say('coverage of the last 30 days (GET /api/coverage)');
  for (const { source, intervals } of sources) {
    const share = (state: string): number =>
      intervals
        .filter((i) => i.state === state)
        .reduce((ms, i) => ms + Date.parse(i.to) - Date.parse(i.from), 0) / 86_400_000;
    const parts = ['complete', 'pending', 'partial', 'unavailable', 'gap']
      .map((s) => [s, share(s)] as const)
      .filter(([, d]) => d > 0.01);
    say(`  ${source.padEnd(25)} ${parts.map(([s, d]) => `${s} ${d.toFixed(1)} d`).join(', ')}`);
  }
  say('  pending: collected, and collected again until 72 h have passed, since late records are normal.');
  say();
}

interface EntityAnswer {
  readonly records: number;
  readonly firstTime: string;
  readonly lastTime: string;
  readonly summary: {
    readonly sessions: string[];
    readonly ips: string[];
    readonly countries: string[];
    readonly userAgents: string[];
  };
}

async function showSessions(upn: string): Promise<void> {
  const user = await get<EntityAnswer>(host, `/api/entities/user/${encodeURIComponent(upn)}?${span}`);
  say(
    `${upn}: ${user.records} records in ${user.summary.sessions.length} sessions (GET /api/entities/user/…); the last few days:`,
  );
  const since = new Date(nowMs - 4 * 86_400_000).toISOString();
  for (const id of user.summary.sessions) {
    const s = await get<EntityAnswer>(host, `/api/entities/session/${id}?${span}`);
    if (s.lastTime < since) continue;
    const agent = s.summary.userAgents.find((a) => a.startsWith('Mozilla')) ?? s.summary.userAgents[0] ?? '';
    say(
      `  ${id}  ${s.firstTime.slice(0, 16)} – ${s.lastTime.slice(0, 16)}  ${String(s.records).padStart(4)} records  ${s.summary.countries.join(',')}  ${s.summary.ips.slice(0, 2).join(', ')}  ${agent.slice(0, 60)}`,
    );
  }
  say();
}

/** The names of a folder's files where they are few, else how many there are. */
function byFolder(names: readonly string[]): [string, string][] {
  const folders = Map.groupBy(names, (name) => (name.includes('/') ? `${name.split('/')[0]}/` : ''));
  return [...folders].map(([folder, files]) => [
    folder,
    files.length > 20 ? `${files.length} files` : files.map((name) => name.slice(folder.length)).join('  '),
  ]);
}

async function fetchBundle(upn: string): Promise<string[]> {
  const response = await fetch(`${host.url}/api/bundle?user=${encodeURIComponent(upn)}&${span}`);
  if (!response.ok) throw new Error(`the bundle answered ${response.status}: ${await response.text()}`);
  const zip = Buffer.from(await response.arrayBuffer());
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  await writeFile(join(OUT, 'bundle.zip'), zip);
  return extract(zip, join(OUT, 'bundle'));
}

async function extract(zip: Buffer, folder: string): Promise<string[]> {
  const file = await fromBufferPromise(zip);
  const names: string[] = [];
  for await (const entry of file.eachEntry()) {
    names.push(entry.fileName);
    const path = join(folder, entry.fileName);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(await file.openReadStreamPromise(entry), createWriteStream(path));
  }
  return names;
}

function showNext(upn: string, session: string, names: readonly string[]): void {
  const folder = `${values.out}/bundle`;
  say(`bundle: ${values.out}/bundle.zip, unpacked to ${folder}:`);
  for (const [title, held] of byFolder(names)) say(`  ${title.padEnd(10)} ${held}`);
  say();
  say('Try next:');
  say(`  (cd ${folder} && sha256sum -c SHA256SUMS)`);
  if (names.includes('report.html')) say(`  open ${folder}/report.html in a browser`);
  say(`  grep -c . ${folder}/records/*.ndjson`);
  say(`  grep ${session} ${folder}/timeline.csv | cut -c1-160`);
  if (values.serve) {
    say(`  curl '${host.url}/api/coverage'`);
    say(`  curl -o johanna.zip '${host.url}/api/bundle?user=${upn}'`);
    say(`  curl '${host.url}/api/entities/session/${session}'`);
    say('The host goes on running; stop it with Ctrl-C.');
  } else {
    say('  npm run demo -- --serve      the same, and the host stays up on port 7071 for curl');
  }
  say();
}

try {
  await collect();
  const truth = storyGroundTruth(story);
  await showCoverage();
  await showSessions(truth.johanna.upn);
  showNext(truth.johanna.upn, truth.johanna.attackerSession, await fetchBundle(truth.johanna.upn));
  say(`done in ${Math.round((Date.now() - started) / 1000)} s`);
} catch (error) {
  process.exitCode = 1;
  console.error(error);
}

const stop = async (): Promise<boolean> => {
  const clean = await host.stop();
  await tenant.stop();
  await azurite.stop();
  return clean;
};
if (values.serve && process.exitCode !== 1) stopOnSignals(stop);
else {
  await stop();
  process.exit();
}
