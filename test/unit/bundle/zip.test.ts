import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BundleFile } from '../../../shared/bundle/formats/format.ts';
import { MemoryMeter } from '../../../shared/bundle/release-memory.ts';
import { writeZip } from '../../../shared/bundle/zip.ts';
import { unzip } from '../../support/unzip.ts';

const BLOCK = 256 * 1024;

async function zipped(files: readonly BundleFile[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  const sink = new Writable({
    write: (part: Buffer, _encoding, next) => {
      parts.push(Buffer.from(part));
      next();
    },
  });
  await writeZip(files, (done) => ({ files: done }), sink, {
    beat: () => Promise.resolve(),
    meter: new MemoryMeter(),
  });
  return Buffer.concat(parts);
}

const file = (path: string, pieces: readonly (string | Buffer)[], more: Partial<BundleFile> = {}) => ({
  path,
  ...more,
  content: async function* () {
    for (const piece of pieces) yield await Promise.resolve(piece);
  },
});

const joined = (pieces: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));

describe('the zip of a bundle', () => {
  it('gives back every file, whatever the pieces in which it was made and however it is packed', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        'ü'.repeat(BLOCK / 2),
        'x'.repeat(BLOCK - 1),
        'line\n'.repeat(70_000),
        '日本'.repeat(9),
      ),
      fc.constantFrom(1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK).map((size) => randomBytes(size)),
    );
    const made = fc.record({
      pieces: fc.array(piece, { maxLength: 6 }),
      packing: fc.constantFrom('text', 'hashes', 'packed', undefined),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(made, { maxLength: 5 }), async (list) => {
        const files = list.map(({ pieces, packing }, i) =>
          file(`f/${i}`, pieces, packing === undefined ? {} : { packing }),
        );
        const found = await unzip(await zipped(files));
        expect([...found.keys()]).toEqual([...files.map((f) => f.path), 'manifest.json', 'SHA256SUMS']);
        // Comparing buffers by toEqual takes a minute.
        for (const [i, { pieces }] of list.entries())
          expect(found.get(`f/${i}`)!.equals(joined(pieces))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('is the same bytes for the same files', async () => {
    const text = Array.from({ length: 30_000 }, (_, n) => `{"Id":"${n}","Operation":"Send"}\n`).join('');
    const [one, two] = [await zipped([file('a', [text])]), await zipped([file('a', [text])])];
    expect(one.equals(two)).toBe(true);
    expect(one.length).toBeLessThan(text.length / 8);
  });

  it('packs hashes to about what their characters can be packed to', async () => {
    const text = randomBytes(900_000).toString('base64');
    const zip = await zipped([file('a', [text], { packing: 'hashes' })]);
    expect(zip.length).toBeLessThan(text.length * 0.8);
  });

  it('fails with the fault of a file that cannot be made', async () => {
    const broken: BundleFile = {
      path: 'b',
      content: async function* () {
        yield await Promise.resolve('half');
        throw new Error('the store is gone');
      },
    };
    await expect(zipped([file('a', ['x'.repeat(3 * BLOCK)]), broken])).rejects.toThrow('the store is gone');
  });

  it('stops making files when its reader is gone', async () => {
    const sink = new Writable({ write: (_part, _encoding, next) => next(new Error('the reader is gone')) });
    const files = Array.from({ length: 40 }, (_, n) => file(`f${n}`, [randomBytes(BLOCK)]));
    let begun = 0;
    const beat = () => Promise.resolve(void begun++);
    await expect(writeZip(files, () => ({}), sink, { beat, meter: new MemoryMeter() })).rejects.toThrow(
      'the reader is gone',
    );
    expect(begun).toBeLessThan(files.length);
  });
});
