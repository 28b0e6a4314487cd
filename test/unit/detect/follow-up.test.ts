import { beforeAll, describe, expect, it } from 'vitest';
import { generateStory, storyGroundTruth } from '../../../infra/local/story/index.ts';
import type { Finding } from '../../../shared/detect/findings/finding.ts';
import { firstDeviceCode } from '../../../shared/detect/native/first-device-code.ts';
import { incidentJoin } from '../../../shared/detect/native/incident-join.ts';
import { scopeSweep } from '../../../shared/detect/native/scope-sweep.ts';
import { bundleWorld, type BundleWorld, type Sourced } from '../../support/bundle-world.ts';
import { detectIn, findingsOfRule } from '../../support/detect-world.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const nowMs = Date.UTC(2026, 10, 24, 18);
const story = { nowMs, days: 10, records: 4000, users: 40 };
const truth = storyGroundTruth(story);
const [johanna, marek] = [truth.johanna.upn, 'marek.dvorak@sunnyside-trading.example'];

const detect = (own: BundleWorld): Promise<void> => detectIn(own, TENANT, nowMs);
const of = (own: BundleWorld, rule: string): Promise<readonly Finding[]> => findingsOfRule(own, TENANT, rule);

const facts = ({ explanation }: Finding) => (explanation.kind === 'native' ? explanation.facts : {});

let world: BundleWorld;
beforeAll(async () => {
  world = await bundleWorld(TENANT, generateStory(story));
  await detect(world);
}, 120_000);

describe('incidents of the story', () => {
  it('are those of the two victims and of nobody else', async () => {
    const open = (await of(world, incidentJoin.key)).filter(({ state }) => state === 'open');
    expect(open.map(({ user, level }) => [user, level])).toEqual([
      [johanna, 'critical'],
      [marek, 'critical'],
    ]);
    expect(facts(open[0]!)['reasons']).toHaveLength(2);
  });
});

describe('what the intruder used', () => {
  const used = async (kind: string, value: string): Promise<Sourced> =>
    Promise.resolve({
      source: 'ual-exchange',
      text: JSON.stringify({
        Id: `late-${kind}`,
        CreationTime: '2026-11-24T16:00:00',
        RecordType: 2,
        Operation: 'Send',
        UserId: `late.${kind}@sunnyside-trading.example`,
        [kind === 'ip' ? 'ClientIPAddress' : 'SessionId']: value,
      }),
    });

  it('is found on the other victim, by address', async () => {
    const found = await of(world, scopeSweep.key);
    const values = new Map(
      found.map((finding) => [`${finding.user} ${String(facts(finding)['kind'])}`, finding]),
    );
    expect([...values.keys()]).toContain(`${marek} ip`);
    expect(found.filter(({ user }) => user !== johanna && user !== marek)).toEqual([]);
    const finding = values.get(`${marek} ip`)!;
    expect(finding.records.every(({ ip }) => ip === facts(finding)['value'])).toBe(true);
    expect(facts(finding)['firstSeenWith']).toBe(johanna);
  });

  it('is found days later as well, once, and not on accounts that were refused', async () => {
    const later = await bundleWorld(TENANT, generateStory(story));
    await detect(later);
    const [victim] = await of(later, incidentJoin.key);
    const ip =
      truth.johanna.attackerSession &&
      victim!.records.find((r) => r.session === truth.johanna.attackerSession)!.ip!;
    await later.append([
      await used('ip', ip),
      await used('session', truth.johanna.attackerSession),
      {
        source: 'signins-interactive',
        text: JSON.stringify({
          id: 'refused',
          createdDateTime: '2026-11-24T16:00:00Z',
          userPrincipalName: 'guessed@sunnyside-trading.example',
          ipAddress: ip,
          status: { errorCode: 50126 },
        }),
      },
    ]);
    await detect(later);
    const users = async () =>
      (await of(later, scopeSweep.key)).map(({ user }) => user).filter((u) => u !== johanna && u !== marek);
    const late = ['late.ip@sunnyside-trading.example', 'late.session@sunnyside-trading.example'];
    expect(new Set(await users())).toEqual(new Set(late));
    const before = await users();
    await detect(later);
    expect(await users()).toEqual(before);
  });

  it('says nothing as long as no past is indexed', async () => {
    const young = await bundleWorld(
      TENANT,
      [...generateStory(story)].filter(({ eventMs }) => eventMs >= Date.UTC(2026, 10, 20)),
    );
    await detect(young);
    expect((await of(young, incidentJoin.key)).map(({ user }) => user)).toEqual([johanna, marek]);
    expect(await of(young, scopeSweep.key)).toEqual([]);
  });
});

describe('sign-ins by device code', () => {
  const person = 'code@sunnyside-trading.example';
  const at = (day: number, id: string, over: object = {}): Sourced => ({
    source: 'signins-interactive',
    text: JSON.stringify({
      id,
      createdDateTime: new Date(Date.UTC(2026, 9, day, 9)).toISOString(),
      userPrincipalName: person,
      userId: '00000000-0000-4000-8000-00000000c0de',
      appId: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      ipAddress: '198.51.100.9',
      isInteractive: true,
      signInEventTypes: ['interactiveUser'],
      status: { errorCode: 0 },
      ...over,
    }),
  });
  const code = { authenticationProtocol: 'deviceCode' };
  const ordinary = [1, 2, 3, 4, 5, 16, 17, 18].map((day) => at(day, `o${day}`));
  const firsts = async (own: BundleWorld) =>
    (await of(own, firstDeviceCode.key)).map(({ records, state }) => [records[0]!.recordId, state]);

  it('are raised when none came in the fourteen days before, once', async () => {
    const own = await bundleWorld(TENANT, [
      ...ordinary,
      at(10, 'a', code),
      at(12, 'b', code),
      at(28, 'c', code),
    ]);
    await detect(own);
    expect(await firsts(own)).toEqual([
      ['a', 'open'],
      ['c', 'open'],
    ]);
    await detect(own);
    expect(await firsts(own)).toHaveLength(2);
  });

  it('are taken back when an earlier one comes late', async () => {
    const own = await bundleWorld(TENANT, [...ordinary, at(10, 'a', code)]);
    await detect(own);
    await own.append([at(8, 'z', code)]);
    await detect(own);
    expect(await firsts(own)).toEqual([
      ['z', 'open'],
      ['a', 'closed'],
    ]);
  });

  it('of people without a past are left to the rule on all of them', async () => {
    const own = await bundleWorld(TENANT, [at(10, 'a', code)]);
    await detect(own);
    expect(await firsts(own)).toEqual([]);
    expect(await of(own, 'signin-device-code')).toHaveLength(1);
  });
});
