import { describe, expect, it } from 'vitest';
import { Archive } from '../../../shared/archive/archive.ts';
import { WindowTable } from '../../../shared/archive/windows.ts';
import { runSearch } from '../../../shared/collect/ual-search/run-search.ts';
import { readReconciliation } from '../../../shared/archive/reconciliation.ts';
import { dateOf } from '../../../shared/instant.ts';
import { audit, DAY, HOUR, MINUTE, NOW } from '../tenant/harness.ts';
import { envelopes, searchWorld, type SearchWorld } from './support.ts';

const records = Array.from({ length: 7 * 24 }, (_, i) => audit(`a${i}`, NOW - 7 * DAY + i * HOUR + MINUTE));
const settledBefore = Math.floor((NOW - 75 * HOUR) / DAY) * DAY;
const inFeed = records.filter((_, i) => i % 3 === 0);
const wanted = envelopes(
  records.filter((r, i) => i % 3 !== 0 && r.eventMs >= NOW - 5 * DAY && r.eventMs < settledBefore),
);

class Killed extends Error {}

const LISTS = new Set(['list', 'query', 'scan']);

const lastBreath = (): AsyncIterable<never> => ({
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Killed('killed')) }),
});

/** Every asynchronous call counts; the n-th fails, before or after it took effect, and all after it do too. */
function dying<T extends object>(store: T, life: { left: number; after: boolean }): T {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      const call = member.bind(target) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (--life.left > 0) return call(...args);
        if (LISTS.has(String(name))) return lastBreath();
        const done = life.left === 0 && life.after ? call(...args) : undefined;
        return Promise.resolve(done).then(() => {
          throw new Killed('killed');
        });
      };
    },
  });
}

async function runUntilKilled(world: SearchWorld, calls: number, after: boolean): Promise<boolean> {
  const life = { left: calls, after };
  const blobs = dying(world.blobs, life);
  const tables = dying(world.tables, life);
  const deps = {
    ...world.deps,
    tables,
    windows: new WindowTable(tables),
    queues: dying(world.queues, life),
    archive: new Archive({ blobs, clock: world.clock, graceMs: 0 }),
  };
  for (let i = 0; i < 4; i++) {
    try {
      await runSearch(deps, world.tenant.tenantId);
    } catch {
      return true;
    }
    world.clock.advance(5 * MINUTE);
  }
  return false;
}

describe('ual-search, killed at any storage call', () => {
  it.each([false, true])(
    'ends in the same archive, coverage and reconciliation (after the call: %s)',
    async (after) => {
      let killed = true;
      let points = 0;
      for (let calls = 1; killed; calls += 3) {
        const world = await searchWorld({ records, backfillDays: 5 });
        await world.collected(inFeed);
        killed = await runUntilKilled(world, calls, after);
        points++;
        world.clock.advance(15 * MINUTE);
        await world.run(4);
        expect(world.lines()).toEqual(wanted);
        expect((await world.rows()).map((row) => row.state)).toEqual(['complete', 'complete']);
        const date = dateOf(settledBefore - DAY);
        const found = (await readReconciliation(world.blobs, world.tenant.tenantId, date))!;
        expect([found.search, found.feed, found.onlySearch, found.uncompared]).toEqual([24, 8, 16, 0]);
        // Their index messages may be lost with the writer: the sweep finds segments by their manifests.
        const segments = [...world.blobs.blobs.keys()].filter(
          (n) => n.includes('ual-search') && n.startsWith('v1/'),
        );
        expect(segments.filter((n) => n.endsWith('.manifest.json'))).toHaveLength(segments.length / 2);
      }
      expect(points).toBeGreaterThan(15);
    },
  );
});
