import type { SegmentRef } from '../../layout.ts';
import { isSourceId } from '../../sources.ts';
import type { TableStore } from '../../store/stores.ts';
import { detectedPartition, detectedRow, pendingPartition, pendingRow, TABLE } from '../keys.ts';

/**
 * Notes a segment for the next evaluation; called when it is indexed, before its queue message is done, so that no
 * segment is forgotten. Comparing lists of segments instead would cost a listing of the archive every five minutes.
 */
export const notePending = (tables: TableStore, ref: SegmentRef): Promise<void> =>
  tables.upsert(TABLE, pendingPartition(ref.tenant), [{ row: pendingRow(ref), cells: {} }]);

/** Segments to evaluate, by event date. */
export async function pendingSegments(
  tables: TableStore,
  tenant: string,
  limit: number,
): Promise<SegmentRef[]> {
  const found: SegmentRef[] = [];
  for await (const { row } of tables.query(TABLE, pendingPartition(tenant))) {
    const [date, source, segment] = row.split('|') as [string, string, string];
    if (isSourceId(source)) found.push({ tenant, source, date, segment });
    if (found.length >= limit) break;
  }
  return found;
}

/** Was the segment evaluated with these rules? */
export async function isDetected(tables: TableStore, ref: SegmentRef, version: string): Promise<boolean> {
  const mark = await tables.get(TABLE, detectedPartition(ref.tenant, ref.source), detectedRow(ref));
  return mark?.cells['version'] === version;
}

/** Last step of an evaluation: findings and state are stored by now. */
export async function markDetected(
  tables: TableStore,
  ref: SegmentRef,
  version: string,
  records: number,
): Promise<void> {
  await tables.upsert(TABLE, detectedPartition(ref.tenant, ref.source), [
    { row: detectedRow(ref), cells: { version, records } },
  ]);
  await tables.remove(TABLE, pendingPartition(ref.tenant), [pendingRow(ref)]);
}
