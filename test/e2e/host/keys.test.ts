import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Host, startHost } from '../../../infra/local/host/host.ts';
import { makeSampleApp, makeSampleStorage, type SampleApp } from './sample.ts';

let sample: SampleApp;
let host: Host;
const keys = {
  master: 'master-key',
  default: 'default-key',
  functions: { keyed: 'own-key', guarded: 'guard-key' },
};

beforeAll(async () => {
  sample = await makeSampleApp();
  const { env } = await makeSampleStorage(inject('storage').connectionString);
  const disabled = { 'AzureWebJobs.onlyPost.Disabled': 'true', 'AzureWebJobs.tick.Disabled': '1' };
  host = await startHost({
    appDir: sample.appDir,
    port: 0,
    env: { ...env, ...disabled },
    keys,
    timers: false,
  });
});
afterAll(async () => {
  await host.stop();
  await sample.remove();
});

const statusOf = async (path: string, key?: string, method = 'GET') =>
  (await fetch(`${host.url}/${path}`, { method, headers: key ? { 'x-functions-key': key } : {} })).status;

test.each([
  ['open', undefined, 200],
  ['keyed', undefined, 401],
  ['keyed', 'wrong', 401],
  ['keyed', 'guard-key', 401],
  ['keyed', 'own-key', 200],
  ['keyed', 'default-key', 200],
  ['keyed', 'master-key', 200],
  ['guarded', undefined, 401],
  ['guarded', 'guard-key', 401],
  ['guarded', 'default-key', 401],
  ['guarded', 'master-key', 200],
])('%s with key %s answers %i', async (name, key, status) => {
  expect(await statusOf(`api/${name}`, key)).toBe(status);
});

test('a key may come as ?code=, and the header goes first', async () => {
  expect(await statusOf('api/keyed?code=own-key')).toBe(200);
  expect(await statusOf('api/keyed?code=own-key', 'wrong')).toBe(401);
});

test('the admin API wants the master key', async () => {
  expect(await statusOf('admin/host/status')).toBe(401);
  expect(await statusOf('admin/host/status', 'default-key')).toBe(401);
  expect(await statusOf('admin/host/status', 'master-key')).toBe(200);
});

test('a disabled function is there for the master key only', async () => {
  expect(await statusOf('api/onlyPost', 'default-key', 'POST')).toBe(404);
  expect(await statusOf('api/onlyPost', 'master-key', 'POST')).toBe(200);
  expect(host.functions.filter((each) => each.disabled).map((each) => each.name)).toEqual([
    'onlyPost',
    'tick',
  ]);
});
