import { describe, expect, it } from 'vitest';
import { chaos } from './chaos.ts';
import { isDamaged } from './invariants.ts';

// `npm run chaos -- --seed N --minutes M` goes on with other seeds.
describe('chaos', () => {
  it('takes damaged records in a row for damaged records, and nothing else', () => {
    const damaged = new Set(['{"a":""1"}', '{"b":""2"}']);
    expect(isDamaged('{"a":""1"},{"a":""1"},{"b":""2"}', damaged)).toBe(true);
    for (const other of ['{"a":""1"},{"a":1}', '{"a":""1"},', '{"a":""1"}{"b":""2"}', ''])
      expect(isDamaged(other, damaged)).toBe(false);
  });

  it.each([1, 2, 3])('seed %d: nothing lost, nothing twice, no false claim', async (seed) => {
    const { problems, diary } = await chaos(seed, 8);
    const replay = `replay: node test/chaos/run.ts --seed ${seed} --rounds 8`;
    expect(problems.length === 0 ? [] : [replay, ...problems, ...diary]).toEqual([]);
  });
});
