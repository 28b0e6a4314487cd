import { describe, expect, it } from 'vitest';
import { audit, DAY, HOUR, inWorld, START, startCollectorWorld, ual } from '../support/collector-world.ts';

const records = [audit('a', START - HOUR), audit('b', START - 2 * HOUR), ual('u', START - 2 * HOUR)];
const scenario = { sources: ['directory-audits', 'ual-exchange'] as const, records };

// Defence: numbered segments with put-if-absent (Archive.#write), receipts named by window and pass, rows keyed by
// segment. A random part in any name would make a retry a duplicate.
describe('19: names', () => {
  it(
    'every message delivered three times, and by two collectors, leaves the same archive',
    inWorld(scenario, async (world) => {
      world.start();
      world.queues.copies = () => 3;
      await world.run();
      await world.pass(DAY, 6 * HOUR);
      expect(world.archivedIds()).toEqual(['a', 'b', 'u']);
      const { tables, rebuilt } = await world.tablesAndRebuild();
      expect(tables).toEqual(rebuilt);
    }),
  );

  it('two collections of the same tenant give blobs of the same names and the same bytes', async () => {
    const collect = async () => {
      const world = await startCollectorWorld(scenario);
      try {
        await world.run();
        return [...world.blobs.blobs]
          .filter(([name]) => name.endsWith('.ndjson.gz'))
          .map(([name, { body }]) => `${name} ${body.toString('base64')}`)
          .sort();
      } finally {
        await world.stop();
      }
    };
    const first = await collect();
    expect(first.length).toBeGreaterThan(1);
    expect(await collect()).toEqual(first);
  });
});
