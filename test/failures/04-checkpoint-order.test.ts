import { describe, expect, it } from 'vitest';
import {
  audit,
  canonical,
  HOUR,
  inWorld,
  publishedNow,
  START,
  ual,
  type CollectorWorld,
} from '../support/collector-world.ts';

const records = [audit('a', START - HOUR), audit('b', START - 2 * HOUR), ual('u', START - HOUR)];
const scenario = {
  sources: ['directory-audits', 'ual-exchange'] as const,
  settings: { backfillDays: 1 },
  records,
};

/** Records of windows that count as collected, but are not in the archive. */
async function falselyClaimed(world: CollectorWorld): Promise<string[]> {
  const missing: string[] = [];
  for (const { source, text, eventMs } of records) {
    const rows = await world.rows(source);
    const claimed = rows.some((w) => w.fromMs <= eventMs && eventMs < w.toMs && w.passes > 0);
    if (claimed && !world.archived(source).includes(text)) missing.push(text);
  }
  return missing;
}

async function writes(): Promise<{ call: number; name: string }[]> {
  const found: { call: number; name: string }[] = [];
  await inWorld(scenario, async (world) => {
    await world.run();
    found.push(...world.instances[0]!.perimeter.calls.map((name, i) => ({ call: i + 1, name })));
  })();
  return found.filter(({ name }) => /^(put|replace|send)/.test(name));
}

// Defence: the write order segment → manifest → receipt → coverage → index message (Archive.#write, WindowCollector
// .#record and .#finish). Here every write of a first run, with the claims looked at right after the crash; test/crash
// sweeps every call of a longer story.
describe('4: checkpoint and data', () => {
  it('coverage never claims what a crash kept out of the archive', async () => {
    const points = await writes();
    expect(points.filter(({ name }) => name.startsWith('put passes/')).length).toBeGreaterThan(3);
    for (const { call } of points) {
      await inWorld(scenario, async (world) => {
        world.instances[0]!.perimeter.dieAt({ call, when: 'after' });
        await world.run();
        expect(world.instances[0]!.perimeter.dead).toBe(true);
        expect(await falselyClaimed(world)).toEqual([]);
        world.start();
        await world.pass(2 * HOUR, HOUR);
        expect(canonical(world.archived())).toEqual(publishedNow(world).sort());
      })();
    }
  });
});
