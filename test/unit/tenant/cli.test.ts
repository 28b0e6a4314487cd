import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import type { ControlCommand } from '../../../infra/local/tenant/control.ts';
import type { TenantReport } from '../../../infra/local/tenant/report.ts';
import { allIds, iso, MINUTE } from './harness.ts';

const MB = 1024 * 1024;
const MAIN = join(import.meta.dirname, '../../../infra/local/tenant/main.ts');
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts the command in a process of its own; resolves once it has printed its settings. */
async function startCommand(args: readonly string[]): Promise<{ child: ChildProcess; origin: string }> {
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const origin = /^GRAPH_ENDPOINT=(.*)$/.exec(line)?.[1];
    if (origin !== undefined) return { child, origin };
  }
  throw new Error('the command ended without settings');
}

async function order<T>(origin: string, command: ControlCommand): Promise<T> {
  const response = await fetch(`${origin}/_control`, { method: 'POST', body: JSON.stringify(command) });
  return (await response.json()) as T;
}

const resident = async (origin: string): Promise<number> =>
  (await order<{ rss: number }>(origin, { do: 'memory' })).rss;

const open = (origin: string) =>
  fetch(`${origin}/beta/auditLogs/signIns`, { headers: { authorization: 'Bearer t' } });

test('the command serves files, obeys the switchboard and writes its report when it ends', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tenant-'));
  const [file, report] = [join(folder, 'a.ndjson'), join(folder, 'report.json')];
  await writeFile(
    file,
    `{"id":"a","createdDateTime":"2020-01-01T00:00:00Z","isInteractive":true,"userId":"u"}\n`,
  );
  const { child, origin } = await startCommand(['--report', report, '--relaxed', file]);
  const since = encodeURIComponent(`createdDateTime ge ${iso(Date.now() - MINUTE)}`);
  expect(await allIds(`${origin}/beta/auditLogs/signIns?$filter=${since}`)).toEqual(['a']);
  const counted = await order<TenantReport>(origin, { do: 'report' });
  expect(counted.records).toMatchObject({ published: 1, once: 1 });
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect((JSON.parse(await readFile(report, 'utf8')) as TenantReport).records.once).toBe(1);
});

test('the story is published on request, with its directory', async () => {
  const { origin } = await startCommand(['--story', '--records', '2000', '--users', '10', '--relaxed']);
  const { records } = await order<TenantReport>(origin, { do: 'report' });
  expect(records.published).toBeGreaterThan(1000);
  expect((await allIds(`${origin}/v1.0/users`)).length).toBeGreaterThanOrEqual(10);
});

test('a 100 MB page of few records streams without being held', async () => {
  const { origin } = await startCommand(['--relaxed']);
  const before = await resident(origin);
  await order(origin, {
    do: 'fault',
    fault: { kind: 'big-body', endpoint: 'signIns', bytes: 100 * MB, records: 4 },
  });
  let [bytes, head, tail] = [0, '', ''];
  for await (const chunk of (await open(origin)).body!) {
    const piece = Buffer.from(chunk as Uint8Array);
    if (bytes === 0) head = piece.subarray(0, 200).toString();
    bytes += piece.length;
    tail = piece.subarray(-100).toString();
  }
  expect(bytes).toBeGreaterThan(100 * MB);
  expect(head).toContain('"value":[{"id":"generated-0"');
  expect(tail.endsWith('"}]}')).toBe(true);
  expect((await resident(origin)) - before).toBeLessThan(50 * MB);
});

test('a slow reader does not make the server hold the body', async () => {
  const { origin } = await startCommand(['--relaxed']);
  await order(origin, { do: 'fault', fault: { kind: 'big-body', bytes: 300 * MB, records: 2 } });
  const before = await resident(origin);
  const response = await open(origin);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await resident(origin)) - before).toBeLessThan(50 * MB);
  await response.body!.cancel();
  await order(origin, { do: 'clearFaults' });
  expect((await open(origin)).status).toBe(200);
});
