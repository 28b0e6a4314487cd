import { buffer } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';

/** All files of a zip, by name in their order. */
export async function unzip(zip: Buffer): Promise<Map<string, Buffer>> {
  const file = await fromBufferPromise(zip);
  const files = new Map<string, Buffer>();
  for await (const entry of file.eachEntry())
    files.set(entry.fileName, await buffer(await file.openReadStreamPromise(entry)));
  return files;
}
