import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** What storage bills as one kind of operation. */
export const KINDS = ['blob write', 'blob list', 'blob read', 'blob other', 'table', 'queue'] as const;
export type Kind = (typeof KINDS)[number];

export interface Counted {
  readonly operations: Record<Kind, number>;
  /** Bytes sent into blobs. */
  blobBytes: number;
  /** Bytes of the bodies of table writes: the rows, and what a transaction wraps around them. */
  tableBytes: number;
}

export const nothing = (): Counted => ({
  operations: Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>,
  blobBytes: 0,
  tableBytes: 0,
});

export interface Ports {
  readonly blobPort: number;
  readonly queuePort: number;
  readonly tablePort: number;
}

/** https://learn.microsoft.com/azure/storage/blobs/map-rest-apis-transaction-categories */
function kindOf(method: string, path: string, port: number, ports: Ports): Kind | undefined {
  if (port === ports.tablePort) return 'table';
  if (port === ports.queuePort) return 'queue';
  if (port !== ports.blobPort) return undefined;
  if (method === 'GET') return /[?&]comp=list\b/.test(path) ? 'blob list' : 'blob read';
  return method === 'PUT' || method === 'POST' ? 'blob write' : 'blob other';
}

/** Counts every HTTP request of this process to the emulator, retries included, where Node itself sends it. */
export function countRequests(ports: Ports): {
  readonly counted: () => Counted;
  reset(): void;
  stop(): void;
} {
  let counted = nothing();
  const listen = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const kind = kindOf(
      request.method,
      request.path,
      Number(new URL(`http://${request.getHeader('host') as string}`).port),
      ports,
    );
    if (!kind) return;
    counted.operations[kind]++;
    const bytes = Number(request.getHeader('content-length') ?? 0);
    if (kind === 'blob write') counted.blobBytes += bytes;
    if (kind === 'table') counted.tableBytes += bytes;
  };
  subscribe('http.client.request.start', listen);
  return {
    counted: () => counted,
    reset: () => (counted = nothing()),
    stop: () => void unsubscribe('http.client.request.start', listen),
  };
}
