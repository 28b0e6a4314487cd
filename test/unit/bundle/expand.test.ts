import { beforeAll, describe, expect, it } from 'vitest';
import { expandScope } from '../../../shared/bundle/incident/expand.ts';
import type { Expansion } from '../../../shared/bundle/incident/included.ts';
import { bundleWorld, type BundleWorld, type Sourced } from '../../support/bundle-world.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const scope = {
  tenant: TENANT,
  entities: { user: ['a@x.example'], session: [], ip: [], app: [] },
  fromMs: Date.parse('2026-11-19'),
  toMs: Date.parse('2026-11-22'),
};

let serial = 0;
function record(user: string, ip: string, over: object = {}): Sourced {
  const n = ++serial;
  const text = JSON.stringify({
    Id: `id-${n}`,
    CreationTime: `2026-11-20T10:${String(n % 60).padStart(2, '0')}:00`,
    Operation: 'MailItemsAccessed',
    RecordType: 50,
    UserId: `${user}@x.example`,
    ClientIPAddress: ip,
    ...over,
  });
  return { source: 'ual-exchange', text };
}

const address = (n: number): string => `203.0.113.${n}`;
const sessionOf = (user: string): string => `${user.repeat(8)}-1111-4111-8111-111111111111`;

/** An account as its owner uses it, and an intruder in it who came from one address and went on from another. */
function taken(user: string, from: number, to: number): Sourced[] {
  const session = { SessionId: sessionOf(user) };
  const rule = {
    ...session,
    Operation: 'New-InboxRule',
    RecordType: 1,
    Parameters: [
      { Name: 'Name', Value: '..' },
      { Name: 'ForwardTo', Value: 'drop@evil.example' },
    ],
  };
  return [
    record(user, '198.51.100.7', { CreationTime: '2026-11-10T09:00:00' }),
    record(user, address(from), session),
    record(user, address(from), rule),
    record(user, address(to), session),
  ];
}

let world: BundleWorld;
// a → b → c → d → e, each reached by the address that the intruder used before.
beforeAll(async () => {
  const chain = ['a', 'b', 'c', 'd', 'e'].flatMap((user, i) => taken(user, i + 1, i + 2));
  const bystander = record('z', '198.51.100.7');
  const office = Array.from({ length: 25 }, (_, i) => record(`office${i}`, address(200)));
  const throughTheOffice = record('b', address(200), { SessionId: sessionOf('b') });
  world = await bundleWorld(TENANT, [...chain, bystander, ...office, throughTheOffice]);
});

const expand = (depth: number): Promise<Expansion> => expandScope(scope, depth, world.deps);
const keysOf = (e: Expansion, kind: string, depth: number): string[] =>
  e.included
    .filter((i) => i.kind === kind && i.depth === depth)
    .map((i) => i.key)
    .sort();

describe('a question that is followed', () => {
  it.each([
    [0, ['a']],
    [1, ['a', 'b']],
    [2, ['a', 'b', 'c']],
    [3, ['a', 'b', 'c', 'd']],
  ])('%d rounds deep holds the users that so many steps lead to, and no other', async (depth, users) => {
    const { scope: wide, depth: said } = await expand(depth);
    expect(said).toBe(depth);
    expect(wide.entities.user).toEqual(users.map((user) => `${user}@x.example`));
    expect(wide.fromMs).toBe(scope.fromMs);
    expect(wide.tenant).toBe(TENANT);
  });

  it('says of each entity in which round it was found, why, and by which records', async () => {
    const found = await expand(3);
    expect([1, 2, 3].map((depth) => keysOf(found, 'user', depth))).toEqual([
      ['b@x.example'],
      ['c@x.example'],
      ['d@x.example'],
    ]);
    expect([1, 2, 3].map((depth) => keysOf(found, 'session', depth))).toEqual([
      [sessionOf('a')],
      [sessionOf('b')],
      [sessionOf('c')],
    ]);
    expect(keysOf(found, 'ip', 1)).toEqual([address(1), address(2)]);
    expect(keysOf(found, 'ip', 3)).toEqual([address(4)]);
    for (const entity of found.included.filter((i) => i.depth > 0)) {
      expect(entity.why).not.toBe('');
      expect(entity.records.length).toBeGreaterThan(0);
    }
    expect(found.included.find((i) => i.key === 'd@x.example')!.why).toContain(address(4));
  });

  it('does not go through an address that many share, and says so, in a later round too', async () => {
    expect((await expand(1)).notFollowed).toEqual([]);
    const { notFollowed, scope: wide } = await expand(2);
    expect(notFollowed).toEqual([
      { kind: 'ip', key: address(200), why: '26 users use it: a shared address.' },
    ]);
    expect(wide.entities.user.filter((user) => user.startsWith('office'))).toEqual([]);
  });

  it('ends early where a round finds nobody new', async () => {
    const alone = await bundleWorld(TENANT, taken('a', 1, 2));
    const { scope: wide, depth } = await expandScope(scope, 3, alone.deps);
    expect([depth, wide.entities.user]).toEqual([3, ['a@x.example']]);
  });
});
