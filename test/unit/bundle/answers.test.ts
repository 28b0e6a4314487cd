import { describe, expect, it } from 'vitest';
import { estimate, HTTP_SECONDS } from '../../../shared/bundle/incident/estimate.ts';
import { answerQuickly } from '../../../shared/bundle/incident/quick.ts';
import { snapshotOpenFindings } from '../../../shared/bundle/incident/standing-snapshots.ts';
import { findingOf } from '../../../shared/bundle/findings.ts';
import { logAccess } from '../../../shared/bundle/access-log.ts';
import type { SegmentChunks } from '../../../shared/bundle/read-records.ts';
import { BUNDLE_SCOPE, BUNDLE_TENANT, bundleWorld } from '../../support/bundle-world.ts';

const [TENANT, scope] = [BUNDLE_TENANT, BUNDLE_SCOPE];
const request = { id: '22222222-2222-4222-8222-222222222222', requester: 'tester', requestedMs: scope.toMs };

const sends = Array.from({ length: 30 }, (_, n) => ({
  source: 'ual-exchange' as const,
  text: JSON.stringify({
    Id: `i${n}`,
    CreationTime: `2026-11-20T10:00:${n + 10}`,
    Operation: 'Send',
    UserId: 'a@x.example',
  }),
}));

const segment = (chunks: number, rows?: string): SegmentChunks => ({
  ref: { tenant: TENANT, source: 'ual-exchange', date: '2026-11-20', segment: '000001' },
  chunks: Array.from({ length: chunks }, (_, index) => ({
    index,
    offset: index,
    length: 1,
    ...(rows !== undefined && { rows }),
  })),
});

describe('the quick answer', () => {
  it('is decided from the index before a record is read', async () => {
    expect(estimate([]).seconds).toBeLessThan(HTTP_SECONDS);
    expect(estimate([segment(50)]).seconds).toBeLessThan(HTTP_SECONDS);
    expect(estimate([segment(500, '3+4.9')]).records).toBe(2500);
    expect(estimate([segment(500, '3+4.9')]).seconds).toBeLessThan(HTTP_SECONDS);
    expect(estimate([segment(500)]).seconds).toBeGreaterThan(HTTP_SECONDS);
    expect(estimate(Array.from({ length: 180 }, () => segment(20))).seconds).toBeGreaterThan(HTTP_SECONDS);
  });

  it('is the zip itself when that is small', async () => {
    const w = await bundleWorld(TENANT, sends);
    const answer = await answerQuickly({ scope, expand: 0, request }, w.deps, w.bundles);
    expect(answer.kind).toBe('body');
  });

  it('is "it takes longer" when the estimate was wrong, and leaves no half bundle', async () => {
    const w = await bundleWorld(TENANT, sends);
    let nowMs = 0;
    // Every look at the clock takes a minute.
    const clock = { ...w.deps.clock, now: () => (nowMs += 60_000) };
    const answer = await answerQuickly({ scope, expand: 0, request }, { ...w.deps, clock }, w.bundles);
    expect(answer.kind).toBe('longer');
    expect([...w.bundles.blobs.keys()]).toEqual([]);
  });
});

describe('the access log', () => {
  it('keeps every entry by itself, write-once, by day', async () => {
    const { blobs } = await bundleWorld(TENANT, []);
    const entry = { action: 'bundle', caller: 'yumi', scope } as const;
    const paths = [
      await logAccess(blobs, TENANT, scope.toMs, entry),
      await logAccess(blobs, TENANT, scope.toMs, entry),
    ];
    expect(new Set(paths).size).toBe(2);
    for (const path of paths)
      expect(path).toMatch(/^access\/tenant=[0-9a-f-]+\/2026-11-22\/20261122T000000Z-[0-9a-f-]{36}\.json$/);
    expect(JSON.parse((await blobs.get(paths[0]!))!.toString())).toMatchObject({
      action: 'bundle',
      caller: 'yumi',
      query: { from: '2026-11-19T00:00:00Z', to: '2026-11-22T00:00:00Z' },
    });
  });
});

describe('standing snapshots', () => {
  it('take nothing when no finding is open', async () => {
    const { blobs, tables, deps } = await bundleWorld(TENANT, []);
    const snapshots = () => Promise.reject(new Error('must not be asked'));
    expect(
      await snapshotOpenFindings(TENANT, { blobs, tables, snapshots, clock: deps.clock, log: deps.log }),
    ).toBeUndefined();
  });
});

describe('a finding of any shape', () => {
  it.each([
    [{}, { id: '', level: '', recordIds: [] }],
    [
      { id: 'f', rule: 'r', level: 'High', user: 'A@X', records: [{ recordId: '1' }, { id: '2' }, '3', 4] },
      { ruleId: 'r', level: 'high', user: 'a@x', recordIds: ['1', '2', '3'] },
    ],
    [
      { id: 'f', explanation: { kind: 'odd' }, records: 'none' },
      { explanation: '', recordIds: [] },
    ],
  ])('is read as far as it goes: %j', (value, expected) => {
    expect(findingOf(value)).toMatchObject(expected);
  });
});
