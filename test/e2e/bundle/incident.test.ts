import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DEFAULT_TENANT_ID,
  generateStory,
  storyGroundTruth,
  storyState,
} from '../../../infra/local/story/index.ts';
import { sha256, startWorld, type World } from '../../support/world.ts';
import { unzip } from '../../support/unzip.ts';

const nowMs = Date.now();
const story = { nowMs, days: 6, records: 4000, users: 40 };
const truth = storyGroundTruth(story);
const from = new Date(nowMs - 5 * 86_400_000).toISOString();
const to = new Date(nowMs + 3_600_000).toISOString();

let world: World;
beforeAll(async () => {
  world = await startWorld({
    records: generateStory(story),
    state: storyState(story),
    tenantId: DEFAULT_TENANT_ID,
  });
  await world.collect();
});
afterAll(() => world.stop());

const post = (body: unknown): Promise<Response> =>
  fetch(`${world.host.url}/api/incidents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly result?: { readonly bytes: number; readonly records: number; readonly sha256: string };
}

const shown = async (path: string): Promise<Shown> => (await (await world.get(path)).json()) as Shown;

async function done(location: string): Promise<Shown> {
  await world.host.idle();
  return shown(location);
}

const question = {
  title: 'Case 118',
  users: [truth.johanna.upn],
  from,
  to,
  expand: 1,
  zone: 'Europe/Vienna',
};

describe('an incident over HTTP', () => {
  it('is accepted, answered in the background, and its bundle handed out with the hash it states', async () => {
    const accepted = await post(question);
    expect(accepted.status).toBe(202);
    const location = accepted.headers.get('location')!;
    expect(location).toMatch(/^\/api\/incidents\/[0-9a-f-]{36}$/);
    const incident = await done(location);
    expect(incident.state).toBe('done');
    const answer = await world.get(`${location}/bundle`);
    expect(answer.status).toBe(200);
    const zip = Buffer.from(await answer.arrayBuffer());
    expect(sha256(zip)).toBe(incident.result!.sha256);
    const files = await unzip(zip);
    const report = files.get('report.md')!.toString();
    for (const fact of [
      truth.johanna.attackerSession,
      truth.marek.attackerSession,
      'REVISED INVOICE',
      'PO',
      'Vienna',
    ])
      expect(report).toContain(fact);
    const rules = JSON.parse(
      files.get(`state/user-${truth.johanna.upn.toLowerCase()}.inbox-rules.json`)!.toString(),
    ) as { outcome: string; permission: string; takenAt: string };
    expect(rules).toMatchObject({ outcome: 'taken', permission: 'MailboxSettings.Read' });
    const coverage = JSON.parse(files.get('coverage.json')!.toString()) as { sources: unknown[] };
    expect(coverage.sources.length).toBeGreaterThan(10);
  });

  it('says why state was not permitted', async () => {
    world.tenant.switches.revoked.push('UserAuthenticationMethod.Read.All');
    try {
      const incident = await done((await post(question)).headers.get('location')!);
      const answer = await world.get(`/api/incidents/${incident.id}/bundle`);
      const files = await unzip(Buffer.from(await answer.arrayBuffer()));
      const methods = JSON.parse(
        files.get(`state/user-${truth.johanna.upn.toLowerCase()}.authentication-methods.json`)!.toString(),
      ) as object;
      expect(methods).toMatchObject({
        outcome: 'not permitted',
        because: expect.stringContaining('403') as string,
        permission: 'UserAuthenticationMethod.Read.All',
      });
      expect(files.get('report.md')!.toString()).toContain('not permitted');
    } finally {
      world.tenant.switches.revoked.pop();
    }
  });

  it('can be cancelled, and then has no bundle', async () => {
    const location = (await post(question)).headers.get('location')!;
    const cancelled = await fetch(world.host.url + location, { method: 'DELETE' });
    expect(cancelled.status).toBe(200);
    expect((await done(location)).state).toBe('cancelled');
    const answer = await world.get(`${location}/bundle`);
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it.each([
    [{ ...question, from: 'yesterday' }, 'from'],
    [{ ...question, expand: 9 }, 'expand'],
    [{ ...question, userz: [] }, 'userz'],
    ['not an object', 'body'],
  ])('refuses a wrong request and names the field: %#', async (body, field) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ field, remedy: expect.any(String) as string });
  });

  it('knows no incident of another id', async () => {
    expect((await world.get('/api/incidents/99999999-9999-4999-8999-999999999999')).status).toBe(404);
    expect((await world.get('/api/incidents/..%2f..%2fx')).status).toBe(404);
  });

  it('takes the quick way with expansion and a zone, and notes every access in the archive', async () => {
    const query = `user=${truth.johanna.upn}&from=${from}&to=${to}&expand=1&zone=Europe/Vienna`;
    const answer = await world.get(`/api/bundle?${query}`);
    expect(answer.status).toBe(200);
    const files = await unzip(Buffer.from(await answer.arrayBuffer()));
    expect(files.get('report.md')!.toString()).toContain(truth.marek.attackerSession);
    const actions: string[] = [];
    for await (const { name } of world.storage.stores.archive.list('access/')) {
      const entry = JSON.parse((await world.storage.stores.archive.get(name))!.toString()) as {
        action: string;
        caller: string;
      };
      expect(entry.caller).toBeTruthy();
      actions.push(entry.action);
    }
    expect(actions).toEqual(
      expect.arrayContaining(['bundle', 'incident', 'incident-bundle', 'incident-cancel']),
    );
  });

  it('gives the core alone where only that is asked for', async () => {
    const ask = `user=${truth.johanna.upn}&from=${from}&to=${to}`;
    const core = await world.get(`/api/bundle?${ask}&parts=core`);
    expect(core.status).toBe(200);
    const files = await unzip(Buffer.from(await core.arrayBuffer()));
    const all = await unzip(Buffer.from(await (await world.get(`/api/bundle?${ask}`)).arrayBuffer()));
    const records = [...all].filter(([name]) => name.startsWith('records/'));
    expect(records.length).toBeGreaterThan(3);
    expect([...files].filter(([name]) => name.startsWith('records/'))).toEqual(records);
    expect([...files.keys()].filter((name) => /^(report|evidence|state)/.test(name))).toEqual([]);
  });

  it('carries manifests and, once there are seals, the seals over them', async () => {
    await world.host.runTimer('seal');
    await world.host.idle();
    const answer = await world.get(`/api/bundle?user=${truth.johanna.upn}&from=${from}&to=${to}`);
    const files = await unzip(Buffer.from(await answer.arrayBuffer()));
    const manifest = JSON.parse(files.get('manifest.json')!.toString()) as {
      segments: { manifest: string; sha256: string }[];
      seals: { file: string; covers: number }[];
    };
    expect(manifest.segments.length).toBeGreaterThan(5);
    expect(manifest.segments.filter((s) => !files.has(s.manifest))).toEqual([]);
    const covered = manifest.seals.reduce((n, s) => n + s.covers, 0);
    expect(manifest.seals.filter((s) => !files.has(s.file))).toEqual([]);
    expect(covered).toBeGreaterThan(0);
  });
});
