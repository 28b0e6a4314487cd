import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DEFAULT_TENANT_ID,
  generateStory,
  storyGroundTruth,
  storyState,
} from '../../../infra/local/story/index.ts';
import { evidenceKind, snapshotPrefix } from '../../../shared/layout.ts';
import { unzip } from '../../support/unzip.ts';
import { startWorld, type World } from '../../support/world.ts';

const nowMs = Date.now();
const story = { nowMs, days: 6, records: 4000, users: 40 };
const truth = storyGroundTruth(story);
const victim = truth.johanna.upn.toLowerCase();
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
  await world.host.runTimer('detect');
  await world.host.idle();
});
afterAll(() => world.stop());

interface BundledFinding {
  readonly id: string;
  readonly user: string;
  readonly level: string;
  readonly state: string;
  readonly recordIds: readonly string[];
  readonly explanation: string;
}

async function bundle(): Promise<Map<string, Buffer>> {
  const answer = await world.get(`/api/bundle?user=${victim}&from=${from}&to=${to}`);
  expect(answer.status).toBe(200);
  return unzip(Buffer.from(await answer.arrayBuffer()));
}

const findingsOf = (files: Map<string, Buffer>): BundledFinding[] =>
  (JSON.parse(files.get('findings.json')!.toString()) as { findings: BundledFinding[] }).findings;

async function snapshots(): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of world.storage.stores.archive.list(snapshotPrefix(DEFAULT_TENANT_ID)))
    found.push(name);
  return found;
}

describe('after detections have run over the story', () => {
  it("a bundle holds the findings of the user, with records that it holds, and the report's words on them", async () => {
    const files = await bundle();
    const findings = findingsOf(files);
    expect(findings.length).toBeGreaterThan(3);
    expect(findings.every((f) => f.explanation !== '' && f.recordIds.length > 0)).toBe(true);
    const serious = findings.filter((f) => f.level === 'high' || f.level === 'critical');
    expect(serious.length).toBeGreaterThan(0);
    const held = [...files]
      .filter(([name]) => name.startsWith('records/'))
      .map(([, body]) => body.toString('utf8'))
      .join('\n');
    const own = findings.filter((f) => f.user === victim);
    expect(own.length).toBeGreaterThan(0);
    for (const finding of own) expect(finding.recordIds.some((id) => held.includes(`"${id}"`))).toBe(true);
    const attacks = new Set(truth.steps.filter((s) => s.attacker).flatMap((s) => s.records.map((r) => r.id)));
    expect(own.some((f) => f.recordIds.some((id) => attacks.has(id)))).toBe(true);
    expect(files.get('report.md')!.toString()).toContain(serious[0]!.explanation.slice(0, 20));
  });

  it('the daily run takes the state of users with open findings, and keeps it in the archive, to be sealed', async () => {
    expect(await snapshots()).toEqual([]);
    await world.host.runTimer('snapshot');
    await world.host.idle();
    const [path, ...more] = await snapshots();
    expect(more).toEqual([]);
    expect(evidenceKind(path!)).toBe('snapshot');
    const taken = JSON.parse((await world.storage.stores.archive.get(path!))!.toString()) as {
      because: string;
      users: string[];
      files: { name: string; subject: string; outcome: string; takenAt: string; value?: unknown }[];
    };
    expect(taken.because).toBe('open findings');
    expect(taken.users).toContain(victim);
    const rules = taken.files.find((f) => f.name === `user-${victim}.inbox-rules`)!;
    expect(rules).toMatchObject({ outcome: 'taken' });
    expect(JSON.stringify(rules.value)).toMatch(/displayName|conditions|actions/);
    await world.host.runTimer('seal');
    const seals: string[] = [];
    for await (const { name } of world.storage.stores.archive.list('seals/')) seals.push(name);
    expect((await world.storage.stores.archive.get(seals.at(-1)!))!.toString()).toContain(path!);
  });

  it('a finding that an analyst has closed is shown as closed', async () => {
    const [first] = findingsOf(await bundle());
    const closed = await fetch(`${world.host.url}/api/findings/${encodeURIComponent(first!.id)}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ state: 'closed', reason: 'seen to' }),
    });
    expect(closed.status).toBe(200);
    expect(findingsOf(await bundle()).find((f) => f.id === first!.id)!.state).toBe('closed');
  });
});
