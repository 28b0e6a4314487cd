import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { HoldfastError } from '../errors.ts';

export interface BodyFacts {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Streams a response body through `onChunk`, hashing it, with back-pressure (`onChunk` may return a promise).
 * No bytes for `idleMs` is a `vendor-timeout`; a connection cut in mid-body is `unavailable`: never a short success.
 */
export async function streamBody(
  response: Response,
  onChunk: (chunk: Buffer) => void | Promise<void>,
  options: { readonly clock: Clock; readonly idleMs: number },
): Promise<BodyFacts> {
  const hash = createHash('sha256');
  let bytes = 0;
  const reader = response.body?.getReader();
  if (!reader) return { bytes: 0, sha256: hash.digest('hex') };
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), options);
      if (done) break;
      const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      hash.update(chunk);
      bytes += chunk.length;
      await onChunk(chunk);
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw asTransportError(error);
  }
  const promised = response.headers.get('content-encoding') ? null : response.headers.get('content-length');
  if (promised !== null && Number(promised) !== bytes) {
    throw new HoldfastError('unavailable', `The body ended after ${bytes} of ${promised} bytes.`, {
      retryable: true,
    });
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function within<T>(read: Promise<T>, { clock, idleMs }: { clock: Clock; idleMs: number }): Promise<T> {
  const timer = new AbortController();
  const idle = clock.sleep(idleMs, timer.signal).then(() => {
    throw new HoldfastError('vendor-timeout', `No bytes for ${Math.round(idleMs / 1000)} s.`, {
      retryable: true,
    });
  });
  idle.catch(() => undefined);
  try {
    return await Promise.race([read, idle]);
  } finally {
    timer.abort(new Error('done'));
  }
}

/** Whatever `fetch` throws for a connection that failed or was cut. */
export function asTransportError(error: unknown): unknown {
  if (error instanceof HoldfastError) return error;
  const name = (error as Error)?.name;
  if (name === 'TimeoutError' || name === 'AbortError') {
    return new HoldfastError('vendor-timeout', 'No answer in time.', { retryable: true, cause: error });
  }
  if (error instanceof TypeError || (error as { code?: string })?.code !== undefined) {
    return new HoldfastError('unavailable', `The connection failed: ${causeOf(error)}.`, {
      retryable: true,
      cause: error,
    });
  }
  return error;
}

const causeOf = (error: unknown): string => {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? (error as Error).message;
};

/** A body read whole, at most `limit` bytes. */
export async function readText(
  response: Response,
  limit: number,
  options: { readonly clock: Clock; readonly idleMs: number },
): Promise<{ text: string; facts: BodyFacts }> {
  const parts: Buffer[] = [];
  let size = 0;
  const facts = await streamBody(
    response,
    (chunk) => {
      size += chunk.length;
      if (size <= limit) parts.push(Buffer.from(chunk));
    },
    options,
  );
  if (size > limit) throw new HoldfastError('vendor-malformed', `The answer is longer than ${limit} bytes.`);
  return { text: Buffer.concat(parts).toString('utf8'), facts };
}
