import { Writable } from 'node:stream';
import { buildBundle, type BundleInput } from '../../shared/bundle/build-bundle.ts';
import type { BlobStore } from '../../shared/store/stores.ts';
import { unzip } from './unzip.ts';

/** The zip of a bundle, and its files by name. */
export async function zipped(
  input: BundleInput,
  blobs: BlobStore,
): Promise<{ zip: Buffer; files: Map<string, Buffer> }> {
  const parts: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, next) {
      parts.push(Buffer.from(chunk));
      next();
    },
  });
  await buildBundle(input, blobs, sink);
  const zip = Buffer.concat(parts);
  return { zip, files: await unzip(zip) };
}
