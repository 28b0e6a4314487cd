import { readReceipt } from '../archive/receipt.ts';
import { nextReceipt, type WindowRow } from '../archive/windows.ts';
import { QUEUE, type CollectMessage } from '../messages.ts';
import type { SourceId } from '../sources.ts';
import { collectFeedWindow } from './feed-window.ts';
import type { FeedPlace } from './feed.ts';
import { recordGap } from './gap.ts';
import { collectGraphWindow } from './graph-window.ts';
import type { Outcome } from './outcome.ts';
import { PassRecorder, type RecorderDeps } from './pass-recorder.ts';
import { clampToRetention } from './progress.ts';
import { answerable } from './retention.ts';
import { Semaphore } from './semaphore.ts';
import type { Interval, SourceSpec } from './spec.ts';
import { Spool, SpoolMemory } from './spool.ts';
import type { VendorApi } from './vendor-api.ts';

export interface TenantApis {
  readonly reports: VendorApi;
  readonly identity: VendorApi;
  readonly graphEndpoint: string;
  /** For subscriptions and preflight. */
  readonly feed: FeedPlace;
  /** The same with the source's own share of the request budget. */
  readonly feedOf: (source: SourceId) => FeedPlace;
}

export interface CollectorDeps extends RecorderDeps {
  readonly apis: (tenant: string) => TenantApis;
  readonly specs: (id: SourceId) => SourceSpec | undefined;
}

/** A unit of work ends well before the platform's limit of 10 minutes. */
const WORK_MS = 8 * 60_000;
/** Windows paging through the slow reports at once in this process; more would only share the same budget. */
const GRAPH_WIDTH = 4;
const MAX_GRAPH_WAIT_MS = 3 * 60_000;

/** Collects windows: one message, one pass over one window. Owns the write order (DESIGN §5.2). */
export class WindowCollector {
  readonly #d: CollectorDeps;
  readonly #recorder: PassRecorder;
  readonly #memory = new SpoolMemory();
  readonly #places = { reports: new Semaphore(GRAPH_WIDTH), identity: new Semaphore(1) };

  constructor(deps: CollectorDeps) {
    this.#d = deps;
    this.#recorder = new PassRecorder(deps);
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
    const receipt = await readReceipt(this.#d.archive.blobs, nextReceipt(row));
    if (receipt) return this.#recorder.conclude(row, receipt);
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
      await this.#recorder.pass({ spec, row, spool, startedMs }, outcome);
    } catch (error) {
      spool.discard();
      await this.#recorder.failed({ spec, row, spool, startedMs }, error);
    }
  }

  /** The part before the vendor's retention can no longer be proven; it is set aside as a gap before anything is claimed. */
  async #withinRetention(spec: SourceSpec, row: WindowRow, nowMs: number): Promise<WindowRow | undefined> {
    const clamp = clampToRetention(spec, row, nowMs);
    if (!clamp) return row;
    const { archive, windows } = this.#d;
    await recordGap({ blobs: archive.blobs, windows }, row, clamp, nowMs);
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
      return collectFeedWindow(spec, listed, { place: apis.feedOf(spec.id), spool, deadlineMs, done });
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
      const receipt = await readReceipt(this.#d.archive.blobs, { ...nextReceipt(row), pass });
      for (const r of receipt?.requests ?? [])
        if (r.contentId && r.status === 200 && !r.error) done.add(r.contentId);
    }
    return done;
  }
}
