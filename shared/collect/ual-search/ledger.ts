import { readReceipt, type Receipt, type ReceiptBody } from '../../archive/receipt.ts';
import { nextReceipt, type WindowRow, type WindowTable } from '../../archive/windows.ts';
import type { Clock } from '../../clock.ts';
import { formatSeconds } from '../../instant.ts';
import type { SegmentRef } from '../../layout.ts';
import type { Log } from '../../log.ts';
import type { BlobStore, QueueStore } from '../../store/stores.ts';
import { announce } from '../announce.ts';
import { retryDelayMs } from '../settle.ts';
import type { Interval } from '../spec.ts';
import type { JobTable } from './jobs.ts';

export interface LedgerDeps {
  readonly blobs: BlobStore;
  readonly windows: WindowTable;
  readonly jobs: JobTable;
  readonly queues: QueueStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** A refused source is tried again, with one window, after so long. */
const PROBE_MS = 15 * 60_000;

/** What becomes of one tenant's searched windows, on record: rows, receipts, index messages, queries done with. */
export class Ledger {
  readonly #d: LedgerDeps;
  readonly #tenant: string;

  constructor(d: LedgerDeps, tenant: string) {
    this.#d = d;
    this.#tenant = tenant;
  }

  /** True when a receipt is there without its row's update: its writer died in between. */
  async concluded(row: WindowRow): Promise<boolean> {
    const receipt = await readReceipt(this.#d.blobs, nextReceipt(row));
    if (!receipt) return false;
    await this.conclude(row, receipt);
    return true;
  }

  /** Coverage, then index messages, then the query is done with. */
  async conclude(row: WindowRow, receipt: Receipt | ReceiptBody): Promise<void> {
    await this.#d.windows.replace({ ...afterSearch(row, receipt), etag: row.etag! });
    const place = { tenant: this.#tenant, source: row.source };
    await this.announce(receipt.segments.map((segment) => ({ ...place, ...segment })));
    await this.#d.jobs.remove(row);
  }

  announce(segments: readonly SegmentRef[]): Promise<void> {
    return announce(this.#d.queues, segments);
  }

  async split(row: WindowRow, parts: readonly Interval[], reason: string): Promise<void> {
    const dueMs = this.#d.clock.now();
    const children = parts.map(({ fromMs, toMs }, i) => ({
      ...row,
      fromMs,
      toMs,
      records: i === 0 ? row.records : 0,
      attempts: 0,
      queuedMs: 0,
      dueMs,
      reason: `searched in parts: ${reason}`,
    }));
    // Split already by another run: its parts must not be overlaid.
    const current = await this.#d.windows.get(this.#tenant, row.source, row.fromMs);
    if (current?.etag === row.etag) await this.#d.windows.split(row, children);
    await this.#d.jobs.remove(row);
    this.#d.log.info('search.split', { ...this.#names(row), parts: parts.length, reason });
  }

  /** A new query, later. */
  async again(row: WindowRow, reason: string): Promise<void> {
    const attempts = row.attempts + 1;
    const dueMs = this.#d.clock.now() + retryDelayMs(attempts);
    await this.postpone({ ...row, attempts }, dueMs, `to be searched again: ${reason}`);
    await this.#d.jobs.remove(row);
    this.#d.log.warn('search.again', { ...this.#names(row), attempts, reason });
  }

  async postpone(row: WindowRow, dueMs: number, reason: string): Promise<void> {
    await this.#d.windows.replace({ ...row, queuedMs: 0, dueMs, reason });
  }

  /** Nothing can be searched until an administrator acts. */
  async refuse(unavailable: string): Promise<void> {
    const now = this.#d.clock.now();
    const note = { unavailable, sinceMs: now, probeMs: now + PROBE_MS };
    await this.#d.windows.setNote(this.#tenant, 'ual-search', note);
    this.#d.log.warn('search.unavailable', { tenant: this.#tenant, reason: unavailable });
  }

  async answered(): Promise<void> {
    const note = await this.#d.windows.note(this.#tenant, 'ual-search');
    if (note?.unavailable)
      await this.#d.windows.setNote(this.#tenant, 'ual-search', { unavailable: '', sinceMs: 0, probeMs: 0 });
  }

  #names(row: WindowRow): { tenant: string; from: string; to: string } {
    return { tenant: this.#tenant, from: formatSeconds(row.fromMs), to: formatSeconds(row.toMs) };
  }
}

const STATES = { collected: 'complete', partial: 'partial', gap: 'gap' } as const;

/** The row once its search is on record: one search settles it. Pure; also what a rebuild makes of the receipt. */
export function afterSearch(
  row: WindowRow,
  receipt: Pick<Receipt, 'outcome' | 'reason' | 'counts' | 'startedAt'>,
): WindowRow {
  const gap = receipt.outcome === 'gap';
  return {
    ...row,
    state: STATES[receipt.outcome],
    passes: row.passes + (gap ? 0 : 1),
    settled: true,
    attempts: 0,
    records: row.records + receipt.counts.added,
    reason: receipt.reason ?? '',
    dueMs: 0,
    queuedMs: 0,
    collectedMs: Date.parse(receipt.startedAt),
  };
}
