import { describe, expect, it } from 'vitest';
import { DAY, HOUR, inWorld, signIn, START, ual } from '../support/collector-world.ts';

// Defence: Archive.#isKnown compares canonical texts where ids agree; digests alone would make every spelling a version.
describe('12: duplicates that differ in bytes', () => {
  it(
    'another key order, 5 days later and in another window, is the same record',
    inWorld({ sources: ['ual-exchange'] }, async (world) => {
      await world.run();
      world.tenant.publish([0, 1, 2].map((i) => ual(`r${i}`, START + i * 60_000)));
      await world.pass(2 * HOUR, HOUR);
      world.tenant.redeliver({ source: 'ual-exchange', afterMs: 5 * DAY, reorderKeys: true });
      world.tenant.redeliver({ source: 'ual-exchange', afterMs: HOUR });
      const before = world.archived();
      expect(before).toHaveLength(3);
      await world.pass(9 * DAY, 6 * HOUR);
      expect(world.archived()).toEqual(before);
      const copies = world.tenant.report().copies;
      expect(copies.never).toBe(0);
    }),
  );

  it(
    'the same id with other content is two records (DlpRuleMatch and DlpRuleUndo)',
    inWorld({ sources: ['ual-dlp'] }, async (world) => {
      await world.run();
      const dlp = (Operation: string, availableMs: number) =>
        ual('same', START + 60_000, availableMs, 'ual-dlp', { Operation });
      world.tenant.publish([dlp('DlpRuleMatch', START + 60_000), dlp('DlpRuleUndo', START + 5 * HOUR)]);
      await world.pass(DAY, HOUR);
      expect(world.archivedIds()).toEqual(['same', 'same']);
    }),
  );

  it(
    'a sign-in that changes later is kept in every version that was seen',
    inWorld({ sources: ['signins-interactive'] }, async (world) => {
      await world.run();
      world.tenant.publish([signIn('s', START + 60_000)]);
      await world.pass(2 * HOUR, HOUR);
      world.tenant.revise({ source: 'signins-interactive', id: 's', set: { riskState: 'atRisk' } });
      await world.pass(10 * HOUR, HOUR);
      world.tenant.revise({
        source: 'signins-interactive',
        id: 's',
        set: { riskState: 'confirmedCompromised' },
      });
      await world.pass(4 * DAY, 6 * HOUR);
      const states = world.archived().map((line) => (JSON.parse(line) as { riskState: string }).riskState);
      expect(states.sort()).toEqual(['atRisk', 'confirmedCompromised', 'none']);
    }),
  );
});
