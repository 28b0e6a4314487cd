import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isHoldfastError } from '../errors.ts';
import { refused, shownName } from './broken.ts';
import { peek } from './peek.ts';
import type { SourceFile } from './source-file.ts';
import { utf8Of } from './text-encoding.ts';
import { openZip } from './zip.ts';

/** One text inside a file: the file itself, what its gzip holds, or one entry of its zip. */
export interface Content {
  readonly name: string;
  /** UTF-8 without byte order mark. */
  readonly text: AsyncIterable<Buffer>;
}

export interface UnpackLimits {
  /** Most bytes of text in all, unpacked. */
  readonly plainBytes: number;
  /** Most entries of a zip. */
  readonly entries: number;
  /** Most records, and until when they may be read; no limit without. */
  readonly records?: number;
  readonly stop?: () => boolean;
}

export const UNPACK_LIMITS: UnpackLimits = { plainBytes: 16 * 1024 ** 3, entries: 2000 };

/** Thrown when a file unpacks to more than its caller is ready to take. */
export class MoreThanLimit extends Error {
  override readonly name = 'MoreThanLimit';
}

const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;
const isZip = (head: Buffer): boolean =>
  head.toString('latin1', 0, 4) === 'PK\u0003\u0004' || head.toString('latin1', 0, 4) === 'PK\u0005\u0006';

/** The texts of a file in their order. Each has to be read to its end before the next is asked for. */
export async function* contentsOf(
  file: SourceFile,
  limits: UnpackLimits = UNPACK_LIMITS,
): AsyncIterable<Content> {
  const meter = new Meter(limits.plainBytes);
  const { head, all } = await peek(file.read(0, file.size), 4);
  if (isZip(head)) {
    for await (const entry of openZip(file, limits.entries))
      yield { name: entry.name, text: textOf(entry.name, entry.bytes, meter) };
  } else yield { name: file.name, text: textOf(file.name, all, meter) };
}

/** Gzip, if it is one, and the encoding taken off. */
async function* textOf(name: string, bytes: AsyncIterable<Buffer>, meter: Meter): AsyncIterable<Buffer> {
  const { head, all } = await peek(bytes, 4);
  if (isZip(head)) throw refused(`${shownName(name)} is a zip inside a zip.`, 'Unpack the outer zip first.');
  yield* utf8Of(name, meter.through(isGzip(head) ? gunzipped(name, all) : all));
}

async function* gunzipped(name: string, bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const gunzip = createGunzip();
  // The iteration below throws whatever destroys the stream; the callback has nothing to add.
  pipeline(Readable.from(bytes, { objectMode: false }), gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    if (isHoldfastError(error) || !/^Z_|^ERR_/.test(String((error as { code?: unknown }).code))) throw error;
    throw refused(`The gzip ${shownName(name)} is damaged or cut.`, 'Upload the file again.');
  }
}

class Meter {
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A small file may unpack to a very large one; it is noticed while it does, not after. */
  async *through(bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const chunk of bytes) {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#limit) throw new MoreThanLimit(`more than ${this.#limit} bytes of text`);
      yield chunk;
    }
  }
}
