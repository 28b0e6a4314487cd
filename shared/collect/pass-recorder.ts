import type { Archive } from '../archive/archive.ts';
import { writeReceipt, type Receipt, type ReceiptBody } from '../archive/receipt.ts';
import { nextReceipt, type WindowRow, type WindowTable } from '../archive/windows.ts';
import type { Clock } from '../clock.ts';
import { describeError, isHoldfastError } from '../errors.ts';
import type { SegmentRef } from '../layout.ts';
import type { Log } from '../log.ts';
import { QUEUE, type CollectMessage } from '../messages.ts';
import type { QueueStore } from '../store/stores.ts';
import { announce } from './announce.ts';
import type { Outcome } from './outcome.ts';
import { afterFailure, afterPass, afterPassReceipt, childWindows } from './progress.ts';
import { judged, tooLate } from './retention.ts';
import type { SourceSpec } from './spec.ts';
import type { Spool } from './spool.ts';
import { subscriptionCaveat, type Subscriptions } from './subscriptions.ts';

export interface RecorderDeps {
  readonly archive: Archive;
  readonly windows: WindowTable;
  readonly queues: QueueStore;
  readonly subscriptions: Subscriptions;
  readonly settleHours: readonly number[];
  readonly clock: Clock;
  readonly log: Log;
}

/** One pass over one window, all its records archived. */
export interface Pass {
  readonly spec: SourceSpec;
  readonly row: WindowRow;
  readonly spool: Spool;
  readonly startedMs: number;
}

/** Puts passes on record: receipt, then coverage, then index messages (DESIGN §5.2). */
export class PassRecorder {
  readonly #d: RecorderDeps;

  constructor(deps: RecorderDeps) {
    this.#d = deps;
  }

  /** A pass that came to an end: receipt, coverage, index messages; or the parts that take the window's place. */
  async pass({ spec, row, spool, startedMs }: Pass, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'split') return this.#split(row, spool, outcome);
    const caveat = spec.api === 'feed' ? await subscriptionCaveat(this.#d.subscriptions, row) : undefined;
    const proven = judged(row, outcome, tooLate(spec, row, startedMs, this.#d.settleHours), caveat);
    const next = afterPass(row, proven, {
      startedMs,
      added: spool.counts.added,
      settleHours: this.#d.settleHours,
    });
    const receipt: ReceiptBody = {
      outcome: proven.kind,
      ...(proven.kind === 'partial' && { reason: proven.reason }),
      startedAt: new Date(startedMs).toISOString(),
      finishedAt: new Date(this.#d.clock.now()).toISOString(),
      counts: spool.counts,
      segments: spool.segments.map(({ date, segment }) => ({ date, segment })),
      settled: next.settled,
      requests: spool.requests,
    };
    await writeReceipt(this.#d.archive.blobs, nextReceipt(row), receipt);
    await this.#finish(row, next, spool.segments);
    await this.#answered(row);
    this.#d.log.info('collect.pass', {
      source: row.source,
      from: row.fromMs,
      to: row.toMs,
      pass: next.passes,
      state: next.state,
      ...spool.counts,
    });
  }

  /** A receipt without its window's update: the writer died in between. Everything after it is done again. */
  async conclude(row: WindowRow, receipt: Receipt): Promise<void> {
    const next = afterPassReceipt(row, receipt, this.#d.settleHours);
    const place = { tenant: row.tenant, source: row.source };
    await this.#finish(
      row,
      next,
      receipt.segments.map((s) => ({ ...place, ...s })),
    );
  }

  /** Coverage, then index messages. */
  async #finish(row: WindowRow, next: WindowRow, segments: readonly SegmentRef[]): Promise<void> {
    // "changed": another delivery of the message has recorded the same receipt.
    await this.#d.windows.replace({ ...next, etag: row.etag! });
    await this.#announce(segments);
  }

  #announce(segments: readonly SegmentRef[]): Promise<void> {
    return announce(this.#d.queues, segments);
  }

  async #split(
    row: WindowRow,
    spool: Spool,
    { parts, reason }: Extract<Outcome, { kind: 'split' }>,
  ): Promise<void> {
    await this.#announce(spool.segments);
    // Another delivery may have split it already, perhaps elsewhere: its children must not be overlaid.
    const current = await this.#d.windows.get(row.tenant, row.source, row.fromMs);
    if (current?.etag !== row.etag) return;
    const children = childWindows(row, parts, this.#d.clock.now());
    await this.#d.windows.split(row, children);
    await this.#d.queues.send(
      QUEUE.collect,
      children.map((c): CollectMessage => ({
        tenant: c.tenant,
        source: c.source,
        fromMs: c.fromMs,
        toMs: c.toMs,
        pass: c.passes + 1,
      })),
    );
    this.#d.log.info('collect.split', {
      source: row.source,
      from: row.fromMs,
      to: row.toMs,
      parts: parts.length,
      reason,
    });
  }

  async #answered(row: WindowRow): Promise<void> {
    const note = await this.#d.windows.note(row.tenant, row.source);
    if (note?.unavailable)
      await this.#d.windows.setNote(row.tenant, row.source, { unavailable: '', sinceMs: 0, probeMs: 0 });
  }

  /** A pass that failed. What it archived is announced; storage's and our own faults are thrown on. */
  async failed({ spec, row, spool }: Pass, error: unknown): Promise<void> {
    await this.#announce(spool.segments);
    // Faults of our own or of storage go back to the queue, which keeps count.
    if (!isHoldfastError(error) || error.code === 'archive-corrupt' || error.code === 'internal') throw error;
    const now = this.#d.clock.now();
    const failure = afterFailure(spec, row, error, now);
    await this.#d.windows.replace({ ...failure.window, etag: row.etag! });
    if (failure.note) await this.#d.windows.setNote(row.tenant, row.source, failure.note);
    this.#d.log.warn('collect.failed', {
      source: row.source,
      from: row.fromMs,
      to: row.toMs,
      code: error.code,
      error: describeError(error),
    });
  }
}
