import { PassThrough, Readable } from 'node:stream';
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import { isHoldfastError } from '../errors.ts';
import { refused, shownName } from './broken.ts';
import type { SourceFile } from './source-file.ts';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: AsyncIterable<Buffer>;
}

/** Ranges of a file as yauzl asks for them; only the directory and the entry being read are in memory. */
class FileReader extends RandomAccessReader {
  readonly #file: SourceFile;

  constructor(file: SourceFile) {
    super();
    this.#file = file;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    // yauzl pipes; a PassThrough hands errors on as it expects them.
    const out = new PassThrough();
    const from = Readable.from(this.#file.read(start, end), { objectMode: false });
    from.on('error', (error) => out.destroy(error));
    out.on('close', () => from.destroy());
    return from.pipe(out);
  }
}

const REMEDY = 'Pack the files again with the operating system’s own zip, or upload them one by one.';
const isNoise = (name: string): boolean => /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$)/.test(name);

/** The files in a zip in their order, each streamed. Each has to be read to its end before the next is asked for. */
export async function* openZip(file: SourceFile, most: number): AsyncIterable<ZipEntry> {
  const zip = await reading(() =>
    fromRandomAccessReaderPromise(new FileReader(file), file.size, { autoClose: false }),
  );
  if (zip.entryCount > most)
    throw refused(
      `The zip holds ${zip.entryCount} entries; ${most} are the most.`,
      'Pack fewer files into one zip.',
    );
  const entries = zip.eachEntry();
  for (;;) {
    const next = await reading(() => entries.next());
    if (next.done) return;
    const entry = next.value;
    if (entry.fileName.endsWith('/') || isNoise(entry.fileName)) continue;
    if (entry.isEncrypted())
      throw refused(`${shownName(entry.fileName)} in the zip is encrypted.`, 'Upload it without a password.');
    yield { name: entry.fileName, bytes: bytesOf(zip, entry) };
  }
}

async function* bytesOf(zip: ZipFile, entry: Entry): AsyncIterable<Buffer> {
  const stream = await reading(() => zip.openReadStreamPromise(entry));
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw damaged(error);
  }
}

async function reading<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw damaged(error);
  }
}

/** Faults of storage stay what they are; yauzl's own are plain errors, zlib's carry a code. */
function damaged(error: unknown): unknown {
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  const ours = code === undefined || (typeof code === 'string' && code.startsWith('Z_'));
  if (isHoldfastError(error) || !(error instanceof Error) || statusCode !== undefined || !ours) return error;
  return refused('The zip is damaged or of a kind that cannot be read.', REMEDY);
}
