import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_ALLOW_LIST, type AllowList } from '../../../shared/detect/allow/allow-list.ts';
import { isoOf, makeFinding, type Finding } from '../../../shared/detect/findings/finding.ts';
import { FindingsTable } from '../../../shared/detect/findings/findings-table.ts';
import { incidentJoin, joinIncidents, ownTactics } from '../../../shared/detect/native/incident-join.ts';
import { storeIncidents } from '../../../shared/detect/pivot/incidents.ts';
import { makeRuleBook } from '../../../shared/detect/rule-book.ts';
import type { Sighting } from '../../../shared/detect/sighting.ts';
import { MemoryTables } from '../../../shared/store/memory.ts';
import { PLACE } from './support.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const HOUR = 3_600_000;
const start = Date.UTC(2026, 10, 21, 5);
const book = makeRuleBook();

let ids = 0;
/** A finding of one of our rules, so many hours after the start. */
function found(
  rule: string,
  hours: number,
  over: Partial<Finding> & { record?: Partial<Sighting> } = {},
): Finding {
  const { record, ...rest } = over;
  const timeMs = start + hours * HOUR;
  const sighting = {
    recordId: `r${ids++}`,
    timeMs,
    source: 'import',
    place: PLACE,
    user: 'a@x.example',
    ...record,
  };
  const made = makeFinding(book.infos.get(rule)!, sighting.recordId, timeMs, [sighting as Sighting], {
    kind: 'native',
    facts: {},
  });
  return { ...made, ...rest };
}
/** initial access, persistence, defence evasion: medium is the highest of them. */
const intrusion = (): Finding[] => [
  found('signin-risk-medium', 0),
  found('device-registered', 1),
  found('mail-security-notice-deleted', 2),
];

describe('findings of one person', () => {
  it('that cover three tactics within a day are one incident, a level above the highest of them', () => {
    const members = intrusion();
    expect(joinIncidents(members)).toMatchObject([
      {
        person: 'a@x.example',
        members,
        highest: 'medium',
        level: 'high',
        score: 4,
        tactics: ['defense-evasion', 'initial-access', 'persistence'],
        ties: ['24 hours'],
      },
    ]);
  });

  it('give reasons that add up to the score', () => {
    const [incident] = joinIncidents([...intrusion(), found('signin-aitm-landing', 1)]);
    expect(incident!.level).toBe('critical');
    expect(incident!.reasons.map((reason) => Number(reason.split(':')[0])).reduce((a, b) => a + b)).toBe(
      incident!.score,
    );
  });

  const cases: readonly [string, () => Finding[], number][] = [
    ['of two tactics are none', () => intrusion().slice(1), 0],
    [
      'of three persons are none',
      () => intrusion().map((finding, i) => ({ ...finding, user: `${i}@x.example` })),
      0,
    ],
    [
      'on one record are one act under several names',
      () => [
        found('inbox-rule-forwards', 0, { record: { recordId: 'one' } }),
        found('inbox-rule-hides', 0, { record: { recordId: 'one' } }),
      ],
      0,
    ],
    [
      'of two rules that stand for four tactics are none: a traveller whose session is replayed downloads a file',
      () => [found('session-token-replay', 0), found('file-download-from-new-network', 1)],
      0,
    ],
    [
      'of one rule are none, whatever its tags',
      () => [found('transport-rule-diverts', 0), found('transport-rule-diverts', 1)],
      0,
    ],
    [
      'that people closed do not count',
      () => intrusion().map((f, i) => (i === 0 ? { ...f, state: 'closed' } : f)),
      0,
    ],
    [
      'that the allow list covers do not count',
      () => intrusion().map((f, i) => (i === 0 ? { ...f, state: 'suppressed' } : f)),
      0,
    ],
    [
      'that are only informational do not count',
      () => intrusion().map((f, i) => (i === 0 ? { ...f, level: 'informational' } : f)),
      0,
    ],
    [
      'spread over three days are none',
      () => [
        found('signin-risk-medium', 0),
        found('device-registered', 30),
        found('mail-security-notice-deleted', 60),
      ],
      0,
    ],
    ...(['session', 'token', 'ip'] as const).map((tie): [string, () => Finding[], number] => [
      `spread over three days are one by a shared ${tie}`,
      () =>
        ['signin-risk-medium', 'device-registered', 'mail-security-notice-deleted'].map((rule, i) =>
          found(rule, i * 30, { record: { [tie]: 'shared-0123456789' } }),
        ),
      1,
    ]),
    [
      'under name and object id are of one person, where a finding says so',
      () => [
        found('signin-risk-medium', 0, { user: 'a@x.example', userId: 'oid-1' }),
        found('device-registered', 1, { user: 'oid-1' }),
        found('mail-security-notice-deleted', 2),
      ],
      1,
    ],
  ];
  it.each(cases)('%s', (_name, findings, incidents) => {
    expect(joinIncidents(findings())).toHaveLength(incidents);
  });

  it.each([
    [1, [['a', 'b', 'c']]],
    [
      2,
      [
        ['a', 'b'],
        ['a', 'b', 'c'],
      ],
    ],
    [3, [['a'], ['a', 'b'], ['b', 'c']]],
    [2, [['a'], ['a'], ['a', 'b']]],
    [0, [[]]],
  ])('show %i tactics by rules of their own', (expected, tactics) => {
    const findings = tactics.map((own, i) => ({ rule: `r${i}`, tags: own.map((t) => `attack.tactic-${t}`) }));
    expect(ownTactics(findings)).toBe(expected);
  });

  it('are joined in one pass, however many one person has', () => {
    const rules = ['signin-risk-medium', 'device-registered', 'mail-security-notice-deleted'];
    const many = Array.from({ length: 6000 }, (_, i) =>
      found(rules[i % 3]!, i / 60, { record: { ip: `203.0.113.${i % 200}` } }),
    );
    expect(joinIncidents(many)).toMatchObject([{ level: 'high', members: { length: 6000 } }]);
  });

  it('give the same incidents in any order', () => {
    const rules = [...book.infos.values()].filter(({ standalone }) => standalone).map(({ key }) => key);
    const one = fc
      .record({
        rule: fc.constantFrom(...rules),
        hours: fc.integer({ min: 0, max: 24 * 12 }),
        user: fc.constantFrom('a@x.example', 'b@x.example'),
        ip: fc.constantFrom(undefined, '198.51.100.7', '203.0.113.9'),
      })
      .map(({ rule, hours, user, ip }) => found(rule, hours, { user, ...(ip && { record: { ip } }) }));
    const shuffled = fc
      .array(one, { maxLength: 25 })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    const byFirst = (list: ReturnType<typeof joinIncidents>) => list.map((i) => JSON.stringify(i)).sort();
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(byFirst(joinIncidents(other))).toEqual(byFirst(joinIncidents(list)));
      }),
      { numRuns: 100 },
    );
  });
});

/** Findings as batches bring them. */
class World {
  readonly table = new FindingsTable(new MemoryTables());
  readonly list: AllowList;

  constructor(list: AllowList = EMPTY_ALLOW_LIST) {
    this.list = list;
  }

  async bring(...findings: Finding[]): Promise<readonly Finding[]> {
    await this.table.add(TENANT, findings);
    const { fresh } = await storeIncidents(this.table, TENANT, findings, this.list, start);
    return fresh;
  }

  async incidents(): Promise<readonly Finding[]> {
    const query = { tenant: TENANT, fromMs: start - 90 * 24 * HOUR, toMs: start + 90 * 24 * HOUR };
    const { findings } = await this.table.list({ ...query, rule: incidentJoin.key }, 500);
    return findings;
  }
}

describe('stored incidents', () => {
  it('are made once, however often the batch comes', async () => {
    const [world, findings] = [new World(), intrusion()];
    expect(await world.bring(...findings)).toHaveLength(1);
    expect(await world.bring(...findings)).toEqual([]);
    expect(await world.bring(findings[1]!)).toEqual([]);
    expect(await world.incidents()).toMatchObject([
      { state: 'open', level: 'high', user: 'a@x.example', revision: 1, time: isoOf(start) },
    ]);
  });

  it('arise when the last of three batches comes, in any order', async () => {
    const findings = intrusion();
    const seen = new Set<string>();
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const world = new World();
      for (const i of order) await world.bring(findings[i]!);
      seen.add(
        JSON.stringify((await world.incidents()).map(({ id, level, state }) => ({ id, level, state }))),
      );
    }
    expect(seen.size).toBe(1);
  });

  it('keep their id when later findings join, and rise with them', async () => {
    const [world, findings] = [new World(), intrusion()];
    const [made] = await world.bring(...findings);
    // Told again: it may have lain below the level from which on people are told.
    expect(await world.bring(found('signin-aitm-landing', 3))).toMatchObject([
      { id: made!.id, level: 'critical' },
    ]);
    expect(await world.bring(found('mail-mass-send', 4))).toEqual([]);
    expect(await world.incidents()).toMatchObject([
      { id: made!.id, level: 'critical', revision: 3, to: isoOf(start + 4 * HOUR) },
    ]);
  });

  it('that turn out to have begun earlier are closed and name the one in their place', async () => {
    const world = new World();
    const [made] = await world.bring(...intrusion());
    const [moved] = await world.bring(found('signin-risk-high', -5));
    expect(moved!.id).not.toBe(made!.id);
    const all = await world.incidents();
    expect(all.filter(({ state }) => state === 'open').map(({ id }) => id)).toEqual([moved!.id]);
    expect(all.find(({ id }) => id === made!.id)).toMatchObject({
      state: 'closed',
      reason: expect.stringContaining(moved!.id) as string,
    });
  });

  it('are closed when their findings are taken back, and open again when these come back', async () => {
    const [world, findings] = [new World(), intrusion()];
    const [made] = await world.bring(...findings);
    const set = (state: Finding['state']) =>
      world.table.change(TENANT, findings[2]!.id, (old) => ({ ...old, state }));
    await set('closed');
    await world.bring(findings[0]!);
    expect(await world.incidents()).toMatchObject([{ id: made!.id, state: 'closed', changedBy: 'holdfast' }]);
    await set('open');
    await world.bring(findings[0]!);
    expect(await world.incidents()).toMatchObject([{ id: made!.id, state: 'open' }]);
  });

  it('that people closed stay closed', async () => {
    const [world, findings] = [new World(), intrusion()];
    const [made] = await world.bring(...findings);
    await world.table.change(TENANT, made!.id, (old) => ({ ...old, state: 'closed', changedBy: 'yumi' }));
    await world.bring(found('signin-aitm-landing', 3));
    expect(await world.incidents()).toMatchObject([
      { state: 'closed', changedBy: 'yumi', level: 'critical' },
    ]);
  });

  it('follow a chain beyond the week first read', async () => {
    const world = new World();
    const chain = Array.from({ length: 20 }, (_, day) => found('device-registered', day * 23));
    for (const finding of chain) await world.bring(finding);
    const [made] = await world.bring(
      found('signin-risk-medium', 19 * 23),
      found('mail-security-notice-deleted', 19 * 23 + 1),
    );
    expect(made!.from).toBe(chain[0]!.time);
    expect(await world.incidents()).toHaveLength(1);
  });

  it('may be suppressed by an entry of the allow list for the rule', async () => {
    const entry: AllowList['entries'][number] = {
      kind: 'user',
      value: 'a@x.example',
      reason: 'red team',
      rules: [incidentJoin.key],
    };
    const world = new World({ version: 1, entries: [entry] });
    expect(await world.bring(...intrusion())).toMatchObject([{ state: 'suppressed' }]);
  });
});
