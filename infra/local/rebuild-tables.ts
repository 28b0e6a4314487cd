import { rebuildWindows } from '../../shared/archive/rebuild-windows.ts';
import type { Receipt } from '../../shared/archive/receipt.ts';
import { WindowTable, type WindowRow } from '../../shared/archive/windows.ts';
import { afterPassReceipt } from '../../shared/collect/progress.ts';
import { afterSearch } from '../../shared/collect/ual-search/ledger.ts';
import { indexSegment } from '../../shared/indexing/index-segment.ts';
import { parseArchivePath, tenantPrefix, type SegmentRef } from '../../shared/layout.ts';
import { inParallel } from '../../shared/parallel.ts';
import { COLLECTED_SOURCES } from '../../shared/sources.ts';
import type { Stores } from '../../shared/store/stores.ts';

export interface RebuildOptions {
  readonly tenants: readonly string[];
  readonly settleHours: readonly number[];
  readonly nowMs: number;
  readonly onSegment?: (ref: SegmentRef, records: number) => void;
}

export interface Rebuilt {
  segments: number;
  records: number;
  windows: number;
}

const BATCH = 64;
const WIDTH = 2;

/** Index tables from segments, coverage from receipts: from the archive alone, to the same content (DESIGN §5.7). */
export async function rebuildTables(stores: Stores, o: RebuildOptions): Promise<Rebuilt> {
  const done: Rebuilt = { segments: 0, records: 0, windows: 0 };
  for (const tenant of o.tenants) {
    done.windows += await windowsOf(stores, tenant, o);
    let batch: SegmentRef[] = [];
    const flush = async (): Promise<void> => {
      await inParallel(batch, WIDTH, (ref) => index(stores, ref, o, done));
      batch = [];
    };
    for await (const { name } of stores.archive.list(tenantPrefix(tenant))) {
      const path = parseArchivePath(name);
      if (path?.kind !== 'manifest') continue;
      const { source, date, segment } = path;
      if (batch.push({ tenant, source, date, segment }) >= BATCH) await flush();
    }
    await flush();
  }
  return done;
}

async function index(stores: Stores, ref: SegmentRef, o: RebuildOptions, done: Rebuilt): Promise<void> {
  const { records } = await indexSegment(ref, { blobs: stores.archive, tables: stores.tables });
  done.segments++;
  done.records += records;
  o.onSegment?.(ref, records);
}

async function windowsOf(stores: Stores, tenant: string, o: RebuildOptions): Promise<number> {
  const table = new WindowTable(stores.tables);
  let count = 0;
  // Imports have receipts, but no windows.
  for (const source of COLLECTED_SOURCES) {
    const rows = await rebuildWindows(stores.archive, { tenant, source, nowMs: o.nowMs }, (row, receipt) =>
      source === 'ual-search'
        ? afterSearch({ ...row, passes: receipt.pass - 1 }, receipt)
        : afterReceipt(row, receipt, o.settleHours),
    );
    for (const row of rows) await table.put(row);
    count += rows.length;
  }
  return count;
}

/** The row as the collector leaves it after this receipt: of a pass, or of what the vendor had deleted. */
export function afterReceipt(row: WindowRow, receipt: Receipt, settleHours: readonly number[]): WindowRow {
  if (receipt.outcome !== 'gap')
    return afterPassReceipt({ ...row, passes: receipt.pass - 1 }, receipt, settleHours);
  return {
    ...row,
    state: 'gap',
    settled: true,
    dueMs: 0,
    queuedMs: 0,
    collectedMs: Date.parse(receipt.startedAt),
    records: 0,
    reason: receipt.reason ?? '',
  };
}

const TABLES = ['slices', 'sessions', 'users', 'windows'] as const;

/**
 * Removes what can be rebuilt. Findings and their states are an analyst's work, and stay. Rows of table `windows` that
 * are no windows come back by themselves: from the archive's notes (subscriptions), or with the next run.
 */
export async function clearTables({ tables }: Stores): Promise<number> {
  let removed = 0;
  for (const table of TABLES) {
    const found: { partition: string; row: string }[] = [];
    for await (const { partition, row } of tables.scan(table)) found.push({ partition, row });
    await inParallel(found, 8, ({ partition, row }) => tables.remove(table, partition, [row]));
    removed += found.length;
  }
  return removed;
}
