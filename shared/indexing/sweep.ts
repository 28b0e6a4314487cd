import { datePrefix, indexedPartition, parseArchivePath, sourcePrefix, type SegmentRef } from '../layout.ts';
import type { Clock } from '../clock.ts';
import { dateOf } from '../instant.ts';
import type { Log } from '../log.ts';
import { QUEUE } from '../messages.ts';
import { SOURCE_IDS, type SourceId } from '../sources.ts';
import type { BlobStore, QueueStore, TableStore } from '../store/stores.ts';

/** Segments with a manifest that the tables do not know: their index message was lost with its writer. */
export async function* unindexedSegments(
  deps: { readonly blobs: BlobStore; readonly tables: TableStore },
  tenant: string,
  source: SourceId,
  date?: string,
): AsyncIterable<SegmentRef> {
  const prefix = date === undefined ? sourcePrefix(tenant, source) : datePrefix(tenant, source, date);
  const partition = indexedPartition(tenant, source);
  const range = date === undefined ? {} : { from: `${date}|`, to: `${date}|~` };
  const indexed = new Set<string>();
  for await (const row of deps.tables.query('slices', partition, range)) indexed.add(row.row);
  for await (const blob of deps.blobs.list(prefix)) {
    const path = parseArchivePath(blob.name);
    if (path?.kind !== 'manifest' || indexed.has(`${path.date}|${path.segment}`)) continue;
    yield { tenant, source, date: path.date, segment: path.segment };
  }
}

export interface SweepDeps {
  readonly blobs: BlobStore;
  readonly tables: TableStore;
  readonly queues: QueueStore;
  readonly clock: Clock;
  readonly log: Log;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Sends index messages for segments that have none: hourly for the last two event dates, daily for all (late
 * records and imports lie further back). Listings cost money, so a mark in the table spaces them.
 */
export async function sweepTenants(d: SweepDeps, tenants: readonly string[]): Promise<void> {
  const now = d.clock.now();
  for (const tenant of tenants) {
    const full = await claim(d.tables, `${tenant}|sweep`, 'all', now, DAY);
    const recent = full || (await claim(d.tables, `${tenant}|sweep`, 'recent', now, HOUR));
    if (!recent) continue;
    const dates = full ? [undefined] : [dateOf(now), dateOf(now - DAY)];
    for (const source of SOURCE_IDS) for (const date of dates) await sweepOne(d, tenant, source, date);
  }
}

async function sweepOne(
  d: SweepDeps,
  tenant: string,
  source: SourceId,
  date: string | undefined,
): Promise<void> {
  const found: SegmentRef[] = [];
  for await (const ref of unindexedSegments(d, tenant, source, date)) found.push(ref);
  if (found.length === 0) return;
  await d.queues.send(QUEUE.index, found);
  d.log.info('index.swept', { source, segments: found.length });
}

/** True for one caller a period. */
async function claim(
  tables: TableStore,
  partition: string,
  row: string,
  nowMs: number,
  periodMs: number,
): Promise<boolean> {
  const known = await tables.get('slices', partition, row);
  const cells = { at: new Date(nowMs).toISOString() };
  if (!known) return (await tables.insert('slices', partition, { row, cells })) === 'created';
  if (nowMs - Date.parse(String(known.cells['at'])) < periodMs) return false;
  return (await tables.replace('slices', partition, { row, cells }, known.etag)) === 'replaced';
}
