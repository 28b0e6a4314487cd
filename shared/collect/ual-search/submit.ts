import type { WindowRow, WindowTable } from '../../archive/windows.ts';
import type { Clock } from '../../clock.ts';
import { describeError, isHoldfastError } from '../../errors.ts';
import { dateOf, formatSeconds } from '../../instant.ts';
import { datePrefix } from '../../layout.ts';
import type { Log } from '../../log.ts';
import { FEED_SOURCES } from '../../sources.ts';
import type { BlobStore } from '../../store/stores.ts';
import { recordGap } from '../gap.ts';
import { SMALLEST_MS, splitInterval } from '../split.ts';
import { submitQuery, type SearchApi } from './audit-query.ts';
import { bySubmission, RETENTION_DAYS } from './decide.ts';
import type { JobTable } from './jobs.ts';
import type { Ledger } from './ledger.ts';

export interface SubmitDeps {
  readonly blobs: BlobStore;
  readonly windows: WindowTable;
  readonly jobs: JobTable;
  readonly ledger: Ledger;
  readonly api: SearchApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly deadlineMs: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Queries at the vendor at a time, of all instances: the portal's documented number. */
export const MAX_JOBS = 10;
/** One submission is not worth a long wait: the next run tries again. */
const SUBMIT_MS = 20_000;
/** A window with more feed records than this is searched in parts: both sides are compared in memory. */
const COMPARABLE = 400_000;

export const REMEDY =
  'Grant the application permission AuditLogsQuery.Read.All (Microsoft Graph) and give admin consent.';

/** Hands as many due windows to the vendor as there is room for. */
export async function submitDue(d: SubmitDeps, tenant: string): Promise<void> {
  const note = await d.windows.note(tenant, 'ual-search');
  const refused = note !== undefined && note.unavailable !== '';
  if (refused && note.probeMs > d.clock.now()) return;
  const active = new Set((await d.jobs.jobs()).map((job) => job.fromMs));
  for (const row of await dueWindows(d, tenant, active)) {
    if (active.size >= (refused ? 1 : MAX_JOBS) || d.clock.now() >= d.deadlineMs) return;
    if (await setAside(d, row)) continue;
    if (!(await submit(d, row))) return;
    active.add(row.fromMs);
  }
}

async function dueWindows(d: SubmitDeps, tenant: string, active: ReadonlySet<number>): Promise<WindowRow[]> {
  const now = d.clock.now();
  const due: WindowRow[] = [];
  for await (const row of d.windows.unsettled(tenant, 'ual-search'))
    if (row.dueMs <= now && !active.has(row.fromMs)) due.push(row);
  return due.sort(bySubmission(now));
}

/** True when the row is not to be submitted as it is. */
async function setAside(d: SubmitDeps, row: WindowRow): Promise<boolean> {
  if (await d.ledger.concluded(row)) return true;
  const now = d.clock.now();
  const horizonMs = Math.ceil((now - RETENTION_DAYS * DAY) / 1000) * 1000;
  if (row.fromMs < horizonMs) {
    await recordLost(d, row, Math.min(horizonMs, row.toMs));
    return true;
  }
  if (await isFeedBehind(d, row)) {
    await d.ledger.postpone(row, now + 6 * HOUR, 'the feed still collects this time; searched after it');
    return true;
  }
  const parts = Math.min(24, Math.ceil((await feedRecords(d, row)) / COMPARABLE));
  if (parts < 2 || row.toMs - row.fromMs <= SMALLEST_MS) return false;
  await d.ledger.split(row, splitInterval(row, parts), 'more records than are compared at once');
  return true;
}

/** What the vendor deleted before it was searched: a receipt and a row with exact bounds. */
async function recordLost(d: SubmitDeps, row: WindowRow, toMs: number): Promise<void> {
  const now = d.clock.now();
  const reason = `not searched in time: on ${formatSeconds(now)} it was older than the ${RETENTION_DAYS} days that the vendor keeps`;
  const gap: WindowRow = {
    ...row,
    toMs,
    state: 'gap',
    settled: true,
    dueMs: 0,
    queuedMs: 0,
    collectedMs: now,
    records: 0,
    reason,
  };
  const rest = toMs < row.toMs ? { ...row, fromMs: toMs } : undefined;
  await recordGap(d, row, { gap, rest }, now);
}

/** The feed lags behind and can still bring this time: what the search archived now, it would bring again. */
async function isFeedBehind(d: SubmitDeps, row: WindowRow): Promise<boolean> {
  if (row.toMs < d.clock.now() - 8 * DAY) return false;
  for (const source of FEED_SOURCES) {
    const note = await d.windows.note(row.tenant, source);
    if (note?.unavailable) continue;
    for await (const feed of d.windows.overlapping(row.tenant, source, row.fromMs, row.toMs + DAY))
      if (!feed.settled && feed.passes === 0) return true;
  }
  return false;
}

/** How many records the feed's archive holds of a window's date; 0 for parts of a day, which were judged before. */
async function feedRecords(d: SubmitDeps, row: WindowRow): Promise<number> {
  if (row.toMs - row.fromMs < DAY / 2) return 0;
  let records = 0;
  for (const source of FEED_SOURCES)
    for await (const { metadata } of d.blobs.list(datePrefix(row.tenant, source, dateOf(row.fromMs))))
      if ('untimed' in metadata) records += Number(metadata['records']);
  return records;
}

/** False when no more can be submitted now. */
async function submit(d: SubmitDeps, row: WindowRow): Promise<boolean> {
  const now = d.clock.now();
  try {
    const versions = await d.jobs.versions(now);
    const context = { deadlineMs: now + SUBMIT_MS, onRequest: () => undefined };
    const { query, version } = await submitQuery(d.api, row, versions, context);
    await d.jobs.put({ fromMs: row.fromMs, toMs: row.toMs, query: query.id, version, submittedMs: now });
    await d.jobs.answered(version, now);
    await d.ledger.answered();
    return true;
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    const facts = { tenant: row.tenant, code: error.code, error: describeError(error) };
    if (error.code === 'vendor-refused' || error.code === 'not-found')
      await d.ledger.refuse(`${error.message} ${REMEDY}`);
    else d.log.warn('search.submit-failed', facts);
    return false;
  }
}
