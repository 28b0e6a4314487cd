import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT_ID, generateStory, storyGroundTruth } from '../../../infra/local/story/index.ts';
import { startWorld, type World } from '../../support/world.ts';

const nowMs = Date.now();
const story = { nowMs, days: 8, records: 6000, users: 60 };
const truth = storyGroundTruth(story);
const span = `from=${new Date(nowMs - 9 * 86_400_000).toISOString()}&to=${new Date(nowMs + 3_600_000).toISOString()}`;

interface Finding {
  id: string;
  rule: string;
  level: string;
  state: string;
  reason?: string;
  user?: string;
  session?: string;
  records: { recordId: string; source: string; place: { date: string; segment: string; chunk: number } }[];
}

const told: { group: string; findings: { id: string }[] }[] = [];
let webhook: Server;
let world: World;

beforeAll(async () => {
  webhook = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      told.push(JSON.parse(text) as (typeof told)[number]);
      response.end();
    });
  });
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  const { port } = webhook.address() as AddressInfo;
  world = await startWorld({
    records: generateStory(story),
    tenantId: DEFAULT_TENANT_ID,
    env: { ALERT_WEBHOOK_URL: `http://127.0.0.1:${port}/hook` },
  });
  await world.collect();
  await world.host.runTimer('detect');
  await world.host.idle();
});
afterAll(async () => {
  await world.stop();
  webhook.close();
});

const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(`${world.host.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

async function allFindings(query = ''): Promise<Finding[]> {
  const found: Finding[] = [];
  for (let next: string | undefined = `${world.host.url}/api/findings?${span}&limit=50${query}`; next;) {
    const response: Response = await fetch(next);
    expect(response.status).toBe(200);
    const page = (await response.json()) as { findings: Finding[]; nextLink?: string };
    found.push(...page.findings);
    next = page.nextLink;
  }
  return found;
}

const stepOf = new Map(
  truth.steps.flatMap(({ id, records }) => records.map((record) => [record.id, id] as const)),
);

async function finished(location: string): Promise<Record<string, unknown> & { findings: Finding[] }> {
  await world.host.idle();
  const response = await fetch(`${world.host.url}${location}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown> & { findings: Finding[] };
}

describe('detections, over HTTP', () => {
  it('the timer finds every step of the intrusion, and pages without repeating', async () => {
    const findings = await allFindings();
    expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
    const steps = new Set(
      findings.flatMap(({ records }) => records.map(({ recordId }) => stepOf.get(recordId))),
    );
    expect(truth.steps.filter(({ attacker, id }) => attacker && !steps.has(id)).map(({ id }) => id)).toEqual(
      [],
    );
    expect(findings.every(({ records }) => records.every(({ place }) => /^\d{6}$/.test(place.segment)))).toBe(
      true,
    );
  });

  it('filters by user, rule and level', async () => {
    const mareks = await allFindings(`&user=${truth.marek.upn.toUpperCase()}&level=critical,high`);
    expect(mareks.length).toBeGreaterThan(2);
    expect(mareks.every(({ user, level }) => user === truth.marek.upn && level !== 'medium')).toBe(true);
    const odd = await allFindings('&rule=inbox-rule-odd-name');
    expect(odd).toHaveLength(3);
  });

  it('a second tick, and segments that are indexed again, change nothing', async () => {
    const before = await allFindings();
    const alerts = told.length;
    await world.storage.stores.queues.send('index-segment', [
      { tenant: DEFAULT_TENANT_ID, source: 'ual-exchange', date: truth.intrusionDate, segment: '000001' },
    ]);
    await world.host.idle();
    await world.host.runTimer('detect');
    expect(await allFindings()).toEqual(before);
    expect(told).toHaveLength(alerts);
  });

  it('alerts, grouped by session, each finding once', async () => {
    const serious = (await allFindings('&minLevel=high')).map(({ id }) => id).sort();
    const ids = told.flatMap(({ findings }) => findings.map(({ id }) => id));
    expect([...ids].sort()).toEqual(serious);
    expect(told.some(({ group }) => group === `session ${truth.johanna.attackerSession}`)).toBe(true);
  });

  it('leads from a finding to its session, with a verdict, its reasons, and the second victim', async () => {
    const [odd] = await allFindings(`&rule=inbox-rule-odd-name&user=${truth.johanna.upn}`);
    const pivot = (await (await call('GET', `/api/findings/${odd!.id}/session`)).json()) as {
      session: string;
      sources: Record<string, number>;
      records: { recordId: string }[];
      verdict: { judgement: string; score: number; reasons: { id: string; points: number }[] };
      spread: { kind: string; users: string[] }[];
    };
    expect(pivot.session).toBe(truth.johanna.attackerSession);
    expect(Object.keys(pivot.sources)).toEqual(
      expect.arrayContaining(['signins-interactive', 'ual-exchange', 'ual-sharepoint']),
    );
    const wanted = truth.bySession[truth.johanna.attackerSession]!.filter(
      ({ availableMs }) => availableMs <= nowMs,
    );
    const ids = new Set(pivot.records.map(({ recordId }) => recordId));
    expect(wanted.filter(({ id }) => !ids.has(id))).toEqual([]);
    expect(pivot.verdict.judgement).toBe('suspicious');
    expect(pivot.verdict.score).toBe(pivot.verdict.reasons.reduce((sum, { points }) => sum + points, 0));
    expect(pivot.verdict.reasons.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['newAddress', 'aitm', 'hidingRule', 'hosting', 'finding']),
    );
    expect(pivot.spread.filter(({ kind }) => kind === 'ip').flatMap(({ users }) => users)).toContain(
      truth.marek.upn,
    );
  });

  it('changes the state of a finding, guarded by its ETag', async () => {
    const [first] = await allFindings('&rule=inbox-rule-odd-name');
    const path = `/api/findings/${first!.id}`;
    const etag = (await call('GET', path)).headers.get('etag')!;
    const changed = await call('PATCH', path, { state: 'closed', reason: 'handled' }, { 'if-match': etag });
    expect(changed.status).toBe(200);
    expect(((await changed.json()) as Finding).reason).toBe('handled');
    expect((await call('PATCH', path, { state: 'open' }, { 'if-match': etag })).status).toBe(409);
    expect((await call('PATCH', path, { state: 'gone' })).status).toBe(400);
    expect((await call('PATCH', '/api/findings/nonsense', { state: 'open' })).status).toBe(404);
    expect((await allFindings('&state=closed')).map(({ id }) => id)).toContain(first!.id);
  });

  it('runs all rules again over the range: the same findings, none twice', async () => {
    const before = (await allFindings()).map(({ id }) => id).sort();
    const [from, to] = [new Date(nowMs - 9 * 86_400_000), new Date(nowMs + 3_600_000)].map((date) =>
      date.toISOString(),
    );
    const accepted = await call('POST', '/api/detections/runs', { from, to });
    expect(accepted.status).toBe(202);
    const run = await finished(accepted.headers.get('location')!);
    expect(run['state']).toBe('done');
    expect(run['progress']).toBe(1);
    expect((await allFindings()).map(({ id }) => id).sort()).toEqual(before);
    expect(run['fresh']).toBe(0);
  });

  it('runs supplied rules for one user, and keeps what they find with the run', async () => {
    const sigma =
      'title: Mail sent\nlevel: low\nlogsource: { product: holdfast, service: ual }\ndetection:\n  s: { Operation: Send }\n  condition: s\n';
    const users = [truth.johanna.upn];
    const accepted = await call('POST', '/api/detections/runs', {
      from: truth.intrusionDate,
      to: truth.intrusionDate,
      sigma,
      users,
    });
    const run = await finished(accepted.headers.get('location')!);
    expect(run['state']).toBe('done');
    const sent = truth.johanna.records.filter(
      ({ step, source }) => step === 'johanna/mail-sent' && source === 'ual-exchange',
    );
    const ids = new Set(run.findings.flatMap(({ records }) => records.map(({ recordId }) => recordId)));
    expect(sent.filter(({ id }) => !ids.has(id)).length).toBeLessThanOrEqual(1); // one is a draft's Create
    expect(run.findings.every(({ user }) => user === truth.johanna.upn)).toBe(true);
    expect((await allFindings()).filter(({ rule }) => rule.startsWith('sha256'))).toEqual([]);
  });

  it('refuses what cannot be run, and names line and reason', async () => {
    const refuse = async (body: unknown, field: string) => {
      const response = await call('POST', '/api/detections/runs', body);
      const problem = (await response.json()) as { field: string; detail: string; remedy: string };
      expect([response.status, problem.field]).toEqual([400, field]);
      return problem.detail;
    };
    await refuse('no json', 'body');
    await refuse({ from: '2026-01-02', to: '2026-01-01' }, 'from');
    await refuse({ from: '2026-01-01', to: '2026-01-02', rules: ['no-such-rule'] }, 'rules');
    const detail = await refuse(
      {
        from: '2026-01-01',
        to: '2026-01-02',
        sigma:
          'title: x\nlogsource: { product: holdfast }\ndetection: { s: { a|nonsense: 1 }, condition: s }',
      },
      'sigma',
    );
    expect(detail).toMatch(/rules\.yml:3.*nonsense/);
    expect((await call('GET', '/api/detections/runs/none')).status).toBe(404);
  });

  it('lists rules with their binding status, and takes further ones', async () => {
    const text =
      'title: Chatty\nid: 11111111-2222-4333-8444-555555555555\nlevel: low\nlogsource: { product: m365, service: audit }\ndetection:\n  s: { Operation: MessageCreatedHasLink }\n  condition: s\n';
    expect((await call('PUT', '/api/rules/chatty.yml', text)).status).toBe(200);
    expect((await call('PUT', '/api/rules/broken.yml', 'title: x\ndetection: 1')).status).toBe(400);
    const list = (await (await call('GET', '/api/rules')).json()) as {
      rules: { key: string; origin: string; status: string }[];
    };
    expect(list.rules.find(({ key }) => key.startsWith('11111111'))).toMatchObject({
      origin: 'loaded',
      status: 'native',
    });
    expect(list.rules.filter(({ origin }) => origin === 'own').length).toBeGreaterThan(60);
    expect((await call('DELETE', '/api/rules/chatty.yml')).status).toBe(204);
  });

  it('suppresses what the allow list covers, visibly', async () => {
    const entries = [{ kind: 'user', value: truth.marek.upn, reason: 'red team exercise' }];
    expect((await call('PUT', '/api/allow-lists', { version: 1, entries })).status).toBe(200);
    expect(
      (
        await call('PUT', '/api/allow-lists', {
          version: 1,
          entries: [{ kind: 'network', value: 'x', reason: 'y' }],
        })
      ).status,
    ).toBe(400);
    // Deleted findings are found again by a run, now under the list.
    for await (const row of world.storage.stores.tables.query(
      'findings',
      `${DEFAULT_TENANT_ID}|${truth.intrusionDate.slice(0, 7)}`,
    ))
      if (row.row.includes('|inbox-rule-odd-name|'))
        await world.storage.stores.tables.remove('findings', row.partition, [row.row]);
    const accepted = await call('POST', '/api/detections/runs', {
      from: truth.intrusionDate,
      to: truth.intrusionDate,
      rules: ['inbox-rule-odd-name'],
    });
    const run = await finished(accepted.headers.get('location')!);
    expect(run['fresh']).toBe(3);
    const suppressed = await allFindings('&state=suppressed');
    expect(suppressed.map(({ user, reason }) => [user, reason])).toEqual([
      [truth.marek.upn, `allow list: user ${truth.marek.upn} (red team exercise)`],
    ]);
  });
});
