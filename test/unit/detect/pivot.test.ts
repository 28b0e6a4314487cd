import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateStory, storyGroundTruth } from '../../../infra/local/story/index.ts';
import { planBundle } from '../../../shared/bundle/incident/plan.ts';
import { sightingOf } from '../../../shared/detect/sighting.ts';
import { foldHistory } from '../../../shared/detect/native/history.ts';
import { NO_LOOKUP, openNetworkLookup } from '../../../shared/detect/pivot/geoip.ts';
import { pivotFrom, type Pivot } from '../../../shared/detect/pivot/pivot.ts';
import { eventOf } from '../../../shared/detect/pivot/session/event.ts';
import { judgeSession, type Evidence } from '../../../shared/detect/pivot/verdict.ts';
import { parseRecord } from '../../../shared/record.ts';
import { bundleWorld, type BundleWorld } from '../../support/bundle-world.ts';
import { detectIn, findingsOfRule } from '../../support/detect-world.ts';
import { mmdbOf } from '../../support/mmdb.ts';
import { zipped } from '../../support/zipped.ts';
import { REQUEST } from '../../support/story-bundle.ts';
import { PLACE } from './support.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const DAY = 86_400_000;
const nowMs = Date.UTC(2026, 10, 24, 18);
const story = { nowMs, days: 10, records: 4000, users: 40 };
const { johanna } = storyGroundTruth(story);

let world: BundleWorld;
let pivot: Pivot;
beforeAll(async () => {
  world = await bundleWorld(TENANT, generateStory(story));
  await detectIn(world, TENANT, nowMs);
  const odd = (await findingsOfRule(world, TENANT, 'inbox-rule-odd-name')).find(
    ({ session }) => session === johanna.attackerSession,
  );
  pivot = await pivotFrom(world, TENANT, odd!, NO_LOOKUP);
}, 120_000);

describe('the session of a finding', () => {
  it('is judged suspicious, with reasons that add up and rest on its records', () => {
    const { judgement, score, reasons } = pivot.verdict;
    expect(judgement).toBe('suspicious');
    expect(score).toBe(reasons.reduce((sum, { points }) => sum + points, 0));
    const ids = new Set(pivot.records.map(({ recordId }) => recordId));
    for (const { id, records } of reasons.filter((reason) => reason.id !== 'finding'))
      expect([id, records.length > 0, records.filter((record) => !ids.has(record))]).toEqual([id, true, []]);
    expect(reasons.find(({ id }) => id === 'finding')?.text).toContain('inbox-rule-odd-name');
  });

  it('holds what only its token or its request ties to it, a risk detection for one', () => {
    const ties = new Set(pivot.records.map(({ by }) => by));
    expect(ties).toEqual(new Set(['session', 'token', 'request']));
    expect(pivot.sources['risk-detections']).toBeGreaterThan(0);
    expect(pivot.verdict.limits.join(' ')).toContain('token or request');
  });

  it('has the same verdict in a report: the signals of one are those of the other', async () => {
    const scope = {
      tenant: TENANT,
      entities: { user: [johanna.upn], session: [], ip: [], app: [] },
      fromMs: nowMs - 5 * DAY,
      toMs: nowMs,
    };
    const plan = await planBundle({ scope, expand: 0 }, world.deps);
    const { files } = await zipped({ request: REQUEST, plan, snapshots: [] }, world.blobs);
    const report = files.get('report.md')!.toString('utf8');
    const own = pivot.verdict.reasons.filter(({ id }) => id !== 'hosting' && id !== 'finding');
    expect(own.length).toBeGreaterThan(6);
    for (const { text } of own) expect(report).toContain(text.slice(0, 60));
  });
});

describe('addresses whose records tell neither network nor country', () => {
  const text = JSON.stringify({
    Id: 'm1',
    CreationTime: '2026-11-24T10:00:00',
    Operation: 'MailItemsAccessed',
    UserId: 'a@x.example',
    ClientIPAddress: '54.36.108.162',
    SessionId: johanna.attackerSession,
  });
  const record = parseRecord(Buffer.from(text));
  const placed = { source: 'ual-exchange', value: record.value, place: PLACE } as const;
  const sighting = sightingOf(placed, 'm1', Date.UTC(2026, 10, 24, 10));
  const history = foldHistory(
    [20, 21, 22].map((day) => ({
      date: `2026-11-${day}`,
      ips: ['54.36.108.162'],
      countries: ['AT'],
      userAgents: [],
      apps: [],
      sessions: [],
    })),
  );
  const judged = (lookup: Evidence['lookup']) =>
    judgeSession({
      session: johanna.attackerSession,
      records: [{ ...sighting, operation: 'MailItemsAccessed', subjects: [], by: 'session' }],
      events: [{ ...eventOf('ual-exchange', record), number: 0 }],
      history,
      findings: [],
      lookup,
    }).reasons.map(({ id, records }) => [id, records]);

  it('are judged by the databases of GEOIP_DATABASE', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-pivot-'));
    const entry = { asn: 'AS16276', as_name: 'OVH SAS', country_code: 'FR' };
    writeFileSync(join(folder, 'db'), mmdbOf({ '54.36.0.0/16': entry }, 'ipinfo lite.mmdb'));
    const lookup = openNetworkLookup(join(folder, 'db'));
    rmSync(folder, { recursive: true });
    expect(judged(lookup)).toEqual([
      ['hosting', ['m1']],
      ['newCountry', ['m1']],
    ]);
  });

  it('are not judged without one', () => {
    expect(judged(NO_LOOKUP)).toEqual([]);
  });
});
