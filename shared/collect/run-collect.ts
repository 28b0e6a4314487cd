import type { WindowRow, WindowTable } from '../archive/windows.ts';
import type { Archive } from '../archive/archive.ts';
import type { Clock } from '../clock.ts';
import { describeError, isHoldfastError } from '../errors.ts';
import type { Log } from '../log.ts';
import { QUEUE, type CollectMessage } from '../messages.ts';
import type { QueueStore } from '../store/stores.ts';
import type { TenantApis } from './collect-window.ts';
import { recordGap } from './gap.ts';
import { planSource, type Plan } from './plan.ts';
import { gapWindow } from './progress.ts';
import type { FeedSpec, SourceSpec } from './spec.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface CollectRunDeps {
  readonly tenants: readonly string[];
  readonly specs: readonly SourceSpec[];
  readonly backfillDays: number;
  readonly archive: Archive;
  readonly windows: WindowTable;
  readonly queues: QueueStore;
  readonly subscriptions: Subscriptions;
  readonly apis: (tenant: string) => TenantApis;
  readonly clock: Clock;
  readonly log: Log;
}

const SUBSCRIPTION_WORK_MS = 2 * 60_000;

/** The timer's work: keep subscriptions alive, plan windows, hand the due ones to the queue. */
export async function runCollect(d: CollectRunDeps): Promise<void> {
  const faults: unknown[] = [];
  for (const tenant of d.tenants) {
    await ensureSubscriptions(d, tenant);
    const backlog = new Backlog();
    for (const spec of d.specs) {
      // One source's fault stops no other.
      try {
        await planOne(d, tenant, spec, backlog);
      } catch (error) {
        d.log.warn('collect.plan-failed', { source: spec.id, error: describeError(error) });
        faults.push(error);
      }
    }
  }
  if (faults.length > 0) throw new AggregateError(faults, `${faults.length} sources could not be planned`);
}

async function ensureSubscriptions(d: CollectRunDeps, tenant: string): Promise<void> {
  const specs = d.specs.filter((s): s is FeedSpec => s.api === 'feed');
  if (specs.length === 0) return;
  const deadlineMs = d.clock.now() + SUBSCRIPTION_WORK_MS;
  try {
    const failures = await d.subscriptions.ensure(d.apis(tenant).feed, specs, deadlineMs);
    for (const [source, error] of failures)
      d.log.warn('collect.subscription-failed', { source, error: describeError(error) });
  } catch (error) {
    // The windows themselves will be refused or answered, and say so in coverage.
    if (!isHoldfastError(error)) throw error;
    d.log.warn('collect.subscriptions-failed', { error: describeError(error) });
  }
}

/** First collections that wait for the small budget of the reports, over all sources that share it. */
class Backlog {
  #counts: Map<SourceSpec['id'], number> | undefined;

  async of(d: CollectRunDeps, tenant: string, spec: SourceSpec): Promise<number> {
    if (!drawsOnReports(spec)) return 0;
    this.#counts ??= await this.#count(d, tenant);
    return [...this.#counts.values()].reduce((sum, n) => sum + n, 0);
  }

  async #count(d: CollectRunDeps, tenant: string): Promise<Map<SourceSpec['id'], number>> {
    const counts = new Map<SourceSpec['id'], number>();
    for (const { id } of d.specs.filter(drawsOnReports)) {
      // What a refused source waits for is no request's fault, and its windows wait without any.
      if ((await d.windows.note(tenant, id))?.unavailable) continue;
      for await (const row of d.windows.unsettled(tenant, id))
        if (row.passes === 0) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }
}

const drawsOnReports = (spec: SourceSpec): boolean => spec.api === 'graph' && spec.budget === 'reports';

async function planOne(d: CollectRunDeps, tenant: string, spec: SourceSpec, backlog: Backlog): Promise<void> {
  const nowMs = d.clock.now();
  const unsettled: WindowRow[] = [];
  for await (const row of d.windows.unsettled(tenant, spec.id)) unsettled.push(row);
  const { toMs } = await d.windows.frontier(tenant, spec.id, nowMs);
  const plan = planSource({
    tenant,
    spec,
    nowMs,
    backfillDays: d.backfillDays,
    plannedToMs: toMs,
    unsettled,
    note: await d.windows.note(tenant, spec.id),
    backlog: await backlog.of(d, tenant, spec),
  });
  await d.windows.setPostponed(tenant, spec.id, plan.postponed);
  for (const { window, gap, rest } of plan.lost) {
    const lost = {
      gap: gapWindow(window, gap, spec, nowMs),
      rest: rest && { ...window, ...rest, queuedMs: 0 },
    };
    await recordGap({ blobs: d.archive.blobs, windows: d.windows }, window, lost, nowMs);
  }
  await create(d, plan, nowMs);
  const known = plan.enqueue.filter((row) => row.etag !== undefined);
  for (const row of known) await enqueue(d, row, nowMs);
  if (plan.create.length + plan.enqueue.length + plan.lost.length > 0) {
    d.log.info('collect.planned', {
      source: spec.id,
      created: plan.create.length,
      queued: plan.enqueue.length,
      lost: plan.lost.length,
    });
  }
}

/** Row first, message second: a lost message is sent again when its row has waited too long. */
async function create(d: CollectRunDeps, plan: Plan, nowMs: number): Promise<void> {
  const queued = new Set(plan.enqueue.map((row) => row.fromMs));
  const rows = plan.create.map((row) => ({ ...row, queuedMs: queued.has(row.fromMs) ? nowMs : 0 }));
  await d.windows.createAll(rows);
  await d.queues.send(QUEUE.collect, plan.enqueue.filter((row) => row.etag === undefined).map(messageFor));
}

async function enqueue(d: CollectRunDeps, row: WindowRow, nowMs: number): Promise<void> {
  if ((await d.windows.replace({ ...row, queuedMs: nowMs })) === 'changed') return;
  await d.queues.send(QUEUE.collect, [messageFor(row)]);
}

const messageFor = (row: WindowRow): CollectMessage => ({
  tenant: row.tenant,
  source: row.source,
  fromMs: row.fromMs,
  toMs: row.toMs,
  pass: row.passes + 1,
});
