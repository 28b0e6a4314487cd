import { describe, expect, it } from 'vitest';
import { audit, HOUR, inWorld, START, ual } from '../support/collector-world.ts';

// Defence: later passes at 1, 6, 24 and 72 h (settle.ts). With a window settled after its first pass nothing late comes.
describe('1: records that arrive behind the high-water mark', () => {
  it(
    'are collected 3 h and 30 h after their time, from reports and feed',
    inWorld({ sources: ['directory-audits', 'ual-exchange'] }, async (world) => {
      await world.run();
      const at = START + 2 * HOUR;
      world.tenant.publish([
        audit('early', at),
        audit('late-3', at, { availableMs: at + 3 * HOUR }),
        audit('late-30', at, { availableMs: at + 30 * HOUR }),
        ual('feed-early', at),
        ual('feed-3', at, at + 3 * HOUR),
        ual('feed-30', at, at + 30 * HOUR),
      ]);
      await world.pass(4 * HOUR, HOUR / 2);
      expect(world.archivedIds()).toEqual(['early', 'feed-early']);
      expect((await world.stateAt('directory-audits', at)).state).toBe('pending');
      await world.pass(96 * HOUR, 3 * HOUR);
      expect(world.archivedIds('directory-audits')).toEqual(['early', 'late-3', 'late-30']);
      expect(world.archivedIds('ual-exchange')).toEqual(['feed-3', 'feed-30', 'feed-early']);
      expect((await world.stateAt('directory-audits', at)).state).toBe('complete');
    }),
  );
});
