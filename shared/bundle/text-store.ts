import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryMeter } from './release-memory.ts';

/** Texts lie in blocks of so many bytes: what is read at once, and written at once. */
const BLOCK = 256 * 1024;
/** So much text is held in memory (12 MiB); what is more lies in a file, of which less is kept. */
const HELD_BLOCKS = 48;
const CACHED_BLOCKS = 32;
const LF = 0x0a;

/**
 * Lines of text, added one after the other and read again in any order: in memory while they are few, on local disk
 * once they are many. A line is named by the offset of its first byte, which `add` answers. One that fits into a block
 * lies in one; a longer one begins with a block of its own. Reading begins when `finish` has been awaited.
 */
export class TextStore {
  /** Where the texts lie once they are many. */
  readonly path = join(tmpdir(), `holdfast-${randomUUID()}.ndjson`);
  /** By the number of their first block; undefined once there is a file. */
  #held: Buffer[] | undefined = [];
  #file: FileHandle | undefined;
  /** What is being filled, and the offset of its first byte. */
  #block: Buffer = Buffer.alloc(0);
  #start = 0;
  #used = 0;
  readonly #cache = new Map<number, Promise<Buffer>>();
  readonly #meter = new MemoryMeter();

  /** Copies a text, and a line feed after it. Answers at once while there is room in memory. */
  add(text: Buffer): number | Promise<number> {
    if (this.#used + text.length + 1 <= this.#block.length) return this.#put(text);
    return this.#next(text);
  }

  #put(text: Buffer): number {
    const at = this.#used;
    text.copy(this.#block, at);
    this.#block[at + text.length] = LF;
    this.#used = at + text.length + 1;
    return this.#start + at;
  }

  #next(text: Buffer): number | Promise<number> {
    if (this.#held === undefined) return this.#write().then(() => this.#begin(text));
    if (this.#start + this.#block.length + text.length < HELD_BLOCKS * BLOCK) return this.#begin(text);
    return this.#spill().then(() => this.#begin(text));
  }

  /** A block for the text, and for what comes after it; nothing comes after a long one. */
  #begin(text: Buffer): number {
    this.#start += Math.ceil(this.#block.length / BLOCK) * BLOCK;
    const size = Math.max(BLOCK, text.length + 1);
    // A block that lies in the file already is filled anew.
    if (this.#held || this.#block.length !== size) this.#block = Buffer.alloc(size);
    if (this.#held) this.#held[this.#start / BLOCK] = this.#block;
    this.#used = 0;
    return this.#put(text);
  }

  async #spill(): Promise<void> {
    this.#file = await open(this.path, 'wx+', 0o600);
    for (const [index, block] of this.#held!.entries())
      // Blocks of long texts leave numbers out.
      if (block as Buffer | undefined) await this.#writeAt(block, index * BLOCK);
    this.#held = undefined;
  }

  #write(): Promise<void> {
    return this.#writeAt(this.#block.subarray(0, this.#used), this.#start);
  }

  async #writeAt(bytes: Buffer, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length;)
      at += (await this.#file!.write(bytes, at, bytes.length - at, offset + at)).bytesWritten;
  }

  async finish(): Promise<void> {
    if (!this.#held) await this.#write();
  }

  /** Bytes of the store, as a view that must not be changed: at most one line, or lines of one block. */
  read(offset: number, length: number): Buffer | Promise<Buffer> {
    const index = Math.floor(offset / BLOCK);
    const at = offset - index * BLOCK;
    const held = this.#held?.[index];
    if (held) return held.subarray(at, at + length);
    if (length > BLOCK - at) return this.#readFile(offset, length);
    // A view: copies by the hundred thousand fragment the process's memory.
    return this.#cached(index).then((block) => {
      if (at + length > block.length) throw endsEarly();
      return block.subarray(at, at + length);
    });
  }

  /** Whether lines with these offsets lie in one block, so that they can be read at once. */
  static together(offset: number, end: number): boolean {
    return Math.floor(offset / BLOCK) === Math.floor((end - 1) / BLOCK);
  }

  /** A block of the file, from the few that are kept. */
  #cached(index: number): Promise<Buffer> {
    const known = this.#cache.get(index);
    this.#cache.delete(index);
    const end = this.#start + this.#used;
    const block = known ?? this.#readFile(index * BLOCK, Math.min(BLOCK, end - index * BLOCK));
    this.#cache.set(index, block);
    if (this.#cache.size > CACHED_BLOCKS) this.#cache.delete(this.#cache.keys().next().value!);
    return block;
  }

  async #readFile(offset: number, length: number): Promise<Buffer> {
    this.#meter.add(length);
    const buffer = Buffer.allocUnsafe(length);
    for (let got = 0; got < length;) {
      const { bytesRead } = await this.#file!.read(buffer, got, length - got, offset + got);
      if (bytesRead === 0) throw endsEarly();
      got += bytesRead;
    }
    return buffer;
  }

  async dispose(): Promise<void> {
    this.#held = undefined;
    if (!this.#file) return;
    await this.#file.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }
}

const endsEarly = (): Error => new Error(`the bundle's temporary file ends early`);
