import { describe, expect, it } from 'vitest';
import { linesOf } from '../../shared/archive/segment-reader.ts';
import { parseArchivePath } from '../../shared/layout.ts';
import { parseRecord } from '../../shared/record.ts';
import { gunzipSync } from 'node:zlib';
import { HOUR, idOf, inWorld, START, ual } from '../support/collector-world.ts';

const at = START - 3 * HOUR;
const records = Array.from({ length: 300 }, (_, i) =>
  ual(`r${i}`, at + (i % 50) * 1000, at + (i % 50) * 1000, 'ual-exchange', {
    UserId: `user${i % 11}@contoso.example`,
    Pair: i,
  }),
);

// Defence: ArchiveRecord: text, value and facts are one value from the parser to the segment; a pass that dies in the
// middle of a blob starts it anew.
describe('20: originals and what was read from them', () => {
  it(
    'stay together over a connection cut in mid-blob and a crash in between',
    inWorld(
      { sources: ['ual-exchange'], records, blobbing: { bucketMs: HOUR, mostLanes: 2 } },
      async (world) => {
        world.tenant.fault({ kind: 'cut-mid-body', endpoint: 'feed.audit', times: 5 });
        world.instances[0]!.perimeter.dieAt({ call: 90, when: 'after' });
        await world.run();
        expect(world.instances[0]!.perimeter.dead).toBe(true);
        world.start();
        await world.pass(2 * HOUR, HOUR / 2);
        expect(world.archived().sort()).toEqual(records.map((r) => r.text).sort());
        for (const [name, { body }] of world.blobs.blobs) {
          const path = parseArchivePath(name);
          if (path?.kind !== 'segment') continue;
          const lines = [...linesOf(gunzipSync(body))];
          const users = lines.map((line) => parseRecord(line).facts.user);
          expect(users).toEqual(users.toSorted());
        }
        const pairs = world
          .archived()
          .map((line) => [idOf(line), (JSON.parse(line) as { Pair: number }).Pair]);
        expect(pairs.every(([id, pair]) => id === `r${pair}`)).toBe(true);
      },
    ),
  );
});
