import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gunzipMembers, MEMBERS_TEXT, type MemberOf } from '../../../shared/archive/segment-reader.ts';
import type { SegmentRef } from '../../../shared/layout.ts';

const ref = (segment: string): SegmentRef => ({
  tenant: '11111111-1111-4111-8111-111111111111',
  source: 'ual-exchange',
  date: '2026-11-20',
  segment,
});
const members = (texts: readonly string[]): MemberOf[] =>
  texts.map((text, i) => ({ ref: ref(String(i + 1).padStart(6, '0')), bytes: gzipSync(text) }));

describe('members that are decompressed as one', () => {
  it('give each its own text', async () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('', 'x'.repeat(70_000), '{"Id":"ü"}\n'.repeat(3000)));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 8 }), async (texts) => {
        const found = await gunzipMembers(members(texts));
        expect(found.map(String)).toEqual(texts);
      }),
      { numRuns: 50 },
    );
  });

  it('may be longer than what is decompressed as one', async () => {
    const texts = ['a'.repeat(MEMBERS_TEXT), 'b'.repeat(MEMBERS_TEXT + 1), 'c'];
    const found = await gunzipMembers(members(texts));
    expect(found.map((text) => [text.length, String(text.subarray(0, 1))])).toEqual([
      [MEMBERS_TEXT, 'a'],
      [MEMBERS_TEXT + 1, 'b'],
      [1, 'c'],
    ]);
  });

  it.each([
    ['its header', (bytes: Buffer) => bytes.fill(0, 0, 2)],
    ['its first byte only', (bytes: Buffer) => bytes.fill(7, 0, 1)],
    ['its text', (bytes: Buffer) => bytes.fill(255, 14, 20)],
    ['its checksum', (bytes: Buffer) => bytes.fill(1, bytes.length - 8, bytes.length - 4)],
    ['its stated size', (bytes: Buffer) => bytes.fill(1, bytes.length - 4)],
    ['its end', (bytes: Buffer) => bytes.subarray(0, bytes.length - 9)],
    ['all but a few bytes', (bytes: Buffer) => bytes.subarray(0, 5)],
  ])('are refused by the name of the one that is damaged in %s, not left out', async (_what, damage) => {
    for (const place of [0, 1, 2]) {
      const whole = members(['first\n'.repeat(9), 'second\n'.repeat(9), 'third\n'.repeat(9)]);
      const some = whole.map((m, i) => (i === place ? { ...m, bytes: damage(Buffer.from(m.bytes)) } : m));
      await expect(gunzipMembers(some)).rejects.toMatchObject({
        code: 'archive-corrupt',
        message: expect.stringContaining(`00000${place + 1}.ndjson.gz`) as unknown,
      });
    }
  });
});
