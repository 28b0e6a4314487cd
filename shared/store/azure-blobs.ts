import { buffer } from 'node:stream/consumers';
import type { ContainerClient } from '@azure/storage-blob';
import { HoldfastError } from '../errors.ts';
import type { BlobInfo, BlobStore, PutOptions } from './stores.ts';

/** The storage services' error as far as we classify it. */
export const storageErrorCode = (error: unknown): { status: number; code: string } => {
  const e = error as {
    statusCode?: number;
    code?: string;
    details?: { errorCode?: string; odataError?: { code?: string } };
  };
  return {
    status: e.statusCode ?? 0,
    code: e.details?.errorCode ?? e.details?.odataError?.code ?? e.code ?? '',
  };
};

/** A blob container through the Azure SDK (which retries transient faults by itself). */
export class AzureBlobs implements BlobStore {
  readonly #container: ContainerClient;

  constructor(container: ContainerClient) {
    this.#container = container;
  }

  async putNew(name: string, body: Uint8Array, options: PutOptions = {}): Promise<'created' | 'exists'> {
    const blob = this.#container.getBlockBlobClient(name);
    try {
      await blob.upload(Buffer.from(body.buffer, body.byteOffset, body.byteLength), body.byteLength, {
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: options.contentType ?? 'application/octet-stream' },
        ...(options.metadata && { metadata: { ...options.metadata } }),
      });
      return 'created';
    } catch (error) {
      const { status, code } = storageErrorCode(error);
      // 409 BlobAlreadyExists; 412 when the service evaluates the condition first; 409 BlobImmutableDueToPolicy under WORM.
      if (status === 409 || (status === 412 && code === 'ConditionNotMet')) return 'exists';
      throw error;
    }
  }

  /** One request. (`downloadToBuffer` would first ask for the size by another.) */
  async get(name: string): Promise<Buffer | undefined> {
    try {
      const answer = await this.#container
        .getBlobClient(name)
        .download(0, undefined, { maxRetryRequests: 5 });
      return await buffer(answer.readableStreamBody!);
    } catch (error) {
      if (storageErrorCode(error).status === 404) return undefined;
      throw error;
    }
  }

  async getRange(name: string, offset: number, length: number): Promise<Buffer> {
    const body = await this.#container.getBlobClient(name).downloadToBuffer(offset, length);
    if (body.length !== length) {
      throw new HoldfastError('archive-corrupt', `Blob ${name} is shorter than its manifest says.`, {
        ids: { blob: name, offset, length, got: body.length },
      });
    }
    return body;
  }

  async info(name: string): Promise<BlobInfo | undefined> {
    try {
      const found = await this.#container.getBlobClient(name).getProperties();
      return { name, size: found.contentLength ?? 0, metadata: found.metadata ?? {} };
    } catch (error) {
      if (storageErrorCode(error).status === 404) return undefined;
      throw error;
    }
  }

  async *list(prefix: string): AsyncIterable<BlobInfo> {
    for await (const blob of this.#container.listBlobsFlat({ prefix, includeMetadata: true })) {
      yield { name: blob.name, size: blob.properties.contentLength ?? 0, metadata: blob.metadata ?? {} };
    }
  }
}
