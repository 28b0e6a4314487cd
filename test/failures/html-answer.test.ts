import { describe, expect, it } from 'vitest';
import { audit, HOUR, inWorld, START } from '../support/collector-world.ts';

// Found by the chaos test's page of HTML: the window was cut down to seconds, thousands of them, in a mere outage.
describe('an answer of 200 with a page of HTML', () => {
  it(
    'is an outage: the window waits and is not split',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      await world.run();
      world.tenant.publish([audit('a', START + 600_000)]);
      const id = world.tenant.fault({ kind: 'html-page', endpoint: 'directoryAudits' });
      const before = (await world.rows('directory-audits')).length;
      await world.pass(2 * HOUR, HOUR);
      expect((await world.rows('directory-audits')).length).toBeLessThan(before + 8);
      world.tenant.clearFaults(id);
      await world.pass(2 * HOUR, HOUR / 2);
      expect(world.archivedIds()).toEqual(['a']);
    }),
  );
});
