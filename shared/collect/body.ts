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
  const watch = new IdleWatch(options);
  try {
    for (;;) {
      const { done, value } = await watch.within(reader.read());
      if (done) break;
      const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      hash.update(chunk);
      bytes += chunk.length;
      await onChunk(chunk);
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw asTransportError(error);
  } finally {
    watch.stop();
  }
  const promised = response.headers.get('content-encoding') ? null : response.headers.get('content-length');
  if (promised !== null && Number(promised) !== bytes) {
    throw new HoldfastError('unavailable', `The body ended after ${bytes} of ${promised} bytes.`, {
      retryable: true,
    });
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * One timer a body, not one a chunk: it looks now and then whether bytes have come since. No chunk is raced against a
 * promise that lives as long as the body: that promise would keep every chunk in memory until its end.
 */
class IdleWatch {
  readonly #options: { readonly clock: Clock; readonly idleMs: number };
  readonly #stopped = new AbortController();
  /** Since when a read waits; undefined while a chunk is worked on. */
  #sinceMs: number | undefined;
  #fail: (error: HoldfastError) => void = () => undefined;

  constructor(options: { readonly clock: Clock; readonly idleMs: number }) {
    this.#options = options;
    this.#run().catch(() => undefined);
  }

  /** The read, or `vendor-timeout` once nothing has come for the limit. */
  within<T>(read: Promise<T>): Promise<T> {
    this.#sinceMs = this.#options.clock.now();
    const waited = new Promise<T>((resolve, reject) => {
      this.#fail = reject;
      read.then(resolve, reject);
    });
    return waited.finally(() => (this.#sinceMs = undefined));
  }

  stop(): void {
    this.#stopped.abort(new Error('done'));
  }

  async #run(): Promise<void> {
    const { clock, idleMs } = this.#options;
    const leftMs = (): number =>
      this.#sinceMs === undefined ? idleMs : this.#sinceMs + idleMs - clock.now();
    for (let left = idleMs; left > 0; left = leftMs()) await clock.sleep(left, this.#stopped.signal);
    const message = `No bytes for ${Math.round(idleMs / 1000)} s.`;
    this.#fail(new HoldfastError('vendor-timeout', message, { retryable: true }));
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
