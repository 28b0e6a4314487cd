import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audit, sample, searchCsv } from '../../support/imports.ts';
import { PROJECT } from '../../support/project.ts';
import { unzip } from '../../support/unzip.ts';
import { archivedTexts, startWorld, type World } from '../../support/world.ts';

/** Files brought in over HTTP: archived, indexed, covered, in bundles, and seen by rules. */

let world: World;
beforeAll(async () => {
  world = await startWorld({ records: [] });
});
afterAll(() => world.stop());

const FIREWALL = readFileSync(
  join(PROJECT, '../shared/sigma/rules/cloud/azure/activity_logs/azure_firewall_modified_or_deleted.yml'),
  'utf8',
);

interface Answer {
  readonly counts: Readonly<Record<string, number>>;
  readonly segments: readonly { readonly path: string }[];
  readonly receipt: string;
  readonly file: { readonly sha256: string };
  readonly state?: string;
  readonly id?: string;
}

const post = (body: string | Buffer, query = ''): Promise<Response> =>
  fetch(`${world.host.url}/api/import?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: new Uint8Array(Buffer.from(body)),
  });

async function put(body: string | Buffer, query = ''): Promise<Answer> {
  const response = await post(body, query);
  expect({ status: response.status, body: response.status === 200 ? '' : await response.text() }).toEqual({
    status: 200,
    body: '',
  });
  return (await response.json()) as Answer;
}

const upload = async (name: string, body: Buffer): Promise<void> => {
  const blob = world.storage.blobService.getContainerClient('uploads').getBlockBlobClient(name);
  await blob.upload(body, body.length);
};

const imports = async (): Promise<string[]> =>
  (await archivedTexts(world.storage)).filter(({ source }) => source === 'import').map(({ text }) => text);

/** What a run over the span of these tests finds, as text. */
async function findings(ask: object): Promise<string> {
  const run = await fetch(`${world.host.url}/api/detections/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: '2026-11-01', to: '2026-11-05', ...ask }),
  });
  expect(run.status).toBe(202);
  await world.host.idle();
  const state = (await (await world.get(run.headers.get('location')!)).json()) as {
    state: string;
    findings: unknown;
  };
  expect(state.state).toBe('done');
  return JSON.stringify(state.findings);
}

const USER = 'ada@contoso.example';
const mine = [1, 2, 3].map((i) =>
  audit(`mine-${i}`, `2026-11-0${i}T10:00:00`, {
    UserId: USER,
    ClientIP: '203.0.113.77',
    Parameters: [{ Name: 'ForwardTo', Value: 'thief@elsewhere.example' }],
  }),
);

describe('POST /api/import', () => {
  it('archives a CSV of the audit log, and the bundle, coverage and entities show its records', async () => {
    const answer = await put(searchCsv(mine), 'format=auto&name=case%20118.csv');
    expect(answer.counts).toMatchObject({ records: 3, added: 3 });
    expect((await imports()).toSorted()).toEqual(mine.toSorted());
    const receipt = JSON.parse(
      (await world.storage.stores.archive.get(answer.receipt))!.toString(),
    ) as object;
    expect(receipt).toMatchObject({ import: { file: 'case 118.csv', importer: 'function key' } });
    await world.host.idle();

    const entity = await world.get(`/api/entities/user/${USER}?from=2026-11-01&to=2026-11-05`);
    expect(await entity.json()).toMatchObject({
      records: 3,
      summary: { operations: { 'New-InboxRule': 3 } },
    });

    const coverage = (await (await world.get('/api/coverage?from=2026-11-01&to=2026-11-05')).json()) as {
      sources: { source: string; state: string; intervals: { state: string; records: number }[] }[];
    };
    const covered = coverage.sources.find(({ source }) => source === 'import')!;
    expect(covered.intervals.map(({ state, records }) => [state, records])).toEqual([
      ['partial', 3],
      ['unavailable', 0],
    ]);

    const bundle = await world.get(`/api/bundle?user=${USER}&from=2026-11-01&to=2026-11-05`);
    expect(bundle.status).toBe(200);
    const files = await unzip(Buffer.from(await bundle.arrayBuffer()));
    expect(files.get('records/import.ndjson')!.toString().split('\n').filter(Boolean).toSorted()).toEqual(
      mine.toSorted(),
    );
    expect(files.get('coverage.json')!.toString()).toContain('records of imported files');
    expect(files.get('timeline.csv')!.toString()).toContain('New-InboxRule');
  });

  it('of the same file again stores nothing', async () => {
    const again = await put(searchCsv(mine), 'name=copy.csv');
    expect(again.counts).toMatchObject({ records: 3, added: 0, duplicates: 3 });
    expect(again).toMatchObject({ before: { importer: 'function key' } });
    expect((await imports()).toSorted()).toEqual(mine.toSorted());
  });

  it('lets rules find what was imported: own ones by the record’s shape, public ones of the activity log', async () => {
    const activity = JSON.stringify({
      time: '2026-11-02T10:00:00Z',
      resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/azureFirewalls/f',
      operationName: 'MICROSOFT.NETWORK/AZUREFIREWALLS/DELETE',
      category: 'Administrative',
      callerIpAddress: '203.0.113.77',
      caller: USER,
    });
    expect((await put(activity)).counts).toMatchObject({ added: 1 });
    await world.host.idle();
    const [own, firewall] = [await findings({}), await findings({ sigma: FIREWALL })];
    expect(own).toContain('mail-forwarded-outside');
    expect(own).toContain('thief@elsewhere.example');
    expect(firewall).toContain('Azure Firewall Modified or Deleted');
    for (const told of [own, firewall]) expect(told).toContain('"source":"import"');
  });

  it('imports a blob of container uploads', async () => {
    await upload('case/logs.ndjson', sample('elastic-beats-o365-2020/01-exchange-admin.ndjson'));
    const answer = await put('', 'blob=case/logs.ndjson');
    // A third of them is twice in the sample, with its members in another order.
    expect(answer.counts).toMatchObject({ records: 100, added: 67, duplicates: 33 });
  });

  it('imports in the background what is too large for a call, and tells how far it is', async () => {
    const large = Array.from({ length: 60_000 }, (_, i) =>
      audit(randomUUID(), `2026-10-${String(1 + (i % 28)).padStart(2, '0')}T10:00:00`, {
        UserId: USER,
        filler: 'x'.repeat(500),
      }),
    );
    await upload('large.ndjson', Buffer.from(large.join('\n')));
    const accepted = await post('', 'blob=large.ndjson');
    expect(accepted.status).toBe(202);
    const location = accepted.headers.get('location')!;
    await world.host.idle();
    const done = (await (await world.get(location)).json()) as { state: string; result: Answer };
    expect(done.state).toBe('done');
    expect(done.result.counts).toMatchObject({ records: 60_000, added: 60_000 });
    expect(done.result.segments.length).toBeGreaterThan(27);
  });

  it('a large file that is broken at its end leaves nothing, and its import says the line', async () => {
    const before = await imports();
    const lines = Array.from({ length: 60_000 }, (_, i) =>
      audit(`b${i}`, '2026-09-01T10:00:00', { filler: 'x'.repeat(500) }),
    );
    await upload('broken.ndjson', Buffer.from([...lines, '{"cut'].join('\n')));
    const accepted = await post('', 'blob=broken.ndjson');
    expect(accepted.status).toBe(202);
    await world.host.idle();
    const failed = await (await world.get(accepted.headers.get('location')!)).json();
    expect(failed).toMatchObject({
      state: 'failed',
      problem: { line: 60_001, remedy: expect.any(String) as string },
    });
    expect(await imports()).toHaveLength(before.length);
  });

  it.each([
    ['a broken line', `${mine[0]}\n{"cut`, '', 400, { field: 'body', line: 2 }],
    ['no format', 'Dear Sir or Madam,\nplease find attached', '', 400, { field: 'body' }],
    ['no body', '', '', 400, { field: 'body' }],
    ['a body and a blob', 'x', 'blob=a', 400, { field: 'body' }],
    ['no such blob', '', 'blob=nope', 404, { field: 'blob' }],
    ['an unknown format', 'x', 'format=xlsx', 400, { field: 'format' }],
    ['an unknown parameter', 'x', 'formats=csv', 400, { field: 'formats' }],
    ['a body that is too long', Buffer.alloc(16 * 1024 * 1024 + 1, ' '), '', 413, { field: 'body' }],
  ])('refuses %s', async (_what, body, query, status, problem) => {
    const response = await post(body, query);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject(problem);
  });

  it('knows no import of another id', async () => {
    expect((await world.get(`/api/imports/${randomUUID()}`)).status).toBe(404);
    expect((await world.get('/api/imports/..%2f..')).status).toBe(404);
  });
});
