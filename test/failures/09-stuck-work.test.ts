import { describe, expect, it } from 'vitest';
import { QUEUE } from '../../shared/messages.ts';
import { audit, HOUR, inWorld, START } from '../support/collector-world.ts';

// The audit query as a job is tested with ual-search. Here the collector's own asynchronous work: a window in any
// state but settled is taken up again. Defence: MESSAGE_PATIENCE in plan.ts, `dueMs` after every failure.
describe('9: work that is stuck', () => {
  it(
    'a window whose message was lost is handed over again',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      world.tenant.publish([audit('a', START - HOUR)]);
      world.queues.copies = (queue) => (queue === QUEUE.collect ? 0 : 1);
      await world.run();
      expect(world.archivedIds()).toEqual([]);
      world.queues.copies = () => 1;
      await world.pass(HOUR / 2, HOUR / 2);
      expect(world.archivedIds()).toEqual(['a']);
    }),
  );

  it(
    'a segment whose index message was lost is indexed by the sweep',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      world.tenant.publish([audit('a', START - HOUR)]);
      world.queues.copies = (queue) => (queue === QUEUE.index ? 0 : 1);
      await world.run();
      world.queues.copies = () => 1;
      await world.pass(2 * HOUR, HOUR);
      const { tables, rebuilt } = await world.tablesAndRebuild();
      expect(tables.length).toBeGreaterThan(0);
      expect(tables).toEqual(rebuilt);
    }),
  );

  it(
    'a message that makes no sense goes to the poison queue and stops nothing',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      world.tenant.publish([audit('a', START - HOUR)]);
      await world.queues.send(QUEUE.collect, [{ tenant: 1 }, 'nonsense', null]);
      await world.run();
      expect(world.queues.poison).toHaveLength(3);
      expect(world.archivedIds()).toEqual(['a']);
    }),
  );

  it(
    'a window that failed in every way is tried again until it is answered',
    inWorld({ sources: ['directory-audits'] }, async (world) => {
      await world.run();
      world.tenant.publish([audit('a', START + 600_000)]);
      const kinds = ['hang', 'cut-before-headers', 'html-page', 'throttle'] as const;
      for (const kind of kinds) world.tenant.fault({ kind, endpoint: 'directoryAudits', times: 30 });
      await world.pass(4 * HOUR, HOUR / 4);
      expect(world.archivedIds()).toEqual(['a']);
    }),
  );
});
