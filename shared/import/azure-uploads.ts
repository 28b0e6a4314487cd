import type { ContainerClient } from '@azure/storage-blob';
import { storageErrorCode } from '../store/azure-blobs.ts';
import { changed } from './run-job.ts';
import { pieces, type SourceFile, type Uploads } from './source-file.ts';

/** Read at a time: a slow reader holds no connection open meanwhile. */
const RANGE = 4 * 1024 * 1024;

/** Container `uploads` through the Azure SDK. */
export class AzureUploads implements Uploads {
  readonly #container: ContainerClient;

  constructor(container: ContainerClient) {
    this.#container = container;
  }

  async open(name: string): Promise<SourceFile | undefined> {
    try {
      const { contentLength: size = 0, etag } = await this.#container.getBlobClient(name).getProperties();
      return { name, size, version: etag!, read: (from, to) => this.#ranges(name, etag!, from, to) };
    } catch (error) {
      if (storageErrorCode(error).status === 404) return undefined;
      throw error;
    }
  }

  async *#ranges(name: string, etag: string, from: number, to: number): AsyncIterable<Buffer> {
    const blob = this.#container.getBlobClient(name);
    for (let at = from; at < to; at += RANGE) {
      try {
        const conditions = { ifMatch: etag };
        yield* pieces(await blob.downloadToBuffer(at, Math.min(RANGE, to - at), { conditions }));
      } catch (error) {
        // Replaced or deleted while it is read: what was checked is not what would be stored.
        if ([404, 412].includes(storageErrorCode(error).status)) throw changed();
        throw error;
      }
    }
  }

  async stage(name: string, body: Buffer): Promise<void> {
    await this.#container.getBlockBlobClient(name).upload(body, body.length, {
      blobHTTPHeaders: { blobContentType: 'application/octet-stream' },
    });
  }

  async remove(name: string): Promise<void> {
    await this.#container.getBlobClient(name).deleteIfExists();
  }
}
