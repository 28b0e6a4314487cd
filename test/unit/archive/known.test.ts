import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DigestSet } from '../../../shared/archive/known.ts';
import { DIGEST_BYTES } from '../../../shared/record.ts';

/** A digest of an id and a text of which there are few, so that they meet; ids begin alike, as if their hashes collided. */
function digest([id, text]: readonly [number, number]): Buffer {
  const bytes = Buffer.alloc(DIGEST_BYTES, text);
  bytes.writeUInt32LE(id % 2, 0);
  bytes.writeUInt32LE(id, 4);
  return bytes;
}

const some = fc.array(fc.tuple(fc.nat(5), fc.nat(3)), { maxLength: 40 });

describe('a set of digests', () => {
  it('knows what was brought in, and nothing else, wherever the digest lies', () => {
    fc.assert(
      fc.property(some, fc.nat(40), some, (all, filled, asked) => {
        const from = Math.min(filled, all.length);
        const set = new DigestSet(Buffer.concat(all.map(digest)), from);
        // Every second of the others is brought in later.
        const inside = all.map((_, i) => i < from || (i - from) % 2 === 0);
        inside.forEach((is, i) => {
          if (is && i >= from) set.add(i);
        });
        const row = Buffer.concat(asked.map(digest));
        asked.forEach(([id, text], i) => {
          const same = all.flatMap(([other], n) => (inside[n] && other === id ? [n] : []));
          const exact = same.some((n) => all[n]![1] === text);
          const found = set.find(row, i * DIGEST_BYTES);
          expect(found.exact).toBe(exact);
          expect([...found.lines].sort((a, b) => a - b)).toEqual(exact ? found.lines : same);
          expect(found.lines.every((n) => same.includes(n))).toBe(true);
        });
      }),
    );
  });
});
