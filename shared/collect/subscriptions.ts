import { readSubscriptionNote, writeSubscriptionNote } from '../archive/subscription-note.ts';
import type { WindowRow } from '../archive/windows.ts';
import type { Clock } from '../clock.ts';
import { isHoldfastError } from '../errors.ts';
import { formatSeconds } from '../instant.ts';
import { windowPartition } from '../layout.ts';
import type { BlobStore, TableStore } from '../store/stores.ts';
import { enabledSubscriptions, startSubscription, type FeedPlace } from './feed.ts';
import type { FeedSpec, Interval } from './spec.ts';

/** After a start, another one within 15 minutes is refused (API-FACTS C). */
const START_PAUSE_MS = 15 * 60_000;
const ROW = '~subscription';
const TABLE = 'windows';

export interface SubscriptionState {
  /** When we first started it, milliseconds; 0 when it was already running when first seen. */
  readonly startedMs: number;
  readonly triedMs: number;
  /** Time without a subscription, when one that had run was found stopped: its content is lost for the feed. */
  readonly interrupted: readonly Interval[];
  /** When it was last seen running; 0 for never. */
  readonly seenMs: number;
  /** Whether the archive has a note of this start. */
  readonly noted?: boolean;
}

/**
 * The life cycle of the feed's subscriptions, on record in the `windows` table, and each start in the archive: a row
 * that was lost is taken from there, or a rebuilt window would be claimed that the lost row knew to be partial.
 */
export class Subscriptions {
  readonly #tables: TableStore;
  readonly #blobs: BlobStore;
  readonly #clock: Clock;

  constructor(stores: { readonly tables: TableStore; readonly archive: BlobStore }, clock: Clock) {
    this.#tables = stores.tables;
    this.#blobs = stores.archive;
    this.#clock = clock;
  }

  async get(tenant: string, source: FeedSpec['id']): Promise<SubscriptionState | undefined> {
    const row = await this.#tables.get(TABLE, windowPartition(tenant, source), ROW);
    if (row) return JSON.parse(String(row.cells['subscription'])) as SubscriptionState;
    const note = await readSubscriptionNote(this.#blobs, tenant, source);
    return note && { ...note, triedMs: 0, seenMs: 0, noted: true };
  }

  async #put(tenant: string, source: FeedSpec['id'], state: SubscriptionState): Promise<void> {
    const cells = { subscription: JSON.stringify(state), settled: true };
    await this.#tables.upsert(TABLE, windowPartition(tenant, source), [{ row: ROW, cells }]);
  }

  /** Starts what is not running. One content type's failure stops no other. Returns failures by source. */
  async ensure(
    place: FeedPlace,
    specs: readonly FeedSpec[],
    deadlineMs: number,
  ): Promise<Map<FeedSpec['id'], unknown>> {
    const failures = new Map<FeedSpec['id'], unknown>();
    const context = { deadlineMs, onRequest: () => undefined };
    const enabled = await enabledSubscriptions(place, context);
    for (const spec of specs) {
      try {
        await this.#ensureOne(place, spec, enabled.has(spec.contentType), context);
      } catch (error) {
        if (!isHoldfastError(error)) throw error;
        failures.set(spec.id, error);
      }
    }
    return failures;
  }

  async #ensureOne(
    place: FeedPlace,
    spec: FeedSpec,
    enabled: boolean,
    context: Parameters<typeof startSubscription>[2],
  ): Promise<void> {
    const now = this.#clock.now();
    const known = await this.get(place.tenant, spec.id);
    if (enabled) {
      const base = known ?? { startedMs: 0, triedMs: 0, interrupted: [], seenMs: now, noted: true };
      // Rows of an earlier release have no note either.
      if (known && !known.noted) await this.#note(place.tenant, spec.id, known);
      // A row write every few minutes would say nothing new: once an hour bounds an interruption well enough.
      if (!known?.noted || now - known.seenMs > 3_600_000)
        await this.#put(place.tenant, spec.id, { ...base, seenMs: now, noted: true });
      return;
    }
    if (known && now - known.triedMs < START_PAUSE_MS) return;
    // On record before the start: if we die in between, the next run finds it running and must not take that for
    // proof that it always was. The time is the latest possible until the service has answered.
    await this.#put(place.tenant, spec.id, begun(known, now, context.deadlineMs));
    await startSubscription(place, spec.contentType, context);
    const state = begun(known, now, this.#clock.now());
    await this.#note(place.tenant, spec.id, state);
    await this.#put(place.tenant, spec.id, { ...state, noted: true });
  }

  async #note(tenant: string, source: FeedSpec['id'], state: SubscriptionState): Promise<void> {
    if (state.startedMs === 0 && state.interrupted.length === 0) return;
    await writeSubscriptionNote(this.#blobs, { tenant, source }, state, state.triedMs);
  }
}

/** The state of a subscription that is about to be started: first ever, or after an interruption since it was last seen. */
function begun(known: SubscriptionState | undefined, triedMs: number, startedMs: number): SubscriptionState {
  if (!known || known.seenMs === 0) return { startedMs, triedMs, interrupted: [], seenMs: 0, noted: false };
  const earlier = known.interrupted.filter((i) => i.fromMs !== known.seenMs);
  return {
    ...known,
    triedMs,
    noted: false,
    interrupted: [...earlier, { fromMs: known.seenMs, toMs: startedMs }].slice(-50),
  };
}

/**
 * Why the feed cannot prove a window although it answered: content from before our subscription, or from a time in
 * which it was stopped, never comes. Undefined when it can.
 */
export async function subscriptionCaveat(
  subscriptions: Subscriptions,
  row: WindowRow,
): Promise<string | undefined> {
  const state = await subscriptions.get(row.tenant, row.source);
  if (!state) return undefined;
  if (row.fromMs < state.startedMs) {
    return `the subscription began on ${formatSeconds(state.startedMs)}: the feed brings only a part of what happened before (the audit search fills it)`;
  }
  const gap = state.interrupted.find((i) => i.fromMs < row.toMs && row.fromMs < i.toMs);
  return (
    gap &&
    `the subscription was stopped between ${formatSeconds(gap.fromMs)} and ${formatSeconds(gap.toMs)}: what became available then is lost for the feed`
  );
}
