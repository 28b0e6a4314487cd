import { describe, expect, it } from 'vitest';
import { audit, DAY, HOUR, inWorld, START } from '../support/collector-world.ts';

// Defence: `page-token-expired` restarts the window (MAX_RESTARTS in graph-window.ts), a window that keeps losing its
// token is split, and work that ran out of time in mid-window is cut in two instead of started over.
describe('11: paging that cannot resume', () => {
  it.each(['null', 'expired', 'directory'] as const)(
    'an expired page token (%s) restarts one window',
    (variant) =>
      inWorld({ sources: ['directory-audits'] }, async (world) => {
        await world.run();
        const at = START + 20 * 60_000;
        world.tenant.publish(Array.from({ length: 2500 }, (_, i) => audit(`r${i}`, at + i * 100)));
        const fault = { kind: 'expired-page-token', endpoint: 'directoryAudits', variant } as const;
        world.tenant.fault({ ...fault, skip: 1, times: 2 });
        await world.pass(HOUR, HOUR);
        expect(world.archivedIds()).toHaveLength(2500);
        const refused = world.tenant.report().requests.find((r) => r.status === 400);
        expect(refused?.count).toBe(2);
        expect(world.logged.filter((line) => line.includes('collect.split'))).toEqual([]);
      })(),
  );

  it(
    'tokens that never live long enough end in shorter windows',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      await world.run();
      const at = START + 600_000;
      world.tenant.publish(Array.from({ length: 3000 }, (_, i) => audit(`r${i}`, at + i * 100)));
      world.tenant.fault({ kind: 'expired-page-token', endpoint: 'directoryAudits' });
      await world.pass(HOUR, HOUR);
      await world.pass(4 * DAY, 6 * HOUR);
      expect(world.archivedIds()).toHaveLength(3000);
      expect((await world.stateAt('directory-audits', at)).state).toBe('complete');
    }),
  );

  it(
    'a window that takes longer than one unit of work is not started over for ever',
    inWorld(
      { sources: ['directory-audits'], settings: { reportBudget: { requests: 1, periodMs: 60_000 } } },
      async (world) => {
        await world.run();
        const at = START + 600_000;
        // 12 pages at one a minute do not fit into 8 minutes; 40 pages would be split by their number alone.
        world.tenant.publish(Array.from({ length: 12_000 }, (_, i) => audit(`r${i}`, at + i * 50)));
        await world.pass(3 * HOUR, HOUR / 2);
        expect(world.archivedIds()).toHaveLength(12_000);
      },
    ),
  );
});
