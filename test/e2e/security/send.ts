import net from 'node:net';
import type { Hostile } from './hostile-requests.ts';

/** Longest wait for an answer, milliseconds. */
const LIMIT_MS = 30_000;

/** The status code, or what became of the connection. */
export type Outcome = number | 'closed' | 'hung up' | 'no answer';

const wire = (h: Hostile): Buffer => {
  if (h.raw) return h.raw;
  const headers = Object.entries({ host: 'localhost', connection: 'close', ...h.headers });
  const head = `${h.method} ${h.target} HTTP/1.1\r\n${headers.map(([n, v]) => `${n}: ${v}`).join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), h.body ?? Buffer.alloc(0)]);
};

/** Sends one request over a socket of its own, exactly as it stands. */
export function send(port: number, h: Hostile): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let answer = '';
    const end = (outcome: Outcome): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => end(h.stallMs ? 'hung up' : 'no answer'), h.stallMs ?? LIMIT_MS);
    socket.on('connect', () => socket.write(wire(h)));
    socket.on('data', (chunk) => {
      if (answer.length < 64) answer += chunk.toString('latin1');
    });
    socket.on('error', () => end(statusOf(answer)));
    socket.on('close', () => end(statusOf(answer)));
    // Bytes that are no request get no more than this: nothing follows that could be answered.
    if (h.raw) setTimeout(() => end(statusOf(answer)), 300);
  });
}

const statusOf = (answer: string): Outcome => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]) || 'closed';
