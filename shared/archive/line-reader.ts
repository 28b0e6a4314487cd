import { HoldfastError } from '../errors.ts';
import { segmentPath, type SegmentRef } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';
import { readManifest, type Chunk } from './manifest.ts';
import { linesOf, readChunk } from './segment-reader.ts';

const MAX_CACHED = 16;

/** Reads single archived lines by number. Neighbours are asked for together, so the last few chunks are kept. */
export class LineReader {
  readonly #blobs: BlobStore;
  readonly #chunks = new Map<string, readonly Chunk[]>();
  readonly #texts = new Map<string, readonly Buffer[]>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  async read(ref: SegmentRef, line: number): Promise<Buffer> {
    const chunks = await this.#chunksOf(ref);
    let first = 0;
    for (const [index, chunk] of chunks.entries()) {
      if (line < first + chunk.records) {
        const found = (await this.#linesOf(ref, index, chunk))[line - first];
        if (found) return found;
        break;
      }
      first += chunk.records;
    }
    throw new HoldfastError('archive-corrupt', `Segment ${segmentPath(ref)} has no line ${line}.`, {
      ids: { blob: segmentPath(ref), line },
    });
  }

  async #chunksOf(ref: SegmentRef): Promise<readonly Chunk[]> {
    const key = segmentPath(ref);
    const found = this.#chunks.get(key) ?? (await readManifest(this.#blobs, ref))?.chunks ?? [];
    remember(this.#chunks, key, found);
    return found;
  }

  async #linesOf(ref: SegmentRef, index: number, chunk: Chunk): Promise<readonly Buffer[]> {
    const key = `${segmentPath(ref)}#${index}`;
    const found = this.#texts.get(key) ?? [...linesOf(await readChunk(this.#blobs, ref, chunk))];
    remember(this.#texts, key, found);
    return found;
  }
}

function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  cache.delete(key);
  cache.set(key, value);
  if (cache.size > MAX_CACHED) cache.delete(cache.keys().next().value!);
}
