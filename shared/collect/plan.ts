import { newWindow, type SourceNote, type WindowRow } from '../archive/windows.ts';
import type { Interval, SourceSpec } from './spec.ts';

/** What a source's windows need now. Pure: the timer only carries it out. */
export interface Plan {
  readonly create: readonly WindowRow[];
  /** Windows to hand to the queue, most urgent first; those among `create` are created as queued. */
  readonly enqueue: readonly WindowRow[];
  /** Never collected and past the vendor's retention: to be recorded as gaps, with their exact bounds. */
  readonly lost: readonly {
    readonly window: WindowRow;
    readonly gap: Interval;
    readonly rest: Interval | undefined;
  }[];
  /** Why later passes that are due are not handed over; empty when they are. */
  readonly postponed: string;
}

export interface PlanInput {
  readonly tenant: string;
  readonly spec: SourceSpec;
  readonly nowMs: number;
  readonly backfillDays: number;
  /** End of the last planned window, if any was planned. */
  readonly plannedToMs: number | undefined;
  readonly unsettled: readonly WindowRow[];
  readonly note: SourceNote | undefined;
  /** First collections that wait for the budget this source draws on, its own and others'. */
  readonly backlog?: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A message that has brought no result for so long is taken for lost; a second one does no harm. */
const MESSAGE_PATIENCE = 20 * MINUTE;
/** At most so many messages of one source are under way: the rest waits in the table, not in the queue. */
const MAX_OUTSTANDING = 64;
/** Windows whose records the vendor deletes within this time go first. */
const URGENT = 36 * HOUR;

export function planSource(input: PlanInput): Plan {
  const lost = input.unsettled.flatMap((w) => lostPart(w, input));
  const lostStarts = new Set(lost.map(({ window }) => window.fromMs));
  const alive = input.unsettled.filter((w) => !lostStarts.has(w.fromMs));
  const create = newIntervals(input).map(({ fromMs, toMs }) =>
    newWindow(input.tenant, input.spec.id, fromMs, toMs, input.nowMs),
  );
  const postponed = givesWay(input)
    ? `its next pass is due, and gives way to ${input.backlog} first collections that wait for the same request budget`
    : '';
  return { create, lost, enqueue: choose([...alive, ...create], input), postponed };
}

/** More first collections than about an hour of the reports' budget carries: later passes wait, never a first one. */
const MAX_BACKLOG = 48;
const givesWay = (input: PlanInput): boolean => (input.backlog ?? 0) > MAX_BACKLOG;

const retentionStart = (input: PlanInput): number => input.nowMs - input.spec.retentionDays * DAY;

/** The part of a never collected window that the vendor has deleted meanwhile. */
function lostPart(w: WindowRow, input: PlanInput): Plan['lost'] {
  const horizonMs = Math.ceil(retentionStart(input) / 1000) * 1000;
  if (w.passes > 0 || w.fromMs >= horizonMs) return [];
  const toMs = Math.min(w.toMs, horizonMs);
  const rest = toMs < w.toMs ? { fromMs: toMs, toMs: w.toMs } : undefined;
  return [{ window: w, gap: { fromMs: w.fromMs, toMs }, rest }];
}

/**
 * Intervals not planned yet, up to now. The first run takes all that the vendor keeps, to this very second; later
 * runs go on where planning stopped, in whole windows. After an outage the same rule leaves no instant out.
 */
export function newIntervals(input: PlanInput): Interval[] {
  const nowMs = Math.floor(input.nowMs / 1000) * 1000;
  if (input.plannedToMs === undefined) {
    const days = Math.min(input.backfillDays, input.spec.retentionDays);
    const fromMs = Math.ceil((input.nowMs - days * DAY) / 1000) * 1000;
    return fromMs < nowMs ? cutInterval({ fromMs, toMs: nowMs }, input.spec) : [];
  }
  const step = input.spec.windowMinutes * MINUTE;
  const toMs = Math.floor(nowMs / step) * step;
  if (toMs <= input.plannedToMs) return [];
  return cutInterval({ fromMs: input.plannedToMs, toMs }, input.spec);
}

/** Whole windows while the collector keeps up, long ones where it has more to catch up with; on the grid of their length. */
export function cutInterval(whole: Interval, spec: SourceSpec): Interval[] {
  const short = spec.windowMinutes * MINUTE;
  const step = whole.toMs - whole.fromMs > 2 * short ? spec.backfillHours * HOUR : short;
  const cuts: Interval[] = [];
  for (let fromMs = whole.fromMs; fromMs < whole.toMs;) {
    const toMs = Math.min((Math.floor(fromMs / step) + 1) * step, whole.toMs);
    cuts.push({ fromMs, toMs });
    fromMs = toMs;
  }
  return cuts;
}

function choose(windows: readonly WindowRow[], input: PlanInput): WindowRow[] {
  const outstanding = windows.filter((w) => isOutstanding(w, input.nowMs)).length;
  const due = windows
    .filter((w) => !w.settled && w.dueMs <= input.nowMs && !isOutstanding(w, input.nowMs))
    .filter((w) => w.passes === 0 || !givesWay(input) || isEdge(w, input))
    .sort((a, b) => urgency(a, input) - urgency(b, input) || b.fromMs - a.fromMs);
  // One window tells whether a refused source answers again; asking with all of them would drown the others.
  if (input.note?.unavailable)
    return input.note.probeMs <= input.nowMs && outstanding === 0 ? due.slice(0, 1) : [];
  return due.slice(0, Math.max(0, MAX_OUTSTANDING - outstanding));
}

const isOutstanding = (w: WindowRow, nowMs: number): boolean =>
  w.queuedMs > 0 && nowMs - w.queuedMs < MESSAGE_PATIENCE;

/** 0: about to be deleted by the vendor. 1: never collected, newest first. 2: later passes. */
function urgency(w: WindowRow, input: PlanInput): number {
  if (w.passes > 0) return 2;
  return isEdge(w, input) ? 0 : 1;
}

const isEdge = (w: WindowRow, input: PlanInput): boolean => w.fromMs - retentionStart(input) < URGENT;

/** When the vendor deletes what a window holds, milliseconds since the epoch. */
export const deletedAt = (w: Interval, retentionDays: number): number => w.fromMs + retentionDays * DAY;
