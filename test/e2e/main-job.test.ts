import { execFileSync } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  generateStory,
  storyGroundTruth,
  DEFAULT_TENANT_ID,
  type TruthRecord,
} from '../../infra/local/story/index.ts';
import { DEFAULT_BLOBBING } from '../../infra/local/tenant/content-blobs.ts';
import { archivedLines, publishedLines, sha256, startWorld, type World } from '../support/world.ts';
import { unzip } from '../support/unzip.ts';

const nowMs = Date.now();
const story = { nowMs, days: 6, records: 6000, users: 60 };

let world: World;
beforeAll(async () => {
  world = await startWorld({ records: generateStory(story), tenantId: DEFAULT_TENANT_ID });
  await world.collect();
});
afterAll(() => world.stop());

const truth = storyGroundTruth(story);
const span = `from=${new Date(nowMs - 7 * 86_400_000).toISOString()}&to=${new Date(nowMs + 3_600_000).toISOString()}`;

/**
 * Records go on becoming available while the test runs: what must be there, and what may. The feed hands its records
 * out in items, and an item once its last record is there: minutes after the first.
 */
interface Expected {
  readonly must: readonly string[];
  readonly may: ReadonlySet<string>;
}

const sureMs = (source: string): number =>
  source.startsWith('ual-') ? nowMs - DEFAULT_BLOBBING.bucketMs : nowMs;

const truthAt = (records: readonly TruthRecord[], atMs: number): string[] =>
  records
    .filter((r) => r.availableMs <= atMs && (r.goneMs === undefined || r.goneMs > atMs))
    .map((r) => `${r.source} ${r.sha256}`);

/** @param sure lines that the tenant had given out for sure when the test began */
const between = (sure: readonly string[], early: readonly string[], late: readonly string[]): Expected => {
  const lateSet = new Set(late);
  return { must: sure.filter((line) => lateSet.has(line)), may: new Set([...early, ...late]) };
};

const expected = (records: readonly TruthRecord[]): Expected =>
  between(
    truthAt(
      records.filter((r) => r.availableMs <= sureMs(r.source)),
      nowMs,
    ),
    truthAt(records, nowMs),
    truthAt(records, Date.now()),
  );

/** Every line once, none missing, none that was never there. */
function expectExactly(lines: readonly string[], { must, may }: Expected): void {
  const found = new Set(lines);
  expect(lines).toHaveLength(found.size);
  expect(must.filter((line) => !found.has(line))).toEqual([]);
  expect(lines.filter((line) => !may.has(line))).toEqual([]);
}

async function bundle(query: string): Promise<Map<string, Buffer>> {
  const response = await world.get(`/api/bundle?${query}&${span}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/zip');
  return unzip(Buffer.from(await response.arrayBuffer()));
}

const recordsIn = (files: Map<string, Buffer>): string[] =>
  [...files]
    .filter(([name]) => name.startsWith('records/'))
    .flatMap(([name, body]) => {
      const source = /records\/(.+)\.ndjson/.exec(name)![1];
      return body
        .toString('utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => `${source} ${sha256(line)}`);
    })
    .sort();

describe('the main job, end to end', () => {
  it('archives every published record, and no other, exactly once with its text unchanged', async () => {
    const sure = [...generateStory(story)].filter((r) => r.availableMs <= sureMs(r.source));
    const published = between(
      publishedLines(sure, nowMs),
      publishedLines(generateStory(story), nowMs),
      publishedLines(generateStory(story), Date.now()),
    );
    expect(published.must.length).toBeGreaterThan(5000);
    expectExactly(await archivedLines(world.storage), published);
  });

  it('is read by DuckDB as hive-partitioned NDJSON, with the same counts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-duckdb-'));
    try {
      for await (const blob of world.storage.stores.archive.list('v1/')) {
        if (!blob.name.endsWith('.ndjson.gz')) continue;
        await mkdir(join(folder, dirname(blob.name)), { recursive: true });
        await writeFile(join(folder, blob.name), (await world.storage.stores.archive.get(blob.name))!);
      }
      const duck = await (await DuckDBInstance.create()).connect();
      const result = await duck.runAndReadAll(
        `select source, count(*)::int as n from read_json('${folder}/v1/*/*/*/*.ndjson.gz', hive_partitioning = true, records = false, format = 'newline_delimited', columns = {json: 'JSON'}) group by source order by source`,
      );
      const counted = Object.fromEntries(result.getRows().map(([source, n]) => [String(source), Number(n)]));
      const ours: Record<string, number> = {};
      for (const line of await archivedLines(world.storage))
        ours[line.split(' ')[0]!] = (ours[line.split(' ')[0]!] ?? 0) + 1;
      expect(counted).toEqual(ours);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    ['user by UPN', () => `user=${truth.johanna.upn}`, () => truth.johanna.records],
    [
      'user by UPN in other case',
      () => `user=${truth.johanna.upn.toUpperCase()}`,
      () => truth.johanna.records,
    ],
    ['user by object id', () => `user=${truth.johanna.objectId}`, () => truth.johanna.records],
    ['user by SID', () => `user=${truth.johanna.sid}`, () => truth.johanna.records],
    ['second user', () => `user=${truth.marek.upn}`, () => truth.marek.records],
    [
      'attacker session',
      () => `session=${truth.johanna.attackerSession}`,
      () => truth.bySession[truth.johanna.attackerSession]!,
    ],
    [
      'attacker IPv6',
      () => `ip=${encodeURIComponent('2A0B:F4C2:1:0::1')}`,
      () => truth.byIp['2a0b:f4c2:1::1']!,
    ],
    ['attacker IPv4', () => 'ip=54.36.108.162', () => truth.byIp['54.36.108.162']!],
  ])('bundles exactly the ground truth: %s', async (_name, query, records) => {
    const wanted = expected(records());
    expect(wanted.must.length).toBeGreaterThan(5);
    expectExactly(recordsIn(await bundle(query())), wanted);
  });

  it('hands out a zip whose sums check, with timeline, sessions, coverage and manifest', async () => {
    const files = await bundle(`user=${truth.johanna.upn}`);
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-bundle-'));
    try {
      for (const [name, body] of files) {
        await mkdir(join(folder, dirname(name)), { recursive: true });
        await writeFile(join(folder, name), body);
      }
      expect(
        execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder, encoding: 'utf8' }),
      ).not.toContain('FAILED');
    } finally {
      await rm(folder, { recursive: true });
    }
    const manifest = JSON.parse(files.get('manifest.json')!.toString()) as {
      records: number;
      files: { path: string }[];
      segments: unknown[];
    };
    expect(manifest.records).toBe(recordsIn(files).length);
    expect(manifest.files.map((f) => f.path)).toEqual(
      [...files.keys()].filter((n) => n !== 'manifest.json' && n !== 'SHA256SUMS'),
    );
    expect(files.get('sessions.csv')!.toString()).toContain(truth.johanna.attackerSession);
    const coverage = JSON.parse(files.get('coverage.json')!.toString()) as { sources: { source: string }[] };
    expect(coverage.sources).toHaveLength(13);
    const events = files
      .get('timeline.jsonl')!
      .toString()
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as { message: string; datetime: string; timestamp_desc: string });
    expect(events.length).toBe(files.get('timeline.csv')!.toString().trim().split('\r\n').length - 1);
    expect(events.map((e) => e.datetime)).toEqual(events.map((e) => e.datetime).sort());
    expect(events.some((e) => e.message.includes('REVISED INVOICE'))).toBe(true);
  });

  it('collects again without storing anything twice', async () => {
    const before = await archivedLines(world.storage);
    await world.collect();
    const after = await archivedLines(world.storage);
    expect(after).toHaveLength(new Set(after).size);
    expect(before.filter((line) => !after.includes(line))).toEqual([]);
  });

  it('describes entities and finds users by prefix', async () => {
    const entity = (await (
      await world.get(`/api/entities/user/${encodeURIComponent(truth.johanna.upn)}`)
    ).json()) as { records: number; keys: string[]; summary: { sessions: string[] } };
    expect(entity.keys).toEqual(
      expect.arrayContaining([truth.johanna.upn.toLowerCase(), truth.johanna.objectId]),
    );
    expect(entity.summary.sessions).toContain(truth.johanna.attackerSession);
    const found = (await (await world.get('/api/entities/user?prefix=johanna')).json()) as {
      users: { user: string }[];
    };
    expect(found.users.map((u) => u.user)).toContain(truth.johanna.upn.toLowerCase());
    const session = (await (
      await world.get(`/api/entities/session/${truth.johanna.attackerSession}`)
    ).json()) as { records: number; summary: { ips: string[] } };
    expect(session.records).toBe(expected(truth.bySession[truth.johanna.attackerSession]!).must.length);
    expect(session.summary.ips).toEqual(expect.arrayContaining(['2a0b:f4c2:1::1', '54.36.108.162']));
  });

  it('covers every instant of every source with a state, and never says complete where late records can still come', async () => {
    const { sources } = (await (await world.get(`/api/coverage?${span}`)).json()) as {
      sources: {
        source: string;
        intervals: { from: string; to: string; state: string; reason?: string }[];
      }[];
    };
    const all = sources.flatMap(({ intervals }) =>
      intervals.map((interval, i) => ({ ...interval, before: intervals[i - 1] })),
    );
    expect(all.filter((i) => i.before && i.before.to !== i.from)).toEqual([]);
    expect(all.filter((i) => i.state !== 'complete' && !i.reason)).toEqual([]);
    const settledMs = nowMs - 72 * 3_600_000 + 60_000;
    expect(all.filter((i) => i.state === 'complete' && Date.parse(i.to) > settledMs)).toEqual([]);
    const signIns = sources.find((s) => s.source === 'signins-interactive')!;
    expect(signIns.intervals.some((i) => i.state === 'complete')).toBe(true);
  });

  it.each([
    ['/api/entities/planet/x', 400, 'kind'],
    ['/api/entities/ip/not-an-ip', 400, 'ip'],
    ['/api/entities/session', 400, 'kind'],
    ['/api/entities/user?limit=0', 400, 'limit'],
    ['/api/bundle', 400, 'user'],
    ['/api/bundle?user=a@x.example&from=yesterday', 400, 'from'],
    ['/api/bundle?user=a@x.example&from=2026-13-01', 400, 'from'],
    ['/api/bundle?user=a@x.example&from=2026-11-02&to=2026-11-01', 400, 'from'],
    ['/api/bundle?user=a@x.example&from=2001-01-01&to=2026-11-01', 400, 'from'],
    ['/api/bundle?ip=999.1.1.1', 400, 'ip'],
    ['/api/bundle?usr=a@x.example', 400, 'usr'],
    ['/api/bundle?user=a@x.example&parts=half', 400, 'parts'],
    ['/api/coverage?from=1', 400, 'from'],
    ['/api/coverage?tenant=22222222-2222-4222-8222-222222222222', 400, 'tenant'],
    ['/api/entities/user/nobody@nowhere.example', 404, 'key'],
  ])('refuses %s with a problem that names the field and the remedy', async (path, status, field) => {
    const response = await world.get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as { field: string; remedy: string; detail: string };
    expect(problem.field).toBe(field);
    expect(problem.remedy).toBeTruthy();
  });

  it('answers an unknown entity in a bundle with an empty bundle that says what was covered', async () => {
    const files = await bundle('user=nobody@nowhere.example');
    expect(recordsIn(files)).toEqual([]);
    expect(files.has('coverage.json')).toBe(true);
  });
});
