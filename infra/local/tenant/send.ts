import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { textBody } from './answers.ts';
import type { Answer, Body } from './answers.ts';
import type { Faults, Where } from './faults.ts';

const HTML =
  "<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body>Our services aren't available right now.</body></html>";

export interface Sending {
  readonly faults: Faults;
  readonly where: Where;
  /** Chunked, as Graph answers, or with a content-length, as the feed does. */
  readonly chunked: boolean;
  readonly gzip: boolean;
}

/** Writes an answer with back-pressure, spoiled as the faults want; resolves to the status that went out. */
export async function send(response: ServerResponse, answer: Answer, sending: Sending): Promise<number> {
  const { answer: spoiled, cutAfter, bytesPerSecond } = spoil(answer, sending);
  const body = spoiled.body ?? textBody('');
  const whole = cutAfter === undefined;
  const gzip = sending.gzip && whole && bytesPerSecond === undefined;
  response.writeHead(spoiled.status, {
    ...spoiled.headers,
    ...(gzip
      ? { 'content-encoding': 'gzip', vary: 'Accept-Encoding' }
      : sending.chunked
        ? {}
        : { 'content-length': String(body.length) }),
  });
  if (gzip) await writeGzipped(response, body);
  else await writeAll(response, limited(body, cutAfter), bytesPerSecond);
  if (!whole) return cut(response);
  response.end();
  await finished(response);
  if (response.writableFinished) spoiled.onSent?.();
  return spoiled.status;
}

interface Spoiled {
  readonly answer: Answer;
  readonly cutAfter?: number;
  readonly bytesPerSecond?: number;
}

function spoil(answer: Answer, { faults, where }: Sending): Spoiled {
  if (answer.status >= 300 || !answer.body) return { answer };
  if (faults.take('html-page', where))
    return {
      answer: { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: textBody(HTML) },
    };
  const typed = faults.take('wrong-content-type', where)
    ? { ...answer, headers: { ...answer.headers, 'content-type': 'text/plain' } }
    : answer;
  const slow = faults.take('slow-body', where);
  const pace = slow ? { bytesPerSecond: slow.bytesPerSecond ?? 1024 } : {};
  const half = Math.floor(answer.body.length / 2);
  const truncated = faults.take('truncated-json', where);
  if (truncated) return { answer: shortened(typed, truncated.afterBytes ?? half), ...pace };
  const cutting = faults.take('cut-mid-body', where);
  return cutting
    ? { answer: typed, cutAfter: cutting.afterBytes ?? half, ...pace }
    : { answer: typed, ...pace };
}

function shortened(answer: Answer, length: number): Answer {
  const body = answer.body!;
  const { status, headers = {} } = answer;
  return {
    status,
    headers: { ...headers, 'content-length': String(length) },
    body: { length, chunks: () => limited(body, length) },
  };
}

function* limited(body: Body, most = Infinity): Generator<Buffer> {
  let left = most;
  for (const chunk of body.chunks()) {
    if (left <= 0) return;
    yield chunk.subarray(0, Math.min(chunk.length, left));
    left -= chunk.length;
  }
}

async function writeAll(
  response: ServerResponse,
  chunks: Iterable<Buffer>,
  bytesPerSecond?: number,
): Promise<void> {
  for (const chunk of chunks) {
    for (const piece of bytesPerSecond === undefined
      ? [chunk]
      : sliced(chunk, Math.max(1, bytesPerSecond / 20))) {
      if (response.destroyed) return;
      if (!response.write(piece)) await drained(response);
      if (bytesPerSecond !== undefined) await delay((piece.length / bytesPerSecond) * 1000);
    }
  }
}

function* sliced(chunk: Buffer, size: number): Generator<Buffer> {
  const step = Math.ceil(size);
  for (let at = 0; at < chunk.length; at += step) yield chunk.subarray(at, at + step);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}

function finished(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.writableFinished || response.destroyed) return resolve();
    response.once('finish', resolve).once('close', resolve);
  });
}

async function writeGzipped(response: ServerResponse, body: Body): Promise<void> {
  const gzip = createGzip({ level: 1 });
  const feeding = (async () => {
    for (const chunk of body.chunks()) if (!gzip.write(chunk)) await once(gzip, 'drain');
    gzip.end();
  })();
  for await (const chunk of gzip) await writeAll(response, [chunk as Buffer]);
  await feeding;
}

async function cut(response: ServerResponse): Promise<number> {
  // Lets what was written leave before the connection goes.
  await delay(20);
  response.socket?.destroy();
  return 0;
}
