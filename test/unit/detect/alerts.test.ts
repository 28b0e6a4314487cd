import { describe, expect, it } from 'vitest';
import { webhookBody, webhookKind } from '../../../shared/alerts.ts';
import type { Clock } from '../../../shared/clock.ts';
import { Alerter } from '../../../shared/detect/alerts/alerter.ts';
import { groupFindings, messageOf } from '../../../shared/detect/alerts/messages.ts';
import type { Finding } from '../../../shared/detect/findings/finding.ts';
import { FindingsTable } from '../../../shared/detect/findings/findings-table.ts';
import { silentLog } from '../../../shared/log.ts';
import { MemoryTables } from '../../../shared/store/memory.ts';

const clock: Clock = { now: () => Date.UTC(2026, 10, 24), sleep: () => Promise.resolve() };

const finding = (n: number, over: Partial<Finding> = {}): Finding => ({
  id: `20261124T1200000${String(n).padStart(2, '0')}-${String(n).padStart(24, '0')}`,
  rule: 'r',
  title: 'A title',
  level: 'high',
  origin: 'own',
  tags: [],
  time: '2026-11-24T12:00:00.000Z',
  from: '2026-11-24T12:00:00.000Z',
  to: '2026-11-24T12:00:00.000Z',
  user: 'a@x.example',
  session: 's1',
  explanation: { kind: 'native', facts: { name: '<b>[click](http://evil.example)</b> @channel' } },
  records: [],
  state: 'open',
  revision: 1,
  ...over,
});

/** A receiver that answers as told, then 200. */
function receiver(answers: readonly (number | Error)[] = []) {
  const bodies: { findings: { id: string }[] }[] = [];
  let n = 0;
  const send = ((_url: string, init: { body: string }) => {
    const answer = answers[n++] ?? 200;
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer === 200) bodies.push(JSON.parse(init.body) as (typeof bodies)[number]);
    return Promise.resolve(new Response(null, { status: answer }));
  }) as unknown as typeof fetch;
  return { bodies, send, calls: () => n };
}

async function world(answers?: readonly (number | Error)[]) {
  const tables = new MemoryTables();
  const findings = [
    finding(1),
    finding(2),
    finding(3, { session: 's2' }),
    finding(4, { level: 'low' }),
    finding(5, { state: 'suppressed' }),
  ];
  await new FindingsTable(tables).add('t', findings);
  const got = receiver(answers);
  const make = () =>
    new Alerter({
      url: 'https://hook.example/x',
      levels: ['high', 'critical'],
      tables,
      fetch: got.send,
      clock,
      log: silentLog,
    });
  return { findings, got, make, ids: () => got.bodies.map(({ findings: told }) => told.map(({ id }) => id)) };
}

const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
const lost = new DOMException('timed out', 'TimeoutError');

describe('alerts', () => {
  it('tell of open findings of the chosen levels, one message a session', async () => {
    const w = await world();
    await w.make().alert('t', w.findings);
    expect(w.ids()).toEqual([[w.findings[0]!.id, w.findings[1]!.id], [w.findings[2]!.id]]);
  });

  it('never tell of a finding twice, though told again and by two at once', async () => {
    const w = await world();
    await Promise.all([w.make().alert('t', w.findings), w.make().alert('t', w.findings)]);
    await w.make().alert('t', w.findings);
    await w.make().flush('t');
    expect(w.ids().flat().sort()).toEqual(w.findings.slice(0, 3).map(({ id }) => id));
  });

  it('try again later what was surely not taken', async () => {
    const w = await world([refused, 500, 429, 500, 500, 500]);
    await w.make().alert('t', w.findings);
    expect(w.ids()).toEqual([]);
    await w.make().flush('t');
    expect(w.ids().flat().sort()).toEqual(w.findings.slice(0, 3).map(({ id }) => id));
  });

  it('leave alone what may have been taken', async () => {
    const w = await world([lost, 504]);
    await w.make().alert('t', w.findings);
    await w.make().flush('t');
    expect(w.got.calls()).toBe(2);
    expect(w.ids()).toEqual([]);
  });

  it('do nothing without an address', async () => {
    const w = await world();
    await new Alerter({
      url: undefined,
      levels: ['high'],
      tables: new MemoryTables(),
      fetch: w.got.send,
      clock,
      log: silentLog,
    }).alert('t', w.findings);
    expect(w.got.calls()).toBe(0);
  });

  it.each([
    ['https://acme.webhook.office.com/webhookb2/x', 'teams'],
    ['https://prod-1.westeurope.logic.azure.com/workflows/x', 'teams'],
    ['https://hooks.slack.com/services/x', 'slack'],
    ['https://soar.example/hook', 'json'],
  ] as const)('%s gets the shape %s', (url, kind) => {
    expect(webhookKind(url)).toBe(kind);
  });

  it.each(['teams', 'slack'] as const)('in %s, texts from records make no links and call nobody', (kind) => {
    const [group] = groupFindings([finding(1)]);
    const text = JSON.stringify(webhookBody(kind, messageOf(group!)));
    expect(text).not.toMatch(/<b>|\]\(|http:\/\/evil|@channel/);
    expect(text).toContain('A title');
  });
});
