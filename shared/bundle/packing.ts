import { promisify } from 'node:util';
import { constants, deflateRaw, type ZlibOptions } from 'node:zlib';

/**
 * How a file's bytes are packed: `text` by looking for what repeats; `hashes` by the frequency of their characters
 * only, which of base64 finds all there is to be found, at a quarter of the time (measured); `packed` is as small as
 * it gets already.
 */
export type Packing = 'text' | 'hashes' | 'packed';

const deflate = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);

const OPTIONS: Readonly<Record<Exclude<Packing, 'packed'>, ZlibOptions>> = {
  text: { level: 6 },
  hashes: { level: 1, strategy: constants.Z_HUFFMAN_ONLY },
};
/** As far back as deflate looks. */
const WINDOW = 32 * 1024;
/** A stream that is cut here goes on with the next block's bytes. */
const GOES_ON = constants.Z_SYNC_FLUSH;

/**
 * One file's blocks as one deflate stream, several of them being packed at once: each knows the text before it, and
 * ends at a byte, so that the outputs joined are the stream (RFC 1951; pigz does the same).
 */
export class BlockPacker {
  readonly #packing: Packing;
  /** The end of the text before. */
  readonly #before = Buffer.alloc(WINDOW);
  #known = 0;

  constructor(packing: Packing) {
    this.#packing = packing;
  }

  /** Blocks come in order; the bytes of one may be changed once the promise is settled. */
  pack(block: Buffer, last: boolean): Promise<Buffer> {
    if (this.#packing === 'packed') return Promise.resolve(Buffer.from(block));
    const dictionary = this.#packing === 'text' && this.#known > 0;
    const packed = deflate(block, {
      ...OPTIONS[this.#packing],
      // Enough for what is usual: each further piece is a way to another thread and back.
      chunkSize: Math.max(1024, this.#packing === 'text' ? block.length >> 2 : block.length),
      finishFlush: last ? constants.Z_FINISH : GOES_ON,
      // zlib copies it before the call returns.
      ...(dictionary && { dictionary: this.#before.subarray(WINDOW - this.#known) }),
    });
    this.#remember(block);
    return packed;
  }

  #remember(block: Buffer): void {
    const end = block.subarray(Math.max(0, block.length - WINDOW));
    this.#before.copyWithin(0, end.length);
    end.copy(this.#before, WINDOW - end.length);
    this.#known = Math.min(WINDOW, this.#known + end.length);
  }
}
