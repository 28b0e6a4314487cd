import { writeReconciliation } from '../../archive/reconciliation.ts';
import type { WindowRow, WindowTable } from '../../archive/windows.ts';
import type { Clock } from '../../clock.ts';
import { dateOf } from '../../instant.ts';
import type { Log } from '../../log.ts';
import type { BlobStore } from '../../store/stores.ts';
import { beyondExpected, mergeComparisons, type Comparison } from './comparison.ts';
import type { JobTable } from './jobs.ts';

export interface ReconcileDeps {
  readonly blobs: BlobStore;
  readonly windows: WindowTable;
  readonly jobs: JobTable;
  readonly clock: Clock;
  readonly log: Log;
}

const DAY = 86_400_000;

/** Writes the reconciliation of each date whose searched windows are all through. Safe to repeat. */
export async function reconcileDates(d: ReconcileDeps, tenant: string): Promise<void> {
  const waiting = await d.jobs.comparisons();
  const dates = new Set(waiting.map(({ fromMs }) => dateOf(fromMs)));
  for (const date of [...dates].sort()) {
    const fromMs = Date.parse(`${date}T00:00:00Z`);
    const rows = await searchedWindows(d.windows, tenant, fromMs);
    if (!rows) continue;
    const parts = waiting.filter((part) => dateOf(part.fromMs) === date);
    const compared = new Set(parts.map((part) => part.fromMs));
    const uncompared = rows.filter((row) => row.state !== 'gap' && !compared.has(row.fromMs)).length;
    await reconcile(d, tenant, date, mergeComparisons(parts.map((part) => part.comparison)), uncompared);
    await d.jobs.removeRows(parts.map((part) => part.row));
  }
}

/** All windows of a day, when all are through and together reach its end. */
async function searchedWindows(
  windows: WindowTable,
  tenant: string,
  fromMs: number,
): Promise<WindowRow[] | undefined> {
  const rows: WindowRow[] = [];
  for await (const row of windows.overlapping(tenant, 'ual-search', fromMs, fromMs + DAY)) rows.push(row);
  const through = rows.length > 0 && rows.every((row) => row.settled) && rows.at(-1)!.toMs >= fromMs + DAY;
  return through ? rows : undefined;
}

async function reconcile(
  d: ReconcileDeps,
  tenant: string,
  date: string,
  all: Comparison,
  uncompared: number,
): Promise<void> {
  const hours = beyondExpected(all.logins);
  const unmatched = all.logins.reduce((n, h) => n + h.unmatched, 0);
  await writeReconciliation(d.blobs, {
    tenant,
    date,
    madeAt: new Date(d.clock.now()).toISOString(),
    feed: all.feed,
    search: all.search,
    onlySearch: all.onlySearch,
    onlyFeed: all.onlyFeed,
    differences: all.differences,
    more: all.more,
    uncompared,
    signIns: {
      logins: all.logins.reduce((n, h) => n + h.logins, 0),
      unmatched,
      signIns: all.signIns,
      beyondExpected: hours,
    },
  });
  const facts = {
    tenant,
    date,
    feed: all.feed,
    search: all.search,
    onlySearch: all.onlySearch,
    onlyFeed: all.onlyFeed,
  };
  if (hours.length > 0)
    d.log.warn('reconcile.logins-without-sign-in', { tenant, date, unmatched, hours: hours.length });
  d.log.info('reconcile.date', { ...facts, uncompared });
}
