import { describe, expect, it } from 'vitest';
import { audit, HOUR, inWorld, START } from '../support/collector-world.ts';

const many = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    audit(`r${String(i).padStart(4, '0')}`, START - 20 * HOUR + i * 1000),
  );

// Defence: `Verbatim` in transport.ts and `checkLink` in vendor-api.ts. The simulated tokens hold `$`, `!`, `%2B` and a
// plus that stands for a space, under a check sum: any rewriting is refused with 400.
describe('3: opaque page tokens', () => {
  it(
    'are followed to the letter',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      world.tenant.publish(many(2500));
      await world.run();
      expect(world.archivedIds()).toHaveLength(2500);
      const refused = world.tenant.report().requests.filter((r) => r.status === 400);
      expect(refused).toEqual([]);
    }),
  );

  it(
    'are not followed to another host, which would be given our token; the window stays open',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      world.tenant.publish(many(1500));
      const id = world.tenant.fault({ kind: 'foreign-next-link', endpoint: 'directoryAudits' });
      await world.run();
      const open = (await world.rows('directory-audits')).filter((w) => w.state === 'partial');
      expect(open.length).toBeGreaterThan(0);
      expect(open.every((w) => !w.settled && w.reason.includes('attacker.example'))).toBe(true);
      world.tenant.clearFaults(id);
      await world.pass(2 * HOUR, HOUR);
      expect(world.archivedIds()).toHaveLength(1500);
    }),
  );
});
