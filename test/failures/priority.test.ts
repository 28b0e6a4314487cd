import { describe, expect, it } from 'vitest';
import { audit, DAY, HOUR, inWorld, START } from '../support/collector-world.ts';

// Item 9 of the issue: when the budget cannot carry every later pass, those give way, never a first collection, and
// coverage says so. Here one request in 150 seconds, against an outage that left more windows than that carries.
describe('a request budget that is too small', () => {
  it(
    'goes to first collections; later passes wait, and coverage says which',
    inWorld(
      {
        sources: ['directory-audits', 'provisioning', 'signins-interactive', 'signins-noninteractive'],
        records: [audit('a', START - HOUR), audit('late', START - HOUR, { availableMs: START + 3 * HOUR })],
        settings: { reportBudget: { requests: 1, periodMs: 150_000 }, backfillDays: 28 },
      },
      async (world) => {
        await world.run();
        const first = await world.stateAt('directory-audits', START - HOUR);
        expect(first.state).toBe('pending');
        world.clock.advance(2 * HOUR);
        await world.run();
        const waiting = await world.stateAt('directory-audits', START - HOUR);
        expect(waiting.reason).toMatch(/gives way to \d+ first collections/);
        await world.pass(8 * DAY, 6 * HOUR);
        expect(world.archivedIds()).toEqual(['a', 'late']);
        expect((await world.stateAt('directory-audits', START - HOUR)).state).toBe('complete');
      },
    ),
  );
});
