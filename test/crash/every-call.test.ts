import { describe, expect, it } from 'vitest';
import { play, wrongAtTheEnd } from './story.ts';

// An instance dies as a process does: none of its calls returns any more, no `catch` and no `finally` runs. What it
// had sent took effect, or did not: right before and right after every call that changes something, be it in storage,
// a queue or the vendor's service (a crash before a read is one after the last write).
// `HOLDFAST_FULL_SWEEP=1` takes both sides of every call, reads and budgets too: about 2,000 points, some minutes.

const whole = await play();
await whole.world.stop();
const { calls } = whole;
const full = process.env['HOLDFAST_FULL_SWEEP'] === '1';

const changes = (name: string): boolean =>
  /^(put|insert|replace|replaceAll|upsert|send|fetch) /.test(name) && !name.endsWith('budgets');
const points = calls
  .map((name, i) => ({ name, call: i + 1 }))
  .filter(({ name }) => full || changes(name))
  .flatMap((point) => [
    { ...point, when: 'before' as const },
    { ...point, when: 'after' as const },
  ]);

// In blocks, so that a failure tells where and the test's time limit holds for a part.
const BLOCK = 20;
const blocks = Array.from({ length: Math.ceil(points.length / BLOCK) }, (_, i) =>
  points.slice(i * BLOCK, (i + 1) * BLOCK),
);

describe('a crash at every call', () => {
  it('the story makes every kind of write, at more than 600 points', async () => {
    const kinds = [/^put v1.*gz/, /^put v1.*manifest/, /^put passes/, /^insert windows/, /^replace windows/];
    const more = [
      /^replaceAll windows/,
      /^upsert (slices|sessions|users)/,
      /^send index/,
      /^send collect/,
      /start$/,
    ];
    for (const kind of [...kinds, ...more]) expect(calls.some((name) => kind.test(name))).toBe(true);
    expect(points.length).toBeGreaterThan(600);
    const { world } = await play();
    expect(await wrongAtTheEnd(world)).toEqual([]);
    await world.stop();
  });

  it.each(blocks.map((block) => [block[0]!.call, block] as const))(
    'loses nothing and shows nothing twice: calls from %d',
    async (_from, block) => {
      for (const { call, when, name } of block) {
        const { died, world } = await play({ call, when });
        const problems = await wrongAtTheEnd(world);
        await world.stop();
        expect({ when, call, name, died, problems }).toEqual({ when, call, name, died: true, problems: [] });
      }
    },
  );
});
