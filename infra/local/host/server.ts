import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { finished } from 'node:stream/promises';
import type { Activity } from './activity.ts';
import { describe, type Log } from './log.ts';

export type Serve = (request: http.IncomingMessage, response: http.ServerResponse, url: URL) => Promise<void>;

export interface ServerParts {
  readonly port: number;
  readonly serve: Serve;
  readonly activity: Activity;
  readonly log: Log;
  readonly stopping: AbortSignal;
}

export interface RunningServer {
  readonly url: string;
  /** Takes no more connections; answers under way still go out. */
  stopListening(): void;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/** Loopback only: the host checks no keys unless it is given some. */
export async function listen(parts: ServerParts): Promise<RunningServer> {
  const { activity, log } = parts;
  const server = http.createServer((request, response) => {
    void activity
      .track(() => handle(request, response, parts))
      .catch((error: unknown) => {
        log({
          level: 'error',
          category: 'host',
          message: `${request.method} ${request.url}: ${describe(error)}`,
        });
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
  });
  server.listen(parts.port, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const closed = once(server, 'close');
  return {
    url: `http://${LOOPBACK}:${port}`,
    stopListening: () => void server.close(),
    close: async () => {
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  parts: ServerParts,
): Promise<void> {
  const url = urlOf(request);
  if (url && !parts.stopping.aborted) await parts.serve(request, response, url);
  else {
    request.resume();
    response.writeHead(url ? 503 : 400, { connection: 'close' }).end();
  }
  // A caller that went away is no fault of the host's.
  await finished(response).catch(() => {});
}

/** Put together as text: a path of `//host` must not be read as another host. */
function urlOf(request: http.IncomingMessage): URL | undefined {
  const target = request.url?.startsWith('/') ? request.url : '/';
  const text = `http://${request.headers.host ?? LOOPBACK}${target}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}
