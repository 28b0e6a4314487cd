import { describe, expect, it } from 'vitest';
import { audit, DAY, HOUR, idOf, inWorld, START, ual } from '../support/collector-world.ts';

const SECOND = 1000;

const isJson = (line: string): boolean => {
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
};

// Defence: graph-window.ts narrows a malformed page down to one second and stores what can be read; feed-window.ts
// stores what stands before the fault and salvages what stands behind it.
describe('10: one poisonous record', () => {
  it(
    'in a report costs one second of coverage, and every other record is archived',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      await world.run();
      const at = Math.ceil((START + 600_000) / SECOND) * SECOND;
      world.tenant.publish(Array.from({ length: 41 }, (_, i) => audit(`r${i}`, at + i * SECOND)));
      world.tenant.fault({ kind: 'poison-record', endpoint: 'directoryAudits' });
      await world.pass(4 * DAY, 3 * HOUR);
      const [whole, broken] = [world.archived().filter(isJson), world.archived().filter((l) => !isJson(l))];
      expect(whole.map(idOf)).toHaveLength(40);
      expect(broken).toHaveLength(1);
      const { intervals } = await world.coverage('directory-audits', at - 60_000, at + 120_000);
      const open = intervals.filter((i) => i.state !== 'complete');
      expect(open.map((i) => i.state)).toEqual(['partial']);
      expect(Date.parse(open[0]!.to) - Date.parse(open[0]!.from)).toBeLessThanOrEqual(2 * SECOND);
    }),
  );

  it(
    'a 500 in the middle of a report is waited out',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      await world.run();
      const at = START + 600_000;
      world.tenant.publish(Array.from({ length: 2500 }, (_, i) => audit(`r${i}`, at + i * 100)));
      world.tenant.fault({
        kind: 'status',
        status: 500,
        endpoint: 'directoryAudits',
        match: 'skiptoken',
        times: 4,
      });
      await world.pass(HOUR, HOUR);
      expect(world.archivedIds()).toHaveLength(2500);
    }),
  );
});

describe('10: one poisonous record in a content blob', () => {
  it(
    'keeps its window partial, names the item, and what can be read of the blob is archived',
    inWorld({ sources: ['ual-exchange'], blobbing: { bucketMs: HOUR, mostLanes: 1 } }, async (world) => {
      await world.run();
      const at = START + 600_000;
      world.tenant.publish(Array.from({ length: 20 }, (_, i) => ual(`r${i}`, at)));
      world.tenant.fault({ kind: 'poison-record', endpoint: 'feed.audit' });
      await world.pass(2 * HOUR, HOUR);
      const row = (await world.rows('ual-exchange')).find(
        (w) => w.state === 'partial' && w.fromMs >= START - HOUR,
      );
      expect(row?.reason).toMatch(/content items could not be fetched.*audit_exchange/);
      expect(row?.reason).toContain('19 records of the answer and 1 unreadable pieces are archived');
      const whole = world.archived('ual-exchange').filter(isJson);
      expect(whole).toHaveLength(19);
      expect(world.archived('ual-exchange')).toHaveLength(20);
    }),
  );
});
