import { randomUUID } from 'node:crypto';
import { formatSeconds } from '../instant.ts';
import { accessPath } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';
import type { Scope } from './scope.ts';

/** Who asked for what, in the archive: one write-once blob an entry, so that none can be changed or taken back. */
export interface AccessEntry {
  readonly action: 'bundle' | 'incident' | 'incident-bundle' | 'incident-cancel';
  readonly caller: string;
  readonly incident?: string;
  readonly scope?: Scope;
}

export async function logAccess(
  blobs: BlobStore,
  tenant: string,
  nowMs: number,
  entry: AccessEntry,
): Promise<string> {
  const path = accessPath(tenant, nowMs, randomUUID());
  const { scope, ...rest } = entry;
  const body = {
    format: 1,
    at: new Date(nowMs).toISOString(),
    ...rest,
    ...(scope && {
      query: { from: formatSeconds(scope.fromMs), to: formatSeconds(scope.toMs), entities: scope.entities },
    }),
  };
  await blobs.putNew(path, Buffer.from(JSON.stringify(body)), { contentType: 'application/json' });
  return path;
}
