import { describe, expect, it } from 'vitest';
import { audit, DAY, HOUR, inWorld, signIn, START, ual } from '../support/collector-world.ts';

// Defence: classify.ts tells refusals from answers, afterFailure marks the source; `vendor-refused` licence answers are
// retryable (ATTEMPTS in vendor-api.ts).
describe('8: permission or licence missing', () => {
  it(
    'is unavailable with the remedy, never an empty success, and comes back by itself',
    inWorld({ sources: ['directory-audits', 'ual-exchange'] }, async (world) => {
      world.tenant.publish([audit('a', START - HOUR), ual('u', START - HOUR)]);
      world.tenant.set({ revoked: ['AuditLog.Read.All', 'Directory.Read.All', 'ActivityFeed.Read'] });
      await world.run();
      await world.pass(HOUR, HOUR);
      const [reports, feed] = await Promise.all([
        world.coverage('directory-audits', START - DAY, START),
        world.coverage('ual-exchange', START - DAY, START),
      ]);
      expect(reports.intervals).toHaveLength(1);
      expect(reports.intervals[0]).toMatchObject({ state: 'unavailable' });
      expect(reports.intervals[0]!.reason).toContain('Grant the application permission AuditLog.Read.All');
      expect(feed.intervals[0]).toMatchObject({ state: 'unavailable' });
      expect(feed.intervals[0]!.reason).toContain('Grant the application permission ActivityFeed.Read');
      world.tenant.set({ revoked: [] });
      await world.pass(2 * HOUR, HOUR / 2);
      expect(world.archivedIds()).toEqual(['a', 'u']);
      expect((await world.stateAt('directory-audits', START - HOUR)).state).not.toBe('unavailable');
    }),
  );

  it(
    'one source without licence stops no other, and names the licence',
    inWorld({ sources: ['signins-interactive', 'directory-audits'] }, async (world) => {
      world.tenant.set({ licence: 'free' });
      world.tenant.publish([audit('a', START - HOUR), signIn('s', START - HOUR)]);
      await world.run();
      expect(world.archivedIds()).toEqual(['a']);
      const state = await world.stateAt('signins-interactive', START - HOUR);
      expect(state.state).toBe('unavailable');
      expect(state.reason).toContain('P1 or P2');
    }),
  );

  it(
    'a licence refusal that comes and goes (9 of 10 calls) is not believed',
    inWorld({ sources: ['signins-interactive'] }, async (world) => {
      world.tenant.publish([signIn('s', START - HOUR)]);
      world.tenant.fault({ kind: 'licence', endpoint: 'signIns', times: 7 });
      await world.run();
      expect(world.archivedIds()).toEqual(['s']);
      expect(await world.windows.note(world.tenant.tenantId, 'signins-interactive')).toBeUndefined();
    }),
  );

  // Regression: each of a refused source's windows asked for itself, two minutes apiece, before one was believed.
  it(
    'asks a refused source with a few windows, not with all that were queued',
    inWorld({ sources: ['signins-interactive'] }, async (world) => {
      world.tenant.set({ licence: 'free' });
      await world.run();
      const refused = world.tenant
        .report()
        .requests.find((r) => r.endpoint === 'signIns' && r.status === 403);
      expect(refused!.count).toBeLessThanOrEqual(8 * 8);
      expect((await world.stateAt('signins-interactive', START - 20 * DAY)).state).toBe('unavailable');
    }),
  );

  it(
    'auditing switched off is unavailable with the way to switch it on',
    inWorld({ sources: ['ual-exchange'] }, async (world) => {
      world.tenant.set({ feed: { auditingOff: true } });
      await world.run();
      const state = await world.stateAt('ual-exchange', START - HOUR);
      expect(state).toMatchObject({ state: 'unavailable' });
      expect(state.reason).toContain('Turn auditing on');
    }),
  );
});
