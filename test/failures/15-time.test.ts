import { describe, expect, it } from 'vitest';
import { formatTicks, parseInstant } from '../../shared/instant.ts';
import { audit, DAY, HOUR, inWorld, START, ual } from '../support/collector-world.ts';

const MIDNIGHT = Date.UTC(2026, 10, 25);

// Defence: parseInstant (instants, 100-ns ticks, zone-less is UTC), Spool's ownership by ticks, whole-second inclusive
// bounds in reportQuery.
describe('15: time', () => {
  it(
    'zone-less vendor times are UTC, whatever zone the process runs in: records lie in their own date',
    inWorld({ sources: ['ual-exchange'] }, async (world) => {
      await world.run();
      world.tenant.publish([ual('before', MIDNIGHT - 1000), ual('after', MIDNIGHT + 1000)]);
      await world.pass(DAY, HOUR);
      const dates = [...world.blobs.blobs.keys()].filter((n) => n.endsWith('.ndjson.gz'));
      expect(dates.map((n) => /date=([\d-]+)/.exec(n)![1]!).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
        '2026-11-24',
        '2026-11-25',
      ]);
    }),
  );

  it(
    'records on both sides of a boundary second, to 100 ns, belong to exactly one window each',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      await world.run();
      const edge = Date.UTC(2026, 10, 24, 14, 30);
      const times = [
        '14:29:59.9999999',
        '14:30:00',
        '14:30:00.0000000',
        '14:30:00.0000001',
        '14:30:00.5',
        '14:30:01',
      ];
      world.tenant.publish(
        times.map((t, i) => ({
          ...audit(`r${i}`, Math.floor(Number(parseInstant(`2026-11-24T${t}Z`)! / 10_000n))),
          text: JSON.stringify({ id: `r${i}`, activityDateTime: `2026-11-24T${t}Z` }),
        })),
      );
      await world.pass(4 * HOUR, HOUR / 2);
      expect(world.archivedIds()).toEqual(times.map((_, i) => `r${i}`));
      const rows = (await world.rows('directory-audits')).filter((w) => w.toMs === edge || w.fromMs === edge);
      expect(rows.map((w) => w.records)).toEqual([1, 5]);
    }),
  );

  it('compares instants, not strings: …12Z and …12.5Z, 12-hour clocks, offsets', () => {
    const ticks = (text: string) => parseInstant(text)!;
    expect(ticks('2026-11-24T10:00:12Z') < ticks('2026-11-24T10:00:12.5Z')).toBe(true);
    expect(ticks('11/24/2026 1:05:06 PM')).toBe(ticks('2026-11-24T13:05:06Z'));
    expect(ticks('11/24/2026 12:05:06 AM')).toBe(ticks('2026-11-24T00:05:06'));
    expect(ticks('2026-11-24T10:00:00+02:00')).toBe(ticks('2026-11-24T08:00:00'));
    expect(formatTicks(ticks('2026-11-24T10:00:00.1234567Z'))).toBe('2026-11-24T10:00:00.1234567Z');
    expect(START % 1000).toBe(500);
  });

  it(
    'a clock that jumps ahead and back leaves no instant out and claims nothing it cannot know',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      await world.run();
      world.clock.advance(2 * HOUR);
      await world.run();
      world.clock.advance(-2 * HOUR);
      await world.pass(HOUR, HOUR / 2);
      world.tenant.publish([
        audit('in-the-jump', world.clock.now() - 60_000),
        audit('ahead', START + 90 * 60_000),
      ]);
      await world.pass(5 * DAY, 3 * HOUR);
      expect(world.archivedIds()).toEqual(['ahead', 'in-the-jump']);
      const { intervals } = await world.coverage('directory-audits', START - DAY, START + DAY);
      expect(intervals.map((i) => i.state)).toEqual(['complete']);
    }),
  );
});
