import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT_ID, generateStory, storyGroundTruth } from '../../../infra/local/story/index.ts';
import { parseSeal } from '../../../shared/archive/seal.ts';
import { evidenceKind } from '../../../shared/layout.ts';
import { startWorld, type World } from '../../support/world.ts';

const PROJECT = join(import.meta.dirname, '../../..');

const nowMs = Date.now();
const story = { nowMs, days: 2, records: 1500, users: 20 };
let world: World;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-verify-'));
  world = await startWorld({
    records: generateStory(story),
    tenantId: DEFAULT_TENANT_ID,
    env: { SOURCES: 'signins-interactive,directory-audits,ual-entra,ual-exchange' },
  });
  await world.collect();
});
afterAll(async () => {
  await world.stop();
  await rm(folder, { recursive: true });
});

/** `npm run verify` as an operator runs it. */
function verify(...args: string[]): Promise<{ code: number; out: string }> {
  const env = {
    ...process.env,
    ...world.tenant.settings(),
    ARCHIVE_STORAGE: world.azurite.connectionString,
    AzureWebJobsStorage: world.azurite.connectionString,
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['infra/local/verify.ts', ...args],
      { cwd: PROJECT, env },
      (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, out: stdout || JSON.stringify({ stderr }) }),
    );
  });
}

async function names(prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of world.storage.stores.archive.list(prefix)) found.push(name);
  return found;
}

describe('seal and verify, end to end', () => {
  it('seals all that was collected by the timer, once', async () => {
    await world.host.runTimer('seal');
    await world.host.runTimer('seal');
    const [path, ...others] = await names('seals/');
    expect(others).toEqual([]);
    const seal = parseSeal(path!, (await world.storage.stores.archive.get(path!))!);
    const everything = await names('');
    expect(everything.map(evidenceKind)).not.toContain(undefined);
    const evidence = everything.filter((name) => !['segment', 'seal'].includes(evidenceKind(name)!));
    expect(evidence.length).toBeGreaterThan(20);
    expect(seal.entries.map((e) => e.path)).toEqual(evidence);
  });

  it('verifies the archive from the command line: exit code 0 and a machine-readable result', async () => {
    const { code, out } = await verify('--json');
    const result = JSON.parse(out) as {
      ok: boolean;
      tenants: Record<string, { phase: string; records: number }>;
    };
    expect({ code, result }).toMatchObject({ code: 0, result: { ok: true } });
    expect(result.tenants[DEFAULT_TENANT_ID]!.records).toBeGreaterThan(300);
  });

  it('verifies a bundle offline', async () => {
    const span = `from=${new Date(nowMs - 3 * 86_400_000).toISOString()}&to=${new Date(nowMs).toISOString()}`;
    const response = await world.get(`/api/bundle?user=${storyGroundTruth(story).johanna.upn}&${span}`);
    expect(response.status).toBe(200);
    const file = join(folder, 'bundle.zip');
    await writeFile(file, Buffer.from(await response.arrayBuffer()));
    const { code, out } = await verify(file, '--json');
    const result = JSON.parse(out) as { records: number; sealed: number };
    expect(result).toMatchObject({ ok: true, problems: [], evidence: true, unsealed: 0 });
    expect(result.records).toBeGreaterThan(10);
    expect(result.sealed).toBe(result.records);
    expect(code).toBe(0);
  });

  it('runs as a timer, and exits 1 naming the blob when one byte of a segment is flipped', async () => {
    await world.host.runTimer('verify');
    const [segment] = (await names('v1/')).filter((name) => name.endsWith('.ndjson.gz'));
    const body = (await world.storage.stores.archive.get(segment!))!;
    body[Math.floor(body.length / 2)]! ^= 1;
    const container = world.storage.blobService.getContainerClient('archive');
    await container.getBlockBlobClient(segment!).upload(body, body.length);
    const { code, out } = await verify('--json');
    const result = JSON.parse(out) as { tenants: Record<string, { problems: { blob: string }[] }> };
    expect(code).toBe(1);
    expect(new Set(result.tenants[DEFAULT_TENANT_ID]!.problems.map((p) => p.blob))).toEqual(
      new Set([segment]),
    );
  });

  it('exits 2 when it cannot verify at all', async () => {
    expect((await verify(join(folder, 'absent.zip'))).code).toBe(2);
  });
});
