/** The first bytes of a stream, and the stream with them still in it. */
export interface Peeked {
  readonly head: Buffer;
  readonly all: AsyncIterable<Buffer>;
}

/** Reads ahead until `bytes` are there or the stream ends. */
export async function peek(stream: AsyncIterable<Buffer>, bytes: number): Promise<Peeked> {
  const iterator = stream[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  let size = 0;
  while (size < bytes) {
    const next = await iterator.next();
    if (next.done) break;
    read.push(next.value);
    size += next.value.length;
  }
  return { head: Buffer.concat(read).subarray(0, bytes), all: joined(read, iterator) };
}

async function* joined(read: readonly Buffer[], iterator: AsyncIterator<Buffer>): AsyncIterable<Buffer> {
  try {
    yield* read;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    // Whoever stops early closes what lies below, too.
    await iterator.return?.();
  }
}
