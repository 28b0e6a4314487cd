import { describe, expect, it } from 'vitest';
import { audit, DAY, HOUR, inWorld, signIn, START, ual } from '../support/collector-world.ts';

const FEEDS = ['ual-exchange', 'ual-general', 'ual-sharepoint'] as const;

const dense = (count: number, from: number) => [
  ...Array.from({ length: count }, (_, i) => signIn(`s${i}`, from + i * 1000)),
  ...Array.from({ length: count }, (_, i) => audit(`a${i}`, from + i * 1000)),
];

// Defence: SharedBudget (5 requests in 10 s; the feed's 2,000 a minute in blocks; in storage, shared by instances),
// `Retry-After` in VendorApi.#wait, back-off without it, Budget.pause.
describe('16: the discipline of 429', () => {
  it(
    'two collectors on one storage keep the Graph budget full and are never refused',
    inWorld(
      {
        sources: ['signins-interactive', 'directory-audits', 'provisioning'],
        records: dense(20_000, START - 20 * HOUR),
        limited: true,
      },
      async (world) => {
        world.start();
        const beganMs = world.clock.now();
        await world.run();
        const { graphReports } = world.tenant.report().limits;
        const seconds = (world.clock.now() - beganMs) / 1000;
        expect(graphReports.refused).toBe(0);
        expect(graphReports.allowed).toBeGreaterThan(100);
        expect(graphReports.allowed / (seconds * 0.5)).toBeGreaterThan(0.95);
        expect(graphReports.peak).toBeLessThanOrEqual(5);
        expect(world.archivedIds()).toHaveLength(40_000);
      },
    ),
  );

  it(
    'two collectors on one storage keep the budget of the feed full and are never refused',
    inWorld(
      {
        sources: FEEDS,
        // A content blob for each second: a request for each record.
        records: FEEDS.flatMap((source) =>
          Array.from({ length: 500 }, (_, i) => {
            const atMs = START - 2 * HOUR + i * 10_000;
            return ual(`${source}${i}`, atMs, atMs, source);
          }),
        ),
        settings: { backfillDays: 1, feedBudget: { requests: 300, periodMs: 60_000 } },
      },
      async (world) => {
        world.tenant.limits.set('feed', { requests: 300, perMs: 60_000 });
        world.tenant.subscribe();
        world.start();
        const beganMs = world.clock.now();
        await world.run();
        const { feed } = world.tenant.report().limits;
        const minutes = (world.clock.now() - beganMs) / 60_000;
        expect(feed.refused).toBe(0);
        // With the end, when there is less to do than the budget allows.
        expect(feed.allowed / (minutes * 300)).toBeGreaterThan(0.9);
        expect(world.archivedIds()).toHaveLength(1500);
      },
    ),
  );

  it.each([30, undefined])('waits after a 429 (Retry-After %s), with all of the source', (retryAfter) =>
    inWorld({ sources: ['directory-audits'], settings: { backfillDays: 1 } }, async (world) => {
      world.tenant.publish([audit('a', START - HOUR)]);
      const fault = { kind: 'throttle', endpoint: 'directoryAudits', times: 3 } as const;
      world.tenant.fault(retryAfter === undefined ? fault : { ...fault, retryAfter });
      const beganMs = world.clock.now();
      await world.run();
      expect(world.archivedIds()).toEqual(['a']);
      const waitedMs = world.clock.now() - beganMs;
      expect(waitedMs).toBeGreaterThanOrEqual(retryAfter === undefined ? 700 : 30_000);
      const refused = world.tenant.report().requests.find((r) => r.status === 429);
      expect(refused?.count).toBe(3);
    })(),
  );

  it.each([403, 429] as const)('knows AF429 by its code, as HTTP %d', (throttleStatus) =>
    inWorld({ sources: ['ual-exchange'], records: [ual('u', START - HOUR)] }, async (world) => {
      world.tenant.set({ feed: { throttleStatus } });
      world.tenant.fault({ kind: 'throttle', api: 'feed', probability: 0.5, times: 40 });
      await world.run();
      await world.pass(DAY, HOUR);
      expect(world.archivedIds()).toEqual(['u']);
      const { intervals } = await world.coverage('ual-exchange', START - DAY, START);
      expect(intervals.some((i) => i.state === 'unavailable')).toBe(false);
    })(),
  );
});
