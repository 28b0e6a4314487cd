import { PassThrough, Writable } from 'node:stream';
import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  type BlobServiceClient,
  type ContainerClient,
} from '@azure/storage-blob';

/** Container `bundles`: built zips, handed out by short-lived URLs. */

export interface BundleStore {
  /** Streams a zip into the store; keeps its bytes too while they are at most `keep`. */
  write(
    name: string,
    keep: number,
    build: (sink: Writable) => Promise<void>,
  ): Promise<{ bytes: number; body: Buffer | undefined }>;
  /** A read-only URL for one blob, valid for `minutes`. */
  link(name: string, minutes: number): Promise<string>;
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
    let [bytes, kept]: [number, Buffer[] | undefined] = [0, []];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, next) {
        bytes += chunk.length;
        if (bytes > keep) kept = undefined;
        kept?.push(Buffer.from(chunk));
        if (stream.write(chunk)) next();
        else stream.once('drain', () => next());
      },
      final(next) {
        stream.end(() => next());
      },
    });
    const abort = new AbortController();
    const upload = this.#container.getBlockBlobClient(name).uploadStream(stream, BLOCK, PARALLEL, {
      abortSignal: abort.signal,
      blobHTTPHeaders: {
        blobContentType: 'application/zip',
        blobContentDisposition: `attachment; filename="${name.split('/').at(-1)}"`,
      },
    });
    // A failed upload must not leave the builder waiting for a reader that is gone.
    upload.catch((error: unknown) => sink.destroy(error as Error));
    const building = build(sink).catch((error: unknown) => {
      // Nothing half-written becomes visible: blocks that are not committed vanish by themselves.
      abort.abort();
      stream.destroy();
      throw error;
    });
    await Promise.all([building, upload]);
    return { bytes, body: kept && Buffer.concat(kept) };
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
}
