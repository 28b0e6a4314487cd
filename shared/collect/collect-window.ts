import { readReceipt, writeReceipt, type Receipt, type ReceiptKey } from '../archive/receipt.ts';
import type { WindowRow, WindowTable } from '../archive/windows.ts';
import type { Archive } from '../archive/archive.ts';
import type { Clock } from '../clock.ts';
import { describeError, isHoldfastError } from '../errors.ts';
import type { SegmentRef } from '../layout.ts';
import type { Log } from '../log.ts';
import { QUEUE, type CollectMessage, type IndexMessage } from '../messages.ts';
import type { SourceId } from '../sources.ts';
import type { QueueStore } from '../store/stores.ts';
import { collectFeedWindow } from './feed-window.ts';
import type { FeedPlace } from './feed.ts';
import { collectGraphWindow } from './graph-window.ts';
import type { Outcome } from './outcome.ts';
import { afterFailure, afterPass, childWindows, clampToRetention } from './progress.ts';
import { answerable, judged, tooLate } from './retention.ts';
import { Semaphore } from './semaphore.ts';
import type { Interval, SourceSpec } from './spec.ts';
import { Spool, SpoolMemory } from './spool.ts';
import { subscriptionCaveat, type Subscriptions } from './subscriptions.ts';
import type { VendorApi } from './vendor-api.ts';

export interface TenantApis {
  readonly reports: VendorApi;
  readonly identity: VendorApi;
  readonly graphEndpoint: string;
  readonly feed: FeedPlace;
}

export interface CollectorDeps {
  readonly archive: Archive;
  readonly windows: WindowTable;
  readonly queues: QueueStore;
  readonly subscriptions: Subscriptions;
  readonly apis: (tenant: string) => TenantApis;
  readonly specs: (id: SourceId) => SourceSpec | undefined;
  readonly settleHours: readonly number[];
  readonly clock: Clock;
  readonly log: Log;
}

/** A unit of work ends well before the platform's limit of 10 minutes. */
const WORK_MS = 8 * 60_000;
/** Windows paging through the slow reports at once in this process; more would only share the same budget. */
const GRAPH_WIDTH = 4;
const MAX_GRAPH_WAIT_MS = 3 * 60_000;

/** Collects windows: one message, one pass over one window. Owns the write order (DESIGN §5.2). */
export class WindowCollector {
  readonly #d: CollectorDeps;
  readonly #memory = new SpoolMemory();
  readonly #places = { reports: new Semaphore(GRAPH_WIDTH), identity: new Semaphore(1) };

  constructor(deps: CollectorDeps) {
    this.#d = deps;
  }

  /** Handles a message. Returns when the pass is on record; throws only for faults worth the queue's own retry. */
  async handle(message: CollectMessage): Promise<void> {
    const spec = this.#d.specs(message.source);
    const row = await this.#d.windows.get(message.tenant, message.source, message.fromMs);
    if (!spec || !row || row.settled || row.toMs !== message.toMs || row.passes + 1 !== message.pass) {
      return this.#d.log.info('collect.stale', {
        source: message.source,
        from: message.fromMs,
        pass: message.pass,
      });
    }
    const receipt = await readReceipt(this.#d.archive.blobs, keyOf(row));
    if (receipt) return this.#conclude(row, receipt);
    if (await this.#refusedMeanwhile(row)) return;
    if (spec.api === 'feed') return this.#pass(spec, row);
    const ticket = await this.#places[spec.budget].enter(MAX_GRAPH_WAIT_MS, this.#d.clock);
    if (!ticket) return this.#later(row, message);
    try {
      await this.#pass(spec, row);
    } finally {
      ticket();
    }
  }

  /** A window that was queued before its source was refused waits for the probe: each would ask in vain for half a minute. */
  async #refusedMeanwhile(row: WindowRow): Promise<boolean> {
    const note = await this.#d.windows.note(row.tenant, row.source);
    if (!note?.unavailable || note.probeMs <= this.#d.clock.now()) return false;
    await this.#d.windows.replace({ ...row, queuedMs: 0, dueMs: note.probeMs });
    return true;
  }

  async #later(row: WindowRow, message: CollectMessage): Promise<void> {
    await this.#d.queues.send(QUEUE.collect, [message], { delayMs: 30_000 });
    this.#d.log.info('collect.postponed', { source: row.source, from: row.fromMs });
  }

  async #pass(spec: SourceSpec, planned: WindowRow): Promise<void> {
    const startedMs = this.#d.clock.now();
    const row = await this.#withinRetention(spec, planned, startedMs);
    if (!row) return;
    const spool = new Spool({
      tenant: row.tenant,
      source: row.source,
      window: { fromMs: planned.fromMs, toMs: row.toMs },
      pass: row.passes + 1,
      ...(spec.api === 'graph' && { owns: { fromMs: planned.fromMs, toMs: row.toMs } }),
      append: (request) => this.#d.archive.append(request),
      memory: this.#memory,
    });
    try {
      const outcome = await this.#collect(spec, planned, row, spool, startedMs + WORK_MS);
      await spool.flush();
      await this.#record(spec, row, spool, outcome, startedMs);
    } catch (error) {
      spool.discard();
      await this.#failed(spec, row, spool, error);
    }
  }

  /** The part before the vendor's retention can no longer be proven; it is set aside as a gap before anything is claimed. */
  async #withinRetention(spec: SourceSpec, row: WindowRow, nowMs: number): Promise<WindowRow | undefined> {
    const clamp = clampToRetention(spec, row, nowMs);
    if (!clamp) return row;
    const at = new Date(nowMs).toISOString();
    await writeReceipt(this.#d.archive.blobs, keyOf(clamp.gap), {
      outcome: 'gap',
      reason: clamp.gap.reason,
      startedAt: at,
      finishedAt: at,
      counts: { received: 0, added: 0, versions: 0, duplicates: 0, outside: 0, unparsed: 0 },
      segments: [],
      settled: true,
      requests: [],
    });
    await this.#d.windows.split(row, clamp.rest ? [clamp.gap, clamp.rest] : [clamp.gap]);
    return clamp.rest && (await this.#d.windows.get(row.tenant, row.source, clamp.rest.fromMs));
  }

  async #collect(
    spec: SourceSpec,
    planned: WindowRow,
    row: WindowRow,
    spool: Spool,
    deadlineMs: number,
  ): Promise<Outcome> {
    const apis = this.#d.apis(row.tenant);
    if (spec.api === 'feed') {
      // The feed refuses a listing that begins before its retention; of what it has deleted it lists nothing.
      const listed = answerable(spec, row, this.#d.clock.now());
      if (!listed) return { kind: 'collected' };
      const done = await this.#doneContent(row);
      return collectFeedWindow(spec, listed, { place: apis.feed, spool, deadlineMs, done });
    }
    // What the vendor still holds beyond its promise is taken too: asked for, though never claimed.
    const asked: Interval = { fromMs: spec.marginMs > 0 ? row.fromMs : planned.fromMs, toMs: row.toMs };
    return collectGraphWindow(spec, asked, {
      api: apis[spec.budget],
      endpoint: apis.graphEndpoint,
      spool,
      deadlineMs,
    });
  }

  /** Content ids that earlier passes stored, from their receipts: the archive is the memory. */
  async #doneContent(row: WindowRow): Promise<Set<string>> {
    const done = new Set<string>();
    for (let pass = 1; pass <= row.passes; pass++) {
      const receipt = await readReceipt(this.#d.archive.blobs, { ...keyOf(row), pass });
      for (const r of receipt?.requests ?? [])
        if (r.contentId && r.status === 200 && !r.error) done.add(r.contentId);
    }
    return done;
  }

  async #record(
    spec: SourceSpec,
    row: WindowRow,
    spool: Spool,
    outcome: Outcome,
    startedMs: number,
  ): Promise<void> {
    if (outcome.kind === 'split') return this.#split(row, spool, outcome);
    const caveat = spec.api === 'feed' ? await subscriptionCaveat(this.#d.subscriptions, row) : undefined;
    const proven = judged(row, outcome, tooLate(spec, row, startedMs, this.#d.settleHours), caveat);
    const next = afterPass(row, proven, {
      startedMs,
      added: spool.counts.added,
      settleHours: this.#d.settleHours,
    });
    const receipt: Omit<Receipt, 'format' | 'tenant' | 'source' | 'window' | 'pass' | 'software'> = {
      outcome: proven.kind,
      ...(proven.kind === 'partial' && { reason: proven.reason }),
      startedAt: new Date(startedMs).toISOString(),
      finishedAt: new Date(this.#d.clock.now()).toISOString(),
      counts: spool.counts,
      segments: spool.segments.map(({ date, segment }) => ({ date, segment })),
      settled: next.settled,
      requests: spool.requests,
    };
    await writeReceipt(this.#d.archive.blobs, keyOf(row), receipt);
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
  async #conclude(row: WindowRow, receipt: Receipt): Promise<void> {
    const outcome: Outcome =
      receipt.outcome === 'collected'
        ? { kind: 'collected' }
        : { kind: 'partial', reason: receipt.reason ?? '', final: receipt.settled };
    const next = afterPass(row, outcome, {
      startedMs: Date.parse(receipt.startedAt),
      added: receipt.counts.added,
      settleHours: this.#d.settleHours,
    });
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

  async #announce(segments: readonly SegmentRef[]): Promise<void> {
    const messages: IndexMessage[] = segments.map(({ tenant, source, date, segment }) => ({
      tenant,
      source,
      date,
      segment,
    }));
    if (messages.length > 0) await this.#d.queues.send(QUEUE.index, messages);
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

  async #failed(spec: SourceSpec, row: WindowRow, spool: Spool, error: unknown): Promise<void> {
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

const keyOf = (row: WindowRow): ReceiptKey => ({
  tenant: row.tenant,
  source: row.source,
  fromMs: row.fromMs,
  toMs: row.toMs,
  pass: row.passes + 1,
});
