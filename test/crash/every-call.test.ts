import { describe, expect, it } from 'vitest';
import { expectWhole, play } from './story.ts';

// An instance dies as a process does: none of its calls returns any more, no `catch` and no `finally` runs. What it
// had sent took effect, or did not: right before and right after every call that changes something, be it in storage,
// a queue or the vendor's service, and around every eighth read (a crash before a read is one after the last write).

const whole = await play();
await whole.world.stop();
const { calls } = whole;
// By turns before and after; `HOLDFAST_FULL_SWEEP=1` takes both at every point.
const bothSides = process.env['HOLDFAST_FULL_SWEEP'] === '1';
const sides = (point: number): readonly ('before' | 'after')[] =>
  bothSides ? ['before', 'after'] : [point % 2 === 0 ? 'after' : 'before'];
const isWrite = (name: string): boolean =>
  /^(put|insert|replace|replaceAll|upsert|send) /.test(name) && !name.endsWith('budgets');
const points = calls
  .map((name, i) => ({ name, call: i + 1 }))
  .filter(({ name, call }) => isWrite(name) || call % 8 === 0);

describe('a crash at every call', () => {
  it('the story without a crash makes every kind of write', async () => {
    const kinds = [/^put v1.*gz/, /^put v1.*manifest/, /^put passes/, /^insert windows/, /^replace windows/];
    const more = [
      /^replaceAll windows/,
      /^upsert (slices|sessions|users)/,
      /^send index/,
      /^send collect/,
      /start$/,
    ];
    for (const kind of [...kinds, ...more]) expect(calls.some((name) => kind.test(name))).toBe(true);
    const { world } = await play();
    await expectWhole(world);
    await world.stop();
  });

  it('there are more than 200 points to crash at', () => {
    expect(points.length).toBeGreaterThan(200);
  });

  // In blocks, so that a failure tells where and the test's time limit holds for a part.
  const size = 20;
  const blocks = Array.from({ length: Math.ceil(points.length / size) }, (_, i) =>
    points.slice(i * size, (i + 1) * size),
  );
  it.each(blocks.map((block) => [block[0]!.call, block] as const))(
    'loses nothing and shows nothing twice: calls from %d',
    async (_from, block) => {
      for (const { call, name } of block)
        for (const when of sides(points.findIndex((p) => p.call === call))) await crash(call, when, name);
    },
  );
});

async function crash(call: number, when: 'before' | 'after', name: string): Promise<void> {
  const { died, world } = await play({ call, when });
  try {
    expect(died).toBe(true);
    await expectWhole(world);
  } catch (error) {
    throw new Error(`crash ${when} call ${call} (${name})`, { cause: error });
  } finally {
    await world.stop();
  }
}
