import { refused, shownName } from './broken.ts';
import { peek } from './peek.ts';

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** By the byte order mark; PowerShell 5 writes UTF-16 by default, now and then without one. */
export function encodingOf(head: Buffer): { readonly encoding: Encoding; readonly mark: number } {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: 'utf-8', mark: 3 };
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', mark: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', mark: 2 };
  if (head.length >= 4 && head[1] === 0 && head[3] === 0) return { encoding: 'utf-16le', mark: 0 };
  if (head.length >= 4 && head[0] === 0 && head[2] === 0) return { encoding: 'utf-16be', mark: 0 };
  return { encoding: 'utf-8', mark: 0 };
}

/** UTF-8 bytes without byte order mark. What is UTF-8 already passes byte for byte. */
export async function* utf8Of(name: string, bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const { head, all } = await peek(bytes, 4);
  const { encoding, mark } = encodingOf(head);
  let skip = mark;
  const decoder =
    encoding === 'utf-8' ? undefined : new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  for await (const chunk of all) {
    const rest = skip === 0 ? chunk : chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
    if (!decoder) yield rest;
    else yield decoded(name, () => decoder.decode(rest, { stream: true }));
  }
  if (decoder) yield decoded(name, () => decoder.decode());
}

function decoded(name: string, decode: () => string): Buffer {
  try {
    return Buffer.from(decode(), 'utf8');
  } catch {
    throw refused(`${shownName(name)} is not the UTF-16 text that it begins as.`, 'Export the file again.');
  }
}
