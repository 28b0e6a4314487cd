import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { BlobStore, TableStore } from '../../store/stores.ts';
import type { TakeSnapshots } from '../../snapshot.ts';
import { readFindings } from '../findings.ts';
import { DAY_MS } from '../span.ts';
import { standingSnapshotPath } from '../../layout.ts';

export interface StandingDeps {
  readonly blobs: BlobStore;
  readonly tables: TableStore;
  readonly snapshots: TakeSnapshots;
  readonly clock: Clock;
  readonly log: Log;
}

const DAYS = 30;
const MAX_USERS = 50;
const TIME_MS = 8 * 60_000;

/**
 * Takes the state of every user with an open finding of the last 30 days, and keeps it in the archive, write-once and
 * beside the records: what an intruder's rule or device looked like is evidence even when it is gone tomorrow.
 */
export async function snapshotOpenFindings(tenant: string, deps: StandingDeps): Promise<string | undefined> {
  const nowMs = deps.clock.now();
  const span = { tenant, fromMs: nowMs - DAYS * DAY_MS, toMs: nowMs };
  const open = await readFindings(deps.tables, span, (f) => f.state === 'open' && f.user !== '');
  const users = [...new Set(open.map((f) => f.user))].sort().slice(0, MAX_USERS);
  if (users.length === 0) return undefined;
  const files = await deps.snapshots({ tenant, users, apps: [], deadlineMs: nowMs + TIME_MS });
  const path = standingSnapshotPath(tenant, nowMs);
  const body = { format: 1, takenAt: new Date(nowMs).toISOString(), because: 'open findings', users, files };
  await deps.blobs.putNew(path, Buffer.from(JSON.stringify(body)), { contentType: 'application/json' });
  deps.log.info('snapshot.taken', { tenant, users: users.length, files: files.length });
  return path;
}
