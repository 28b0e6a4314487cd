import { PassThrough, Writable } from 'node:stream';
import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  type BlobServiceClient,
  type ContainerClient,
} from '@azure/storage-blob';
import { storageErrorCode } from '../store/azure-blobs.ts';

/** Container `bundles`: built zips handed out by short-lived URLs, and the state of incidents. Not evidence: overwritable, deleted in time. */

export interface StoredBlob {
  readonly body: Buffer;
  readonly etag: string;
}

export interface ListedBlob {
  readonly name: string;
  readonly modifiedMs: number;
}

export interface BundleStore {
  /** Streams a zip into the store; keeps its bytes too while they are at most `keep`. */
  write(
    name: string,
    keep: number,
    build: (sink: Writable) => Promise<void>,
  ): Promise<{ bytes: number; body: Buffer | undefined }>;
  /** A read-only URL for one blob, valid for `minutes`. */
  link(name: string, minutes: number): Promise<string>;
  get(name: string): Promise<StoredBlob | undefined>;
  /** Writes a small blob: `new` creates only, an etag replaces only that version. */
  put(
    name: string,
    body: Buffer,
    expected: 'new' | { readonly etag: string },
  ): Promise<'written' | 'changed'>;
  remove(name: string): Promise<void>;
  list(prefix: string): AsyncIterable<ListedBlob>;
}

const BLOCK = 4 * 1024 * 1024;
const PARALLEL = 2;

export class AzureBundles implements BundleStore {
  readonly #service: BlobServiceClient;
  readonly #container: ContainerClient;
  readonly #now: () => number;
  readonly #secure: boolean;

  constructor(service: BlobServiceClient, container: ContainerClient, now: () => number) {
    this.#service = service;
    this.#container = container;
    this.#now = now;
    this.#secure = service.url.startsWith('https:');
  }

  async write(
    name: string,
    keep: number,
    build: (sink: Writable) => Promise<void>,
  ): Promise<{ bytes: number; body: Buffer | undefined }> {
    const stream = new PassThrough({ highWaterMark: BLOCK });
    const tee = new Tee(stream, keep);
    const abort = new AbortController();
    const upload = this.#container.getBlockBlobClient(name).uploadStream(stream, BLOCK, PARALLEL, {
      abortSignal: abort.signal,
      blobHTTPHeaders: {
        blobContentType: 'application/zip',
        blobContentDisposition: `attachment; filename="holdfast-${name.split('/').at(-2)}.zip"`,
      },
    });
    // A failed upload must not leave the builder waiting for a reader that is gone.
    upload.catch((error: unknown) => tee.sink.destroy(error as Error));
    const building = build(tee.sink).catch((error: unknown) => {
      // Nothing half-written becomes visible: blocks that are not committed vanish by themselves.
      abort.abort();
      stream.destroy();
      throw error;
    });
    await Promise.all([building, upload]);
    return { bytes: tee.bytes, body: tee.body() };
  }

  async link(name: string, minutes: number): Promise<string> {
    const startsOn = new Date(this.#now() - 5 * 60_000);
    const expiresOn = new Date(this.#now() + minutes * 60_000);
    const blob = this.#container.getBlobClient(name);
    const values = {
      containerName: this.#container.containerName,
      blobName: name,
      permissions: BlobSASPermissions.parse('r'),
      startsOn,
      expiresOn,
      ...(this.#secure && { protocol: SASProtocol.Https }),
    };
    if ('accountKey' in this.#service.credential) return blob.generateSasUrl(values);
    const key = await this.#service.getUserDelegationKey(startsOn, expiresOn);
    return `${blob.url}?${generateBlobSASQueryParameters(values, key, this.#service.accountName).toString()}`;
  }

  async get(name: string): Promise<StoredBlob | undefined> {
    try {
      const answer = await this.#container.getBlobClient(name).download();
      const parts: Buffer[] = [];
      for await (const part of answer.readableStreamBody!) parts.push(Buffer.from(part));
      return { body: Buffer.concat(parts), etag: answer.etag! };
    } catch (error) {
      if (storageErrorCode(error).status === 404) return undefined;
      throw error;
    }
  }

  async put(
    name: string,
    body: Buffer,
    expected: 'new' | { readonly etag: string },
  ): Promise<'written' | 'changed'> {
    try {
      await this.#container.getBlockBlobClient(name).upload(body, body.length, {
        conditions: expected === 'new' ? { ifNoneMatch: '*' } : { ifMatch: expected.etag },
        blobHTTPHeaders: { blobContentType: 'application/json' },
      });
      return 'written';
    } catch (error) {
      if ([404, 409, 412].includes(storageErrorCode(error).status)) return 'changed';
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    await this.#container.getBlobClient(name).deleteIfExists();
  }

  async *list(prefix: string): AsyncIterable<ListedBlob> {
    for await (const { name, properties } of this.#container.listBlobsFlat({ prefix }))
      yield { name, modifiedMs: properties.lastModified.getTime() };
  }
}

/** Passes bytes on, with back-pressure, and keeps a copy of them while they are few. */
export class Tee {
  bytes = 0;
  readonly sink: Writable;
  #kept: Buffer[] | undefined = [];

  constructor(target: Writable | undefined, keep: number) {
    this.sink = new Writable({
      write: (chunk: Buffer, _encoding, next) => {
        this.bytes += chunk.length;
        if (this.bytes > keep) this.#kept = undefined;
        this.#kept?.push(Buffer.from(chunk));
        if (!target || target.write(chunk)) next();
        else target.once('drain', () => next());
      },
      final: (next) => {
        if (target) target.end(() => next());
        else next();
      },
    });
  }

  body(): Buffer | undefined {
    return this.#kept && Buffer.concat(this.#kept);
  }
}
