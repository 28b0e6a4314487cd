import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type HostProcess, startHostProcess } from '../../../infra/local/host/process.ts';
import { makeSampleApp, makeSampleStorage, type SampleApp, sent, until } from './sample.ts';

const START = path.join(import.meta.dirname, '../../../infra/local/start.ts');

let sample: SampleApp;
let faulty: SampleApp;
beforeAll(async () => {
  [sample, faulty] = await Promise.all([makeSampleApp(), makeSampleApp('app-faulty.ts')]);
});
afterAll(() => Promise.all([sample.remove(), faulty.remove()]));

const runs = (host: HostProcess, name: string) =>
  host.logs.some(({ message }) => message === `Executing '${name}'`);
const refuses = (host: HostProcess) =>
  fetch(`${host.url}/api/open`).then(
    ({ status }) => status === 503,
    () => true,
  );

describe('a host in a process of its own', () => {
  test('serves, and ends with 0 on SIGTERM', async () => {
    const { env } = await makeSampleStorage(inject('storage').connectionString);
    const host = await startHostProcess({ appDir: sample.appDir, port: 0, env });
    expect(host.functions).toContain('work');
    expect((await fetch(`${host.url}/api/open`)).status).toBe(200);
    await host.stop();
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(host.logs.some(({ message }) => message.startsWith("Executed 'open' (Succeeded"))).toBe(true);
  });

  test('lets what runs end on SIGINT, and takes nothing new', async () => {
    const { env } = await makeSampleStorage(inject('storage').connectionString);
    const host = await startHostProcess({ appDir: sample.appDir, port: 0, env });
    const answer = fetch(`${host.url}/api/slow?ms=600`);
    await until(() => runs(host, 'slow'));
    host.kill('SIGINT');
    await until(() => refuses(host));
    expect(await (await answer).text()).toBe('at last');
    expect(await host.exited).toEqual({ code: 0, signal: null });
  });

  test('ends at once on a second signal', async () => {
    const { env } = await makeSampleStorage(inject('storage').connectionString);
    const host = await startHostProcess({ appDir: sample.appDir, port: 0, env });
    const answer = fetch(`${host.url}/api/slow?ms=60000`).catch(String);
    await until(() => runs(host, 'slow'));
    host.kill('SIGINT');
    await until(() => refuses(host));
    host.kill('SIGINT');
    expect(await host.exited).toEqual({ code: 130, signal: null });
    expect(await answer).toMatch(/fetch failed/);
  });

  test('leaves a message to the next one when it is killed', async () => {
    const storage = await makeSampleStorage(inject('storage').connectionString);
    const options = { appDir: sample.appDir, port: 0, env: storage.env, queueLeaseMs: 1000, pollMs: 100 };
    const first = await startHostProcess(options);
    await storage.work.sendMessage(sent({ name: 'survivor', waitMs: 1500 }));
    await until(async () => (await storage.work.peekMessages()).peekedMessageItems.length === 0);
    first.kill('SIGKILL');
    expect((await first.exited).signal).toBe('SIGKILL');
    const second = await startHostProcess(options);
    await second.idle();
    expect((await storage.work.getProperties()).approximateMessagesCount).toBe(0);
    await second.stop();
    expect(second.logs.some(({ message }) => message.startsWith("Executed 'work' (Succeeded"))).toBe(true);
  });

  test('runs timers and waits for quiet on request', async () => {
    const storage = await makeSampleStorage(inject('storage').connectionString);
    const host = await startHostProcess({
      appDir: sample.appDir,
      port: 0,
      env: { ...storage.env, TICK_MS: '50' },
    });
    await host.runTimer('tick');
    await expect(host.runTimer('stubborn')).resolves.toBeUndefined();
    await expect(host.runTimer('unknown')).rejects.toThrow(/No timer is named/);
    await storage.work.sendMessage(sent({ name: 'future' }), { visibilityTimeout: 60 });
    await expect(host.idle(100)).rejects.toThrow(/Not idle after 100 ms/);
    const never = host.idle();
    host.kill('SIGKILL');
    await expect(never).rejects.toThrow(/ended before it answered/);
    await expect(host.idle()).rejects.toThrow(/channel closed/i);
  });

  test('reports why it could not start', async () => {
    const env = { FAULT: 'config' };
    await expect(startHostProcess({ appDir: faulty.appDir, port: 0, env })).rejects.toThrow(
      /TENANT_ID is missing/,
    );
  });
});

describe('npm start', () => {
  const run = (appDir: string, env: Record<string, string>) => {
    const child = spawn(process.execPath, [START, appDir], { env: { ...process.env, PORT: '0', ...env } });
    const output = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.err += chunk.toString()));
    return { child, output, exited: once(child, 'exit') as Promise<[number | null]> };
  };

  test('prints where it listens, its functions and what it lacks; SIGINT ends it', async () => {
    const { connectionString } = inject('storage');
    const { env } = await makeSampleStorage(connectionString);
    const { child, output, exited } = run(sample.appDir, { ...env, AzureWebJobsStorage: connectionString });
    await until(() => output.out.includes('Ctrl-C stops.'));
    const url = /Listening on (\S+)/.exec(output.out)![1]!;
    expect((await fetch(`${url}/api/open`)).status).toBe(200);
    expect(output.out).toContain(`GET       ${url}/api/items/{id}  (itemById)`);
    expect(output.out).toMatch(/timer +1\.00:00:00 {2}\(onceAtStart\)/);
    expect(output.out).toMatch(/queue +host-\w+-work {2}\(work\)/);
    expect(output.out).toContain('stand-in for the Azure Functions host');
    expect(output.err).toContain('is shadowed by');
    child.kill('SIGINT');
    expect((await exited)[0]).toBe(0);
  });

  test("shows the app's own words about its settings and ends with 1", async () => {
    const env = { FAULT: 'config', AzureWebJobsStorage: inject('storage').connectionString };
    const { output, exited } = run(faulty.appDir, env);
    expect((await exited)[0]).toBe(1);
    expect(output).toEqual({ out: '', err: 'TENANT_ID is missing.\nSet it in local.settings.json.\n' });
  });
});
