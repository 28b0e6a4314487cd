import { describe, expect, it } from 'vitest';
import { audit, DAY, HOUR, inWorld, START, ual } from '../support/collector-world.ts';

// Defence: asOutcome in graph-window.ts splits on time-outs and below one second leaves the window partial; the feed
// is never asked for more than a day. (The audit query's caps are tested with ual-search.)
describe('7: answers that stop short', () => {
  it(
    'a window too large for the service is split until it is answered, down to seconds',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      await world.run();
      const at = START + 600_000;
      world.tenant.publish(Array.from({ length: 3000 }, (_, i) => audit(`r${i}`, at + (i % 40) * 1000)));
      const id = world.tenant.fault({
        kind: 'status',
        status: 504,
        endpoint: 'directoryAudits',
        match: 'skiptoken',
      });
      await world.pass(HOUR, HOUR);
      expect(new Set(world.archivedIds()).size).toBe(3000);
      expect(world.archivedIds()).toHaveLength(3000);
      world.tenant.clearFaults(id);
      await world.pass(4 * DAY, 6 * HOUR);
      expect((await world.stateAt('directory-audits', at)).state).toBe('complete');
    }),
  );

  it(
    'a second that is never answered whole is partial with the reason, and its neighbours are complete',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      await world.run();
      const at = Math.ceil((START + 600_000) / 1000) * 1000;
      world.tenant.publish([
        ...Array.from({ length: 1500 }, (_, i) => audit(`dense${i}`, at)),
        audit('before', at - 5000),
        audit('after', at + 5000),
      ]);
      world.tenant.fault({ kind: 'status', status: 504, endpoint: 'directoryAudits', match: 'skiptoken' });
      await world.pass(4 * DAY, 3 * HOUR);
      expect(world.archivedIds()).toEqual(expect.arrayContaining(['after', 'before']));
      expect(world.archivedIds()).toHaveLength(1002);
      const { intervals } = await world.coverage('directory-audits', at - 10_000, at + 10_000);
      const short = intervals.filter((i) => i.state !== 'complete');
      expect(short.every((i) => i.state === 'partial' && i.reason?.includes('below one second'))).toBe(true);
      const [first, last] = [short[0]!, short.at(-1)!].map((i) => [Date.parse(i.from), Date.parse(i.to)]);
      expect([first![0], last![1]]).toEqual([at - 1000, at + 1000]);
    }),
  );

  it(
    'the feed is never asked for a range that it answers in part',
    inWorld({ sources: ['ual-exchange'] }, async (world) => {
      world.tenant.set({ feed: { overlongRange: 'partial', exactDayRefused: true } });
      const hours = Array.from({ length: 6 * 24 }, (_, i) => i);
      world.tenant.publish(hours.map((h) => ual(`r${h}`, START - 6 * DAY + h * HOUR)));
      await world.run();
      await world.pass(HOUR, HOUR);
      expect(world.archivedIds()).toHaveLength(hours.length);
    }),
  );
});
