import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import type { BundleFile } from './formats/format.ts';
import { BlockPacker } from './packing.ts';
import { descriptor, directory, localHeader, type ZipEntry } from './zip-records.ts';

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly records?: number;
}

export type ManifestMaker = (done: readonly WrittenFile[]) => unknown;

/**
 * Streams files, then `manifest.json` and `SHA256SUMS` over them, as one zip. `beat` hears of each file begun. Own
 * code, since the library computes checksums in JavaScript, packs one block after the other, and takes no strategy:
 * that was most of a bundle's time (measured).
 */
export async function writeZip(
  files: readonly BundleFile[],
  manifest: ManifestMaker,
  sink: NodeJS.WritableStream,
  beat: (done: number) => Promise<void>,
): Promise<WrittenFile[]> {
  const zip = new ZipWriter(beat);
  // Both are made when their turn comes: all before them is hashed by then.
  const last: readonly BundleFile[] = [
    made('manifest.json', () => `${JSON.stringify(manifest(zip.done), null, 2)}\n`),
    made('SHA256SUMS', () => zip.done.map((f) => `${f.sha256}  ${f.path}\n`).join('')),
  ];
  await pipeline(zip.bytes([...files, ...last]), sink);
  return zip.done;
}

const made = (path: string, make: () => string): BundleFile => ({
  path,
  content: async function* () {
    yield make();
    await Promise.resolve();
  },
});

const BLOCK = 512 * 1024;
/** Blocks being packed at once, while the next is made: as many are in memory. */
const AHEAD = 6;

/** Bytes of the zip in their order: known, being packed, or told by those before them. */
type Part = Promise<Buffer> | (() => Buffer);

class ZipWriter {
  readonly done: WrittenFile[] = [];
  readonly #beat: (done: number) => Promise<void>;
  readonly #entries: ZipEntry[] = [];
  readonly #parts: { readonly entry: ZipEntry; readonly part: Part }[] = [];
  /** Blocks that have been packed, to be filled anew. */
  readonly #free: Buffer[] = [];
  #packing = 0;
  #written = 0;

  constructor(beat: (done: number) => Promise<void>) {
    this.#beat = beat;
  }

  async *bytes(files: readonly BundleFile[]): AsyncGenerator<Buffer> {
    for (const file of files) {
      await this.#beat(this.done.length);
      yield* this.#file(file);
    }
    while (this.#parts.length > 0) yield await this.#next();
    yield directory(this.#entries, this.#written);
  }

  async *#file(file: BundleFile): AsyncGenerator<Buffer> {
    const packing = file.packing ?? 'text';
    const method = packing === 'packed' ? 'stored' : 'deflated';
    const entry: ZipEntry = { name: file.path, method, crc: 0, size: 0, packed: 0, offset: 0 };
    this.#entries.push(entry);
    this.#parts.push({
      entry,
      part: () => {
        entry.offset = this.#written;
        return localHeader(entry);
      },
    });
    const packer = new BlockPacker(packing);
    const hash = createHash('sha256');
    const take = (block: Buffer, used: number, last: boolean): void => {
      const bytes = block.subarray(0, used);
      hash.update(bytes);
      entry.crc = crc32(bytes, entry.crc);
      entry.size += used;
      this.#pack(entry, block, packer.pack(bytes, last));
    };
    let block = this.#block();
    let used = 0;
    for await (const piece of file.content()) {
      // A block that is full is packed once more comes: the last one is packed as such.
      const text = typeof piece === 'string';
      if (text && piece.length * 3 <= BLOCK - used) {
        used += block.write(piece, used);
        continue;
      }
      const bytes = text ? Buffer.from(piece) : piece;
      for (let at = 0; at < bytes.length;) {
        if (used === BLOCK) {
          take(block, used, false);
          while (this.#packing >= AHEAD) yield await this.#next();
          [block, used] = [this.#block(), 0];
        }
        const copied = bytes.copy(block, used, at);
        used += copied;
        at += copied;
      }
    }
    take(block, used, true);
    this.#parts.push({ entry, part: () => descriptor(entry) });
    this.done.push({
      path: file.path,
      bytes: entry.size,
      sha256: hash.digest('hex'),
      ...(file.records !== undefined && { records: file.records }),
    });
    while (this.#packing >= AHEAD) yield await this.#next();
  }

  #block(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK);
  }

  #pack(entry: ZipEntry, block: Buffer, packing: Promise<Buffer>): void {
    const part = packing.then((packed) => {
      this.#free.push(block);
      return packed;
    });
    // It is awaited in its turn; a failure before then must not count as unhandled.
    part.catch(() => undefined);
    this.#packing++;
    this.#parts.push({ entry, part });
  }

  /** The next bytes of the zip. */
  async #next(): Promise<Buffer> {
    const { entry, part } = this.#parts.shift()!;
    if (typeof part === 'function') return this.#count(part());
    const packed = await part;
    this.#packing--;
    entry.packed += packed.length;
    return this.#count(packed);
  }

  #count(bytes: Buffer): Buffer {
    this.#written += bytes.length;
    return bytes;
  }
}
