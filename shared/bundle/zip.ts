import { createHash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import type { BundleFile } from './formats/format.ts';
import type { MemoryMeter } from './release-memory.ts';

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly records?: number;
}

/** Two bundles of the same archive and request differ in the request's own facts only: no clock gets in. */
const ZIP_TIME = new Date(Date.UTC(2000, 0, 1));

/**
 * What a file's bytes are like. Of base64 the lowest level finds all there is to be found, in half the time; `packed` is
 * as small as it gets already.
 */
export type Packing = 'text' | 'hashes' | 'packed';

const OPTIONS = {
  text: { compressionLevel: 6 },
  hashes: { compressionLevel: 1 },
  packed: { compress: false },
} as const satisfies Record<Packing, object>;

export type ManifestMaker = (done: readonly WrittenFile[]) => unknown;

/** Bytes of files that are packed while the next ones are made; one that does not fit in is packed as it is made. */
const ROOM = 8 * 1024 * 1024;

/**
 * Streams files, then `manifest.json` and `SHA256SUMS` over them, as one zip. `beat` hears of each file begun.
 * @param writing.room see `ROOM`
 */
export async function writeZip(
  files: readonly BundleFile[],
  manifest: ManifestMaker,
  sink: NodeJS.WritableStream,
  { beat, meter, room = ROOM }: Pick<Writing, 'beat' | 'meter'> & { readonly room?: number },
): Promise<WrittenFile[]> {
  const archive = new ZipFile();
  const done: WrittenFile[] = [];
  const failed = new AbortController();
  const fail = (error: unknown): void => failed.abort(error);
  const all = [
    ...files,
    // Both are made when their turn comes: all before them is made and hashed by then.
    {
      path: 'manifest.json',
      content: () => later(() => `${JSON.stringify(manifest(done), null, 2)}\n`),
    },
    {
      path: 'SHA256SUMS',
      content: () => later(() => done.map((f) => `${f.sha256}  ${f.path}\n`).join('')),
    },
  ];
  const output = new PassThrough({ highWaterMark: 1024 * 1024 });
  archive.once('error', fail);
  archive.outputStream.pipe(output);
  const adding = new Adding(archive, room, failed);
  addAll(all, adding, { done, beat, meter, stop: failed.signal }).then(() => archive.end(), fail);
  await pipeline(output, sink, { signal: failed.signal }).catch((error: unknown) => {
    if (failed.signal.aborted) throw failed.signal.reason as Error;
    fail(error);
    throw error;
  });
  return done;
}

async function addAll(files: readonly BundleFile[], adding: Adding, writing: Writing): Promise<void> {
  for (const file of files) await adding.add(file, hashed(file, writing));
}

/** Puts files into the archive: those there is room for as a whole, so that several are packed at once, on other threads. */
class Adding {
  readonly #archive: ZipFile;
  readonly #room: number;
  readonly #failed: AbortController;
  #free: number;

  constructor(archive: ZipFile, room: number, failed: AbortController) {
    this.#archive = archive;
    this.#room = this.#free = room;
    this.#failed = failed;
  }

  /** Resolves when all the file's bytes are made. */
  async add({ path, packing = 'text' }: BundleFile, blocks: AsyncGenerator<Block>): Promise<void> {
    const options = { mtime: ZIP_TIME, ...OPTIONS[packing] };
    const held: Buffer[] = [];
    while (this.#free >= 0) {
      const next = await blocks.next();
      if (next.done === true) return this.#archive.addBuffer(Buffer.concat(held), path, options);
      for (const piece of next.value) {
        held.push(piece);
        this.#free -= piece.length;
      }
    }
    await new Promise<void>((resolve) => {
      this.#archive.addReadStreamLazy(path, options, (give) => {
        // Asked for once all files before it are packed and written.
        this.#free = this.#room;
        const source = Readable.from(following(held, blocks));
        source.once('error', (error) => this.#failed.abort(error));
        source.once('end', resolve);
        give(null, source);
      });
    });
  }
}

async function* following(held: Block, blocks: AsyncIterable<Block>): AsyncIterable<Buffer> {
  yield Buffer.concat(held);
  for await (const block of blocks) yield Buffer.concat(block);
}

async function* later(make: () => string): AsyncIterable<string> {
  yield make();
  await Promise.resolve();
}

/** Pieces that together are of so many bytes, but for a file's last ones. */
type Block = readonly Buffer[];
const BLOCK = 512 * 1024;

interface Writing {
  readonly done: WrittenFile[];
  readonly beat: (done: number) => Promise<void>;
  /** Told of the bytes that go by: one for the whole bundle, since thousands of manifests are much, each of them little. */
  readonly meter: MemoryMeter;
  /** No more is made once it is aborted: nobody reads it. */
  readonly stop: AbortSignal;
}

/** The file's bytes in blocks, noted with their hash once they have all gone by. */
async function* hashed(file: BundleFile, { done, beat, meter, stop }: Writing): AsyncGenerator<Block> {
  stop.throwIfAborted();
  await beat(done.length);
  const hash = createHash('sha256');
  let bytes = 0;
  let [block, size]: [Buffer[], number] = [[], 0];
  for await (const piece of file.content()) {
    const buffer = typeof piece === 'string' ? Buffer.from(piece) : piece;
    hash.update(buffer);
    bytes += buffer.length;
    block.push(buffer);
    size += buffer.length;
    if (size < BLOCK) continue;
    meter.add(size);
    yield block;
    stop.throwIfAborted();
    [block, size] = [[], 0];
  }
  meter.add(size);
  if (size > 0) yield block;
  done.push({
    path: file.path,
    bytes,
    sha256: hash.digest('hex'),
    ...(file.records !== undefined && { records: file.records }),
  });
}
