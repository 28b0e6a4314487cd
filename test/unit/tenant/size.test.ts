import { gunzipSync } from 'node:zlib';
import { get } from 'node:http';
import { expect, test } from 'vitest';
import type { PublishedRecord } from '../../../infra/local/tenant/records.ts';
import {
  allContent,
  ask,
  audit,
  HOUR,
  listUrl,
  many,
  NOW,
  reportUrl,
  SECOND,
  SIGN_INS,
  signIn,
  start,
  startTenant,
} from './harness.ts';

const MB = 1024 * 1024;

test('a 70 MB blob of many records is valid JSON with its length announced', async () => {
  const tenant = await startTenant({ records: many(2, audit), blobbing: { mostLanes: 1 } });
  await start(tenant);
  const [entry] = await allContent(listUrl(tenant, NOW - HOUR, NOW));
  tenant.fault({ kind: 'big-body', endpoint: 'feed.audit', bytes: 70 * MB, records: 50_000 });
  const { text, headers } = await ask(entry!.contentUri);
  expect(text.length).toBe(Number(headers.get('content-length')));
  expect(text.length).toBeGreaterThan(70 * MB);
  const records = JSON.parse(text) as { Id: string }[];
  expect(records.length).toBeGreaterThan(50_000);
  expect(records.at(-1)!.Id).toBe('generated-49999');
});

test('answers are compressed when switched on and asked for', async () => {
  const tenant = await startTenant({ records: many(100, signIn), switches: { gzip: true } });
  const headers = { authorization: 'Bearer t', 'accept-encoding': 'gzip' };
  const { encoding, bytes } = await new Promise<{ encoding: unknown; bytes: Buffer }>((resolve, reject) => {
    get(reportUrl(tenant, SIGN_INS), { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ encoding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });
  expect(encoding).toBe('gzip');
  expect((JSON.parse(gunzipSync(bytes).toString()) as { value: object[] }).value).toHaveLength(100);
});

function* lots(count: number): Generator<PublishedRecord> {
  const filler = 'x'.repeat(1200);
  for (let at = 0; at < count; at++) {
    const eventMs = NOW - 20 * 24 * HOUR + at * SECOND;
    yield at % 2 ? signIn(`s${at}`, eventMs, { filler }) : audit(`u${at}`, eventMs, { filler });
  }
}

test('200,000 records load within seconds and are served at speed', async () => {
  const began = performance.now();
  const tenant = await startTenant({ records: lots(200_000) });
  expect(performance.now() - began).toBeLessThan(15_000);
  const from = performance.now();
  let bytes = 0;
  let next: string | undefined = reportUrl(tenant, SIGN_INS, {
    $filter: 'createdDateTime ge 2026-11-04T12:00:00Z',
  });
  for (let page = 0; next && page < 40; page++) {
    const { text, body }: Awaited<ReturnType<typeof ask>> = await ask(next);
    bytes += text.length;
    next = body['@odata.nextLink'];
  }
  // Far below what the server does alone: the client here parses every page on the same core.
  expect(bytes / MB / ((performance.now() - from) / 1000)).toBeGreaterThan(10);
});
