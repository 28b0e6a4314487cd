import { describe, expect, it } from 'vitest';
import { evidenceFiles, StatedHashes } from '../../../shared/bundle/evidence.ts';
import type { SegmentChunks } from '../../../shared/bundle/read-records.ts';
import { manifestPath } from '../../../shared/layout.ts';
import { MemoryBlobs } from '../../../shared/store/memory.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const located: SegmentChunks[] = Array.from({ length: 12 }, (_, n) => ({
  ref: {
    tenant: TENANT,
    source: 'ual-exchange',
    date: '2026-11-20',
    segment: String(n + 1).padStart(6, '0'),
  },
  chunks: [],
}));
const seal = { path: `seals/tenant=${TENANT}/2026-11-20.json`, covers: 12 };

async function archived(): Promise<MemoryBlobs> {
  const blobs = new MemoryBlobs();
  for (const [n, { ref }] of located.entries())
    if (n !== 4)
      await blobs.putNew(
        manifestPath(ref),
        Buffer.from(`{"sha256":"${n}","digests":"${'A'.repeat(64)}"}`),
        {},
      );
  await blobs.putNew(seal.path, Buffer.from('{"seal":1}'), {});
  return blobs;
}

const textOf = async (content: AsyncIterable<Buffer | string>): Promise<string> => {
  let text = '';
  for await (const piece of content) text += String(piece);
  return text;
};

describe('evidence that is read ahead', () => {
  it.each([
    ['in their order', (n: number) => n],
    ['in any other', (n: number) => (n * 5) % 13],
  ])('is each file its own bytes, asked for %s', async (_name, place) => {
    const blobs = await archived();
    const stated = new StatedHashes();
    const files = evidenceFiles(located, [seal], blobs, { stated });
    const texts: string[] = [];
    for (let n = 0; n < files.length; n++) texts[place(n)] = await textOf(files[place(n)]!.content());
    const bodies = await Promise.all(
      [...located.map(({ ref }) => manifestPath(ref)), seal.path].map((name) => blobs.get(name)),
    );
    const gone = `${JSON.stringify({ missing: manifestPath(located[4]!.ref) })}\n`;
    expect(texts).toEqual(bodies.map((body) => body?.toString() ?? gone));
    expect(located.map(({ ref }) => stated.of(ref))).toEqual(
      located.map((_, n) => (n === 4 ? undefined : String(n))),
    );
  });

  it('fails where its own blob cannot be read, not before', async () => {
    const blobs = await archived();
    const get = blobs.get.bind(blobs);
    blobs.get = (name) =>
      name === manifestPath(located[2]!.ref) ? Promise.reject(new Error('storage is gone')) : get(name);
    const files = evidenceFiles(located, [], blobs, { stated: new StatedHashes() });
    expect(await textOf(files[0]!.content())).toContain('"0"');
    expect(await textOf(files[1]!.content())).toContain('"1"');
    await expect(textOf(files[2]!.content())).rejects.toThrow('storage is gone');
  });
});
