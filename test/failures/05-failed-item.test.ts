import { describe, expect, it } from 'vitest';
import { DAY, HOUR, inWorld, START, ual } from '../support/collector-world.ts';

// Defence: collectFeedWindow gathers failures and judges the window partial; `continue` without that loses the item.
describe('5: one failed content item', () => {
  it(
    'keeps its window open, and stops no other item',
    inWorld({ sources: ['ual-exchange'] }, async (world) => {
      await world.run();
      const at = START + HOUR / 2;
      world.tenant.publish([0, 1, 2, 3, 4].map((i) => ual(`r${i}`, at + i * 60_000)));
      const fault = { kind: 'status', endpoint: 'feed.audit', status: 500, bind: true } as const;
      const id = world.tenant.fault(fault);
      await world.pass(2 * HOUR, HOUR);
      expect(world.archivedIds()).toHaveLength(4);
      const state = await world.stateAt('ual-exchange', at);
      expect(state).toMatchObject({ state: 'partial' });
      expect(state.reason).toMatch(
        /^1 of 5 content items could not be fetched, 0 of them deleted.*kept until/,
      );
      world.tenant.clearFaults(id);
      await world.pass(7 * DAY, 6 * HOUR);
      expect(world.archivedIds()).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
      expect((await world.stateAt('ual-exchange', at)).state).toBe('complete');
    }),
  );

  it(
    'is named as lost for good once the vendor has deleted it',
    inWorld({ sources: ['ual-exchange'] }, async (world) => {
      await world.run();
      const at = START + HOUR / 2;
      world.tenant.publish([ual('lost', at), ual('kept', at + 60_000)]);
      world.tenant.fault({ kind: 'status', endpoint: 'feed.audit', status: 500, bind: true });
      await world.pass(8 * DAY, 6 * HOUR);
      expect(world.archivedIds()).toHaveLength(1);
      const row = (await world.rows('ual-exchange')).find((w) => w.fromMs <= at && at < w.toMs)!;
      expect(row).toMatchObject({ state: 'partial', settled: true });
      expect(row.reason).toMatch(/^1 of 1 content items could not be fetched.*the vendor had deleted/);
    }),
  );

  it(
    'keeps the time of a record open that came a day later than its event, in the item that failed',
    inWorld({ sources: ['ual-exchange'], settings: { backfillDays: 1 } }, async (world) => {
      world.tenant.subscribe();
      await world.run();
      const at = START + HOUR;
      world.tenant.publish([ual('prompt', at), ual('late', at, at + DAY)]);
      await world.pass(20 * HOUR, 4 * HOUR);
      const fault = world.tenant.fault({ kind: 'status', endpoint: 'feed.audit', status: 500 });
      await world.pass(4 * DAY, 6 * HOUR);
      expect(world.archivedIds()).toEqual(['prompt']);
      const row = (await world.rows('ual-exchange')).find((w) => w.fromMs <= at && at < w.toMs)!;
      expect(row.state).toBe('complete');
      expect(await world.stateAt('ual-exchange', at)).toMatchObject({
        state: 'partial',
        reason: expect.stringMatching(/^late records may be missing: content that became available from/),
      });
      world.tenant.clearFaults(fault);
      await world.pass(3 * DAY, 6 * HOUR);
      expect(world.archivedIds()).toEqual(['late', 'prompt']);
      expect((await world.stateAt('ual-exchange', at)).state).toBe('complete');
    }),
  );
});
