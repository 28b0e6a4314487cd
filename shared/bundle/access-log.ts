import { randomUUID } from 'node:crypto';
import { formatSeconds } from '../instant.ts';
import { stamp } from '../layout.ts';
import type { BlobStore } from '../store/stores.ts';
import type { Scope } from './scope.ts';

/** Who asked for what, in the archive: one write-once blob an entry, so that none can be changed or taken back. */
export interface AccessEntry {
  readonly action: 'bundle' | 'incident' | 'incident-bundle' | 'incident-cancel';
  readonly caller: string;
  readonly incident?: string;
  readonly scope?: Scope;
}

export const accessPrefix = (tenant: string): string => `access/tenant=${tenant}/`;

export async function logAccess(
  blobs: BlobStore,
  tenant: string,
  nowMs: number,
  entry: AccessEntry,
): Promise<string> {
  const at = formatSeconds(nowMs);
  const path = `${accessPrefix(tenant)}${at.slice(0, 10)}/${stamp(nowMs)}-${randomUUID()}.json`;
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
