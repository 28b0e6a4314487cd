import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type Host, type HostOptions, startHost } from '../../../infra/local/host/host.ts';
import {
  makeSampleApp,
  makeSampleStorage,
  type SampleApp,
  type SampleStorage,
  seen,
  until,
} from './sample.ts';

let sample: SampleApp;
let storage: SampleStorage;
let host: Host;

beforeAll(async () => {
  sample = await makeSampleApp();
  storage = await makeSampleStorage(inject('storage').connectionString);
});
beforeEach(() => void (seen.length = 0));
afterEach(() => host.stop());
afterAll(() => sample.remove());

async function start(env: Record<string, string>, options: Partial<HostOptions> = {}) {
  host = await startHost({ appDir: sample.appDir, port: 0, ...options, env: { ...storage.env, ...env } });
}

const ticks = (what: string) => seen.filter((each) => each['tick'] === what);
const post = (name: string) => fetch(`${host.url}/admin/functions/${name}`, { method: 'POST', body: '{}' });

test('a timer runs by its NCRONTAB schedule, named by a setting', async () => {
  await start({ TICK: '* * * * * *' });
  await until(() => ticks('ended').length >= 2);
  const [first, second] = host.invocations.filter((each) => each.functionName === 'tick');
  const secondOf = (at: Date) => Math.floor(at.getTime() / 1000);
  expect(secondOf(second!.startedAt)).toBeGreaterThan(secondOf(first!.startedAt));
  expect(ticks('begun')[0]).toMatchObject({ isPastDue: false });
});

test('a timer runs at an interval', async () => {
  await start({ TICK: '00:00:01' });
  await expect.poll(() => ticks('ended').length, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
});

test('runOnStartup runs at once', async () => {
  await start({});
  await expect.poll(() => seen).toContainEqual({ atStart: true });
});

test('with timers off only the caller runs them', async () => {
  await start({ TICK: '* * * * * *' }, { timers: false });
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(seen).toEqual([]);
  await host.runTimer('tick');
  expect(ticks('ended')).toHaveLength(1);
  await expect(host.runTimer('unknown')).rejects.toThrow(/No timer is named 'unknown'; there are tick/);
});

test('a disabled timer does not run by itself', async () => {
  await start({ TICK: '* * * * * *', 'AzureWebJobs.tick.Disabled': 'true' });
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(ticks('begun')).toEqual([]);
});

test('runs of one timer never overlap, whoever asks for them', async () => {
  await start({ TICK: '* * * * * *', TICK_MS: '1300' });
  await until(() => ticks('begun').length === 1);
  await Promise.all([post('tick'), post('tick')]);
  await until(() => ticks('ended').length === 3);
  const order = seen.filter((each) => 'tick' in each).map((each) => each['tick']);
  expect(order.slice(0, 6)).toEqual(['begun', 'ended', 'begun', 'ended', 'begun', 'ended']);
});

test('a retry policy tries a timer again', async () => {
  await start({ STUBBORN_FAILURES: '2' }, { timers: false });
  await host.runTimer('stubborn');
  expect(seen).toEqual([{ stubborn: 0 }, { stubborn: 1 }, { stubborn: 2 }]);
  expect(host.invocations.map(({ ok, retryCount }) => [ok, retryCount])).toEqual([
    [false, 0],
    [false, 1],
    [true, 2],
  ]);
});

test('a retry policy ends', async () => {
  await start({ STUBBORN_FAILURES: '9' }, { timers: false });
  await expect(host.runTimer('stubborn')).rejects.toThrow('not yet');
  expect(seen).toHaveLength(3);
});

test('a stopping host runs no timer that waits for its turn', async () => {
  await start({ TICK_MS: '300' }, { timers: false });
  const running = host.runTimer('tick');
  await until(() => ticks('begun').length === 1);
  const waiting = host.runTimer('tick').catch(String);
  expect(await host.stop()).toBe(true);
  await running;
  expect(await waiting).toMatch(/stopping/);
  expect(ticks('ended')).toHaveLength(1);
});
