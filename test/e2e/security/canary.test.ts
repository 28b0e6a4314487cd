import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HostProcess } from '../../../infra/local/host/process.ts';
import { connectStorage, CONTAINERS, TABLES } from '../../../shared/store/connect.ts';
import { unzip } from '../../support/unzip.ts';
import { fill, someUser, startSmallArchive, type SmallArchive } from './archive.ts';

/** Secrets with names of their own are put everywhere a secret can be; no output of any kind may hold one. */

const CANARIES = {
  webhook: 'canaryWebhookQ7x9',
  key: 'canaryFunctionKeyQ7x9',
  master: 'canaryMasterKeyQ7x9',
  certificate: 'canaryPrivateKeyQ7x9',
  bearer: 'canaryBearerTokenQ7x9',
  // Azurite's published account key stands for the storage account's own.
  storage: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq',
} as const;

const PEM = `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n${CANARIES.certificate}\n-----END PRIVATE KEY-----\n`;

let archive: SmallArchive;
let host: HostProcess;
const heard: string[] = [];

beforeAll(async () => {
  archive = await startSmallArchive({
    ALERT_WEBHOOK_URL: `http://127.0.0.1:9/${CANARIES.webhook}`,
    M365_CERTIFICATE: Buffer.from(PEM).toString('base64'),
  });
  await fill(archive);
  host = await archive.host({}, { master: CANARIES.master, default: CANARIES.key });
});
afterAll(async () => {
  await host.stop();
  await archive.stop();
});

async function ask(path: string): Promise<Response> {
  const headers = {
    'x-functions-key': CANARIES.key,
    authorization: `Bearer ${CANARIES.bearer}`,
  };
  const response = await fetch(host.url + path, { redirect: 'manual', headers });
  const body = Buffer.from(await response.arrayBuffer());
  heard.push(`${response.status} ${JSON.stringify([...response.headers])}`, body.toString('latin1'));
  if (response.headers.get('content-type') === 'application/zip')
    for (const [name, file] of await unzip(body)) heard.push(`${name} ${file.toString('latin1')}`);
  return response;
}

async function everythingStored(): Promise<string[]> {
  const connectionString = archive.azurite.connectionString;
  const { blobService, stores } = connectStorage({ kind: 'connection-string', connectionString });
  const stored: string[] = [];
  for (const container of CONTAINERS) {
    const client = blobService.getContainerClient(container);
    for await (const blob of client.listBlobsFlat({ includeMetadata: true })) {
      const body = await client.getBlobClient(blob.name).downloadToBuffer();
      stored.push(`${blob.name} ${JSON.stringify(blob.metadata)}`);
      stored.push((blob.name.endsWith('.gz') ? gunzipSync(body) : body).toString('latin1'));
    }
  }
  for (const table of TABLES)
    for await (const row of stores.tables.scan(table)) stored.push(JSON.stringify(row));
  return stored;
}

const found = (texts: readonly string[]): string[] =>
  Object.entries(CANARIES).flatMap(([name, secret]) => (texts.some((t) => t.includes(secret)) ? [name] : []));

it('finds a canary where there is one: the search itself works', () => {
  expect(found([`x${CANARIES.key}x`])).toEqual(['key']);
});

it('no answer, no bundle and no error holds a secret', async () => {
  const user = await someUser(host.url, { 'x-functions-key': CANARIES.key });
  expect((await ask(`/api/bundle?user=${user}`)).status).toBe(200);
  await ask(`/api/coverage?code=${CANARIES.key}`);
  await ask(`/api/coverage?code=${CANARIES.key}&from=${CANARIES.bearer}`);
  await ask('/api/health');
  await ask('/api/openapi.json');
  await ask('/api/entities/user/nobody@nowhere.example');
  expect(heard.length).toBeGreaterThan(11);
  // A value that the caller sent as a parameter may be quoted back to it.
  expect(found(heard.filter((t) => !t.includes('is not a time')))).toEqual([]);
});

it('nothing that is stored holds a secret: segments, manifests, receipts, bundles, tables', async () => {
  const stored = await everythingStored();
  expect(stored.length).toBeGreaterThan(100);
  expect(found(stored)).toEqual([]);
});

it('a run of collect tells its signals, each a line of its own', async () => {
  await host.runTimer('collect');
  await host.idle();
  const lines = host.logs.map((l) => l.message).filter((m) => m.includes('"signal":'));
  const signals = lines.map((m) => (JSON.parse(m) as { signal: string }).signal);
  expect(signals).toEqual(expect.arrayContaining(['health', 'collect.lag']));
  expect(lines.filter((m) => !m.startsWith('{"signal":'))).toEqual([]);
});

it('an outage of storage answers 503 with Retry-After, and neither answer nor log holds a secret', async () => {
  await archive.azurite.stop();
  const response = await ask('/api/coverage');
  expect(response.status).toBe(503);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  const logs = host.logs.map((l) => JSON.stringify(l));
  expect(logs.some((l) => l.includes('http.failed'))).toBe(true);
  expect(found([...logs, ...heard.slice(-2)])).toEqual([]);
});

it('log lines of a call carry its invocation and trace', () => {
  const line = host.logs.map((l) => l.message).findLast((m) => m.includes('"event":"http.failed"'))!;
  expect(JSON.parse(line)).toMatchObject({
    function: 'coverage',
    invocation: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    trace: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
  });
});
