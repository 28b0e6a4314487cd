import type { Writable } from 'node:stream';
import { Tee, type BundleStore, type ListedBlob, type StoredBlob } from './publish.ts';

/** In-memory twin of container `bundles`, for unit and crash tests. */
export class MemoryBundles implements BundleStore {
  readonly blobs = new Map<string, { body: Buffer; etag: string; modifiedMs: number }>();
  readonly #now: () => number;
  #version = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  #set(name: string, body: Buffer): void {
    this.blobs.set(name, { body, etag: String(++this.#version), modifiedMs: this.#now() });
  }

  async write(
    name: string,
    keep: number,
    build: (sink: Writable) => Promise<void>,
  ): Promise<{ bytes: number; body: Buffer | undefined }> {
    const tee = new Tee(undefined, Infinity);
    await build(tee.sink);
    const body = tee.body()!;
    this.#set(name, body);
    return { bytes: body.length, body: body.length <= keep ? body : undefined };
  }

  link(name: string): Promise<string> {
    return Promise.resolve(`memory:${name}`);
  }

  get(name: string): Promise<StoredBlob | undefined> {
    return Promise.resolve(this.blobs.get(name));
  }

  put(
    name: string,
    body: Buffer,
    expected: 'new' | { readonly etag: string },
  ): Promise<'written' | 'changed'> {
    const found = this.blobs.get(name);
    const fits = expected === 'new' ? found === undefined : found?.etag === expected.etag;
    if (!fits) return Promise.resolve('changed');
    this.#set(name, Buffer.from(body));
    return Promise.resolve('written');
  }

  remove(name: string): Promise<void> {
    this.blobs.delete(name);
    return Promise.resolve();
  }

  async *list(prefix: string): AsyncIterable<ListedBlob> {
    for (const [name, { modifiedMs }] of [...this.blobs].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (name.startsWith(prefix)) yield { name, modifiedMs };
    await Promise.resolve();
  }
}
