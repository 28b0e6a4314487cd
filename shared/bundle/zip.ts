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

/** Streams files, then `manifest.json` and `SHA256SUMS` over them, as one zip. `beat` hears of each file begun. */
export async function writeZip(
  files: readonly BundleFile[],
  manifest: ManifestMaker,
  sink: NodeJS.WritableStream,
  { beat, meter }: Pick<Writing, 'beat' | 'meter'>,
): Promise<WrittenFile[]> {
  const archive = new ZipFile();
  const done: WrittenFile[] = [];
  const failed = new AbortController();
  const add = (file: BundleFile): void =>
    archive.addReadStreamLazy(file.path, { mtime: ZIP_TIME, ...OPTIONS[file.packing ?? 'text'] }, (give) => {
      const source = Readable.from(hashed(file, { done, beat, meter }));
      source.once('error', (error) => failed.abort(error));
      give(null, source);
    });
  for (const file of files) add(file);
  // Both are made when their turn comes: all before them is written and hashed by then.
  add({
    path: 'manifest.json',
    content: () => later(() => `${JSON.stringify(manifest(done), null, 2)}\n`),
  });
  add({
    path: 'SHA256SUMS',
    content: () => later(() => done.map((f) => `${f.sha256}  ${f.path}\n`).join('')),
  });
  archive.end();
  const output = new PassThrough({ highWaterMark: 1024 * 1024 });
  archive.once('error', (error) => failed.abort(error));
  archive.outputStream.pipe(output);
  await pipeline(output, sink, { signal: failed.signal }).catch((error: unknown) => {
    throw failed.signal.aborted ? (failed.signal.reason as Error) : error;
  });
  return done;
}

async function* later(make: () => string): AsyncIterable<string> {
  yield make();
  await Promise.resolve();
}

const BLOCK = 512 * 1024;

interface Writing {
  readonly done: WrittenFile[];
  readonly beat: (done: number) => Promise<void>;
  /** Told of the bytes that go by: one for the whole bundle, since thousands of manifests are much, each of them little. */
  readonly meter: MemoryMeter;
}

/** The file's bytes in blocks, noted with their hash once they have all gone by. */
async function* hashed(file: BundleFile, { done, beat, meter }: Writing): AsyncIterable<Buffer> {
  await beat(done.length);
  const hash = createHash('sha256');
  let bytes = 0;
  let [block, size]: [Buffer[], number] = [[], 0];
  const take = (): Buffer => {
    const whole = block.length === 1 ? block[0]! : Buffer.concat(block, size);
    [block, size] = [[], 0];
    hash.update(whole);
    bytes += whole.length;
    meter.add(whole.length);
    return whole;
  };
  for await (const piece of file.content()) {
    const buffer = typeof piece === 'string' ? Buffer.from(piece) : piece;
    block.push(buffer);
    size += buffer.length;
    if (size >= BLOCK) yield take();
  }
  if (size > 0) yield take();
  done.push({
    path: file.path,
    bytes,
    sha256: hash.digest('hex'),
    ...(file.records !== undefined && { records: file.records }),
  });
}
