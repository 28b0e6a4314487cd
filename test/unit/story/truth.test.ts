import { describe, expect, test } from 'vitest';
import { storyGroundTruth, type TruthAccount, type TruthRecord } from '../../../infra/local/story/index.ts';
import { MIDDLE, SMALL, clientIps, keyOf, leaves, sessionIds, sha256, tell, type Told } from './telling.ts';

const truth = storyGroundTruth(MIDDLE);
const told = tell(MIDDLE);

const keys = (records: readonly Told[]): string[] =>
  [...new Set(records.map((r) => keyOf(r.source, r.id, sha256(r.text))))].sort();
const truthKeys = (records: readonly TruthRecord[]): string[] =>
  records.map((r) => keyOf(r.source, r.id, r.sha256)).sort();

/** A record is about a person when any of the person's names stands in it, in any case. */
function concerns({ upn, objectId, puid, sid }: TruthAccount) {
  const names = [upn, objectId, puid, sid].map((name) => name.toLowerCase());
  return ({ text }: Told): boolean => {
    const lower = text.toLowerCase();
    return names.some((name) => lower.includes(name));
  };
}

describe('ground truth against a linear scan of the records', () => {
  test.each(['johanna', 'marek'] as const)('the account of %s is complete', (who) => {
    const account = truth[who];
    const scanned = keys(told.filter(concerns(account)));
    expect(truthKeys([...account.records, ...account.mentions])).toEqual(scanned);
    expect(account.records.length).toBeGreaterThan(80);
    // Mail protection's records only name senders and recipients.
    const mailFlow = keys(told.filter((r) => concerns(account)(r) && r.body['RecordType'] === 28));
    expect(truthKeys(account.mentions)).toEqual(mailFlow);
  });

  test.each(['johanna', 'marek'] as const)(
    'the attacker flag of %s is the session, the addresses or the marked steps',
    (who) => {
      const { records } = truth[who];
      const flagged = records.filter(({ attacker }) => attacker);
      expect(flagged.length).toBeGreaterThan(10);
      expect(records.length - flagged.length).toBeGreaterThan(50);
      const traced = flagged.filter(
        ({ session, ips, step }) => session !== undefined || ips.length > 0 || step!.endsWith('/device'),
      );
      expect(traced).toEqual(flagged);
    },
  );

  test('records by attacker session', () => {
    expect(Object.keys(truth.bySession)).toEqual(truth.attacker.sessions);
    for (const [session, records] of Object.entries(truth.bySession))
      expect(truthKeys(records)).toEqual(keys(told.filter(({ body }) => sessionIds(body).has(session))));
  });

  test('records by attacker address, in whatever shape it is written', () => {
    expect(Object.keys(truth.byIp)).toEqual(['2a0b:f4c2:1::1', '54.36.108.162']);
    for (const [ip, records] of Object.entries(truth.byIp))
      expect(truthKeys(records)).toEqual(keys(told.filter(({ body }) => clientIps(body).has(ip))));
  });

  test("records by the added application's appId", () => {
    const { appId } = truth.application;
    const scanned = told.filter(({ body }) => [...leaves(body)].some(([, leaf]) => leaf.includes(appId)));
    expect(scanned.length).toBeGreaterThan(10);
    expect(truthKeys(truth.byApp[appId]!)).toEqual(keys(scanned));
  });

  test('ordinary traffic carries no attacker address, session or user agent', () => {
    const attack = new Set(truthKeys(truth.steps.flatMap(({ records }) => records)));
    const traces = [
      ...truth.attacker.ips,
      ...truth.attacker.sessions,
      truth.attacker.userAgent,
      'chatbot',
      'REVISED INVOICE',
    ];
    const strays = told.filter(
      (r) =>
        !attack.has(keyOf(r.source, r.id, sha256(r.text))) && traces.some((trace) => r.text.includes(trace)),
    );
    expect(strays).toEqual([]);
  });

  test('deliveries and versions allow exactly-once counts', () => {
    const deliveries = Map.groupBy(told, (r) => keyOf(r.source, r.id, sha256(r.text)));
    for (const r of [...truth.johanna.records, ...truth.marek.records])
      expect(r.deliveries).toBe(deliveries.get(keyOf(r.source, r.id, r.sha256))!.length);
    const attacks = truth.steps.flatMap(({ records }) => records);
    expect(attacks.some((r) => r.deliveries === 2)).toBe(true);
    expect(attacks.some((r) => r.version === 2)).toBe(true);
    expect(attacks.some((r) => r.availableMs - r.eventMs >= 30 * 3_600_000)).toBe(true);
  });

  test('roles: actor, owner and target all occur', () => {
    const roles = new Set(truth.johanna.records.flatMap((r) => r.roles));
    expect(roles).toEqual(new Set(['actor', 'owner', 'target']));
    const owned = truth.johanna.records.find((r) => r.roles.includes('owner'))!;
    const record = told.find((r) => r.id === owned.id && r.source === owned.source)!;
    expect(String(record.body['MailboxOwnerUPN']).toLowerCase()).toBe(truth.johanna.upn);
    expect(record.body['LogonType']).toBe(2);
  });

  test('is serialisable, and the same again', () => {
    const small = storyGroundTruth(SMALL);
    expect(JSON.parse(JSON.stringify(small))).toEqual(small);
    expect(storyGroundTruth({ ...SMALL })).toEqual(small);
    expect([...leaves(small)].some(([, leaf]) => leaf === 'undefined' || leaf === 'NaN')).toBe(false);
  });

  test.each([
    { seed: 1, users: 10, days: 5, records: 800, intrusionDay: 1 },
    { seed: 99, users: 25, days: 12, records: 2500, intrusionDay: 10 },
  ])('holds in other stories: %o', (other) => {
    const o = { ...other, nowMs: MIDDLE.nowMs };
    const own = storyGroundTruth(o);
    const all = tell(o);
    for (const account of [own.johanna, own.marek])
      expect(truthKeys([...account.records, ...account.mentions])).toEqual(
        keys(all.filter(concerns(account))),
      );
    const session = own.johanna.attackerSession;
    expect(truthKeys(own.bySession[session]!)).toEqual(
      keys(all.filter(({ body }) => sessionIds(body).has(session))),
    );
  });
});
