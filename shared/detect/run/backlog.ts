import type { TableStore } from '../../store/stores.ts';
import { backlogPartition, TABLE } from '../keys.ts';

/**
 * Event dates whose records came after the live state had closed over them: the first backfill runs newest first, and
 * imports bring old records. Single-record rules have seen them; correlations look at the whole date again in a run.
 */
export async function noteBacklog(
  tables: TableStore,
  tenant: string,
  dates: Iterable<string>,
  nowMs: number,
): Promise<void> {
  const writes = [...new Set(dates)].map((date) => ({ row: date, cells: { atMs: nowMs } }));
  if (writes.length > 0) await tables.upsert(TABLE, backlogPartition(tenant), writes);
}

export interface DateRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly dates: readonly string[];
}

const DAY = 86_400_000;
const MAX_DAYS = 7;

/** Stretches of dates for which nothing has come for `quietMs`, a week at most each. */
export async function quietBacklog(
  tables: TableStore,
  tenant: string,
  nowMs: number,
  quietMs: number,
): Promise<DateRange[]> {
  const ranges: DateRange[] = [];
  for await (const { row: date, cells } of tables.query(TABLE, backlogPartition(tenant))) {
    if (nowMs - Number(cells['atMs']) < quietMs) continue;
    const fromMs = Date.parse(`${date}T00:00:00Z`);
    const last = ranges.at(-1);
    if (last && last.toMs === fromMs && last.dates.length < MAX_DAYS)
      ranges[ranges.length - 1] = { ...last, toMs: fromMs + DAY, dates: [...last.dates, date] };
    else ranges.push({ fromMs, toMs: fromMs + DAY, dates: [date] });
  }
  return ranges;
}

export const clearBacklog = (tables: TableStore, tenant: string, dates: readonly string[]): Promise<void> =>
  tables.remove(TABLE, backlogPartition(tenant), dates);
