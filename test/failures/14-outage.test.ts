import { describe, expect, it } from 'vitest';
import { audit, DAY, HOUR, inWorld, START, ual } from '../support/collector-world.ts';

const records = [
  ...Array.from({ length: 16 }, (_, i) => ual(`feed${i}`, START + i * DAY + HOUR)),
  ...Array.from({ length: 16 }, (_, i) => audit(`audit${i}`, START + i * DAY + HOUR)),
];

// Defence: clampToRetention and lostPart record what was deleted before it was collected; retention.ts does the same
// for later passes that come too late. Elastic clamps the start time instead, Wazuh counts AF20055 as success.
describe('14: an outage longer than the vendor keeps', () => {
  it(
    'leaves a gap with exact bounds where the vendor deleted, and complete coverage elsewhere',
    inWorld({ sources: ['ual-exchange', 'directory-audits'], records }, async (world) => {
      await world.run();
      await world.pass(4 * DAY, 6 * HOUR);
      const stoppedMs = world.clock.now();
      world.clock.advance(10 * DAY);
      const backMs = world.clock.now();
      await world.run();
      await world.pass(7 * DAY, 6 * HOUR);
      const { intervals } = await world.coverage('ual-exchange', START, backMs);
      const gaps = intervals.filter((i) => i.state === 'gap');
      expect(gaps).toHaveLength(1);
      // Up to a minute inside the seven days: an older question is refused as a whole.
      const edgeMs = backMs - 7 * DAY;
      expect(Date.parse(gaps[0]!.to) - edgeMs).toBeGreaterThanOrEqual(0);
      expect(Date.parse(gaps[0]!.to) - edgeMs).toBeLessThanOrEqual(61_000);
      expect(stoppedMs - Date.parse(gaps[0]!.from)).toBeLessThanOrEqual(12 * HOUR);
      expect(gaps[0]!.reason).toContain('older than the 7 days that the vendor keeps');
      const behind = intervals.filter((i) => Date.parse(i.from) >= Date.parse(gaps[0]!.to));
      expect(new Set(behind.map((i) => i.state))).toEqual(new Set(['complete']));
      expect((await world.stateAt('ual-exchange', START + HOUR)).state).not.toBe('gap');

      // The reports keep 30 days: nothing is lost there.
      const reports = await world.coverage('directory-audits', START, backMs - 3 * DAY);
      expect(reports.intervals.map((i) => i.state)).toEqual(['complete']);
      expect(world.archivedIds('directory-audits')).toHaveLength(16);
      const inGap = (i: number) => {
        const at = START + i * DAY + HOUR;
        return at >= Date.parse(gaps[0]!.from) && at < Date.parse(gaps[0]!.to);
      };
      const expected = Array.from({ length: 16 }, (_, i) => i).filter((i) => !inGap(i));
      expect(world.archivedIds('ual-exchange')).toEqual(expected.map((i) => `feed${i}`).sort());
    }),
  );

  // Found here: the later passes of windows that had been collected once were refused for ever (feed), or answered
  // with nothing and taken for proof (reports).
  it(
    'windows whose later passes it swallowed are partial with the reason, and settle',
    inWorld({ sources: ['ual-exchange', 'directory-audits'] }, async (world) => {
      await world.run();
      await world.pass(2 * HOUR, HOUR);
      const at = START + HOUR;
      world.tenant.publish([audit('late', at, { availableMs: at + 30 * HOUR })]);
      world.clock.advance(31 * DAY);
      await world.run();
      await world.pass(2 * DAY, 6 * HOUR);
      for (const source of ['ual-exchange', 'directory-audits'] as const) {
        const state = await world.stateAt(source, at);
        expect(state).toMatchObject({ state: 'partial' });
        expect(state.reason).toMatch(/last collected on .* the vendor had deleted/);
        const open = (await world.rows(source)).filter((w) => !w.settled && w.toMs < START + 20 * DAY);
        expect(open).toEqual([]);
      }
    }),
  );
});
