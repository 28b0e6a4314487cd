import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { HoldfastError } from '../errors.ts';
import type { FetchResponse } from './http-client.ts';
import type { Patience } from './patience.ts';

export interface BodyFacts {
  readonly bytes: number;
  readonly sha256: string;
}

/** How a body is read. */
export interface Reading {
  readonly clock: Clock;
  /** Ends the request when nothing has come for `idleMs`. */
  readonly patience: Patience;
  readonly idleMs: number;
}

/**
 * Streams a response body through `onChunk`, hashing it, with back-pressure (`onChunk` may return a promise).
 * No bytes for `idleMs` is a `vendor-timeout`; a connection cut in mid-body is `unavailable`: never a short success.
 */
export async function streamBody(
  response: FetchResponse,
  onChunk: (chunk: Buffer) => void | Promise<void>,
  { patience, idleMs }: Reading,
): Promise<BodyFacts> {
  const hash = createHash('sha256');
  let bytes = 0;
  patience.wait(idleMs);
  try {
    await drain(response.body, (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
      const working = onChunk(chunk);
      if (!working) return patience.wait(idleMs);
      patience.rest();
      return working.then(() => patience.wait(idleMs));
    });
  } catch (error) {
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

const closed = (): HoldfastError =>
  new HoldfastError('unavailable', 'The connection closed.', { retryable: true });

/**
 * Every piece of the stream, in order, the next one only when the last is done with. By events: the stream's iterator
 * costs twice as much (measured).
 */
const drain = (body: Readable, onChunk: (chunk: Buffer) => void | Promise<void>): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(error);
      body.destroy();
    };
    body
      .on('data', (chunk: Buffer) => {
        try {
          const working = onChunk(chunk);
          if (!working) return;
          body.pause();
          working.then(() => body.resume(), fail);
        } catch (error) {
          fail(error);
        }
      })
      .on('error', fail)
      .on('end', resolve)
      .on('close', () => {
        if (!body.readableEnded) fail(closed());
      });
  });

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
  return cause?.code ?? cause?.message ?? (error as { code?: string }).code ?? (error as Error).message;
};

/** A body read whole, at most `limit` bytes. */
export async function readText(
  response: FetchResponse,
  limit: number,
  reading: Reading,
): Promise<{ text: string; facts: BodyFacts }> {
  const parts: Buffer[] = [];
  let size = 0;
  const facts = await streamBody(
    response,
    (chunk) => {
      size += chunk.length;
      if (size <= limit) parts.push(Buffer.from(chunk));
    },
    reading,
  );
  if (size > limit) throw new HoldfastError('vendor-malformed', `The answer is longer than ${limit} bytes.`);
  return { text: Buffer.concat(parts).toString('utf8'), facts };
}
