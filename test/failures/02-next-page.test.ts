import { describe, expect, it } from 'vitest';
import { audit, HOUR, inWorld, START, ual } from '../support/collector-world.ts';

// Defence: `headers.get('nextpageuri') ?? headers.get('nextpageurl')` in feed.ts; pages end where no link is given
// (graph-window.ts), not where a page is empty.
describe('2: the next page', () => {
  it.each(['NextPageUri', 'NextPageUrl', 'nextpageuri', 'NEXTPAGEURL'])('is found in the header %s', (name) =>
    inWorld({ sources: ['ual-exchange'] }, async (world) => {
      world.tenant.set({ feed: { nextPageHeader: name, pageSize: 1 } });
      const times = [5, 4, 3, 2].map((hours) => START - hours * HOUR);
      world.tenant.publish(times.map((at, i) => ual(`r${i}`, at)));
      await world.run();
      await world.pass(HOUR, HOUR);
      expect(world.archivedIds()).toEqual(['r0', 'r1', 'r2', 'r3']);
    })(),
  );

  it(
    'is followed from an empty page that has one, in reports and in the feed',
    inWorld(
      {
        sources: ['directory-audits', 'ual-exchange'],
        records: [audit('a1', START - HOUR), ual('f1', START - HOUR)],
      },
      async (world) => {
        const empty = { kind: 'empty-page', times: 1 } as const;
        // The first request of the window that holds the record.
        world.tenant.fault({ ...empty, endpoint: 'directoryAudits', match: 'ge%202026-11-24T00' });
        world.tenant.fault({ ...empty, endpoint: 'feed.content', match: 'startTime=2026-11-24T12' });
        await world.run();
        expect(world.tenant.report().faults.map((f) => f.hits)).toEqual([1, 1]);
        expect(world.archivedIds()).toEqual(['a1', 'f1']);
      },
    ),
  );
});
