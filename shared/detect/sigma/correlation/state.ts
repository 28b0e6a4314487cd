import { z } from 'zod';
import { EventList, type GroupEvent } from './event.ts';

/** Everything a correlation engine remembers, as JSON. Event times are milliseconds since the epoch. */
export interface CorrelationState {
  readonly version: 1;
  /** Latest event time seen. */
  readonly seenMs: number | null;
  /** Instants before this are final. */
  readonly watermarkMs: number | null;
  readonly dropped: Dropped;
  /** By `Plan.stateKey`, then by group key. */
  readonly groups: Readonly<Record<string, Readonly<Record<string, GroupState>>>>;
}

/** Matches that could not be correlated, and why. */
export interface Dropped {
  /** Older than the lateness horizon. */
  readonly late: number;
  /** The record has no time. */
  readonly untimed: number;
  /** The record lacks a group-by field. */
  readonly ungrouped: number;
  /** More events in one group, or more groups, than are kept. */
  readonly overflow: number;
}

export interface GroupState {
  readonly events: readonly GroupEvent[];
  readonly carry?: { readonly upTo: number; readonly open?: EpisodeState } | undefined;
  /** Hits reported and not final: id → what was said, and where it was passed on to. */
  readonly hits: Readonly<Record<string, HitState>>;
}

type EpisodeState = z.infer<typeof episode>;

export interface HitState {
  readonly tip: number;
  readonly digest: string;
  /** `stateKey` of a correlation above → the groups of it that were told. */
  readonly told: Readonly<Record<string, readonly string[]>>;
}

const event = z.object({
  ref: z.number(),
  id: z.string(),
  t: z.number(),
  fields: z.record(z.string(), z.array(z.string()).readonly()),
});

const episode = z.object({
  tip: z.number(),
  from: z.number(),
  last: z.number(),
  value: z.number(),
  count: z.number(),
  events: z.array(event),
});

const group = z.object({
  events: z.array(event),
  carry: z.object({ upTo: z.number(), open: episode.optional() }).optional(),
  hits: z.record(
    z.string(),
    z.object({ tip: z.number(), digest: z.string(), told: z.record(z.string(), z.array(z.string())) }),
  ),
});

const stateSchema = z.object({
  version: z.literal(1),
  seenMs: z.number().nullable(),
  watermarkMs: z.number().nullable(),
  dropped: z.object({ late: z.number(), untimed: z.number(), ungrouped: z.number(), overflow: z.number() }),
  groups: z.record(z.string(), z.record(z.string(), group)),
});

/** Reads state back from storage. Throws when it is not state of this version. */
export const parseCorrelationState = (value: unknown): CorrelationState =>
  stateSchema.parse(value) as CorrelationState;

export const NOTHING_DROPPED: Dropped = { late: 0, untimed: 0, ungrouped: 0, overflow: 0 };

/**
 * The state of two engines that started from the same state (or from none) and were given different events, as if one had
 * been given all. Follow with `CorrelationEngine.settle()`, which reports what only shows in the two together. When their
 * watermarks differ, the later one holds: what the other still kept from before it is too late.
 */
export function mergeStates(a: CorrelationState, b: CorrelationState): CorrelationState {
  const [ahead, behind] = (a.watermarkMs ?? -Infinity) >= (b.watermarkMs ?? -Infinity) ? [a, b] : [b, a];
  const groups: Record<string, Record<string, GroupState>> = {};
  for (const state of [ahead, behind])
    for (const [plan, byKey] of Object.entries(state.groups))
      for (const [key, other] of Object.entries(byKey)) {
        const mine = (groups[plan] ??= {});
        const known = mine[key];
        const inTime = state === behind ? withoutLate(other, ahead, behind) : other;
        mine[key] = known ? mergeGroups(known, inTime) : inTime;
      }
  const most = (name: keyof Dropped) => Math.max(a.dropped[name], b.dropped[name]);
  return {
    version: 1,
    seenMs: maxOrNull(a.seenMs, b.seenMs),
    watermarkMs: ahead.watermarkMs,
    // The common past is in both counts; what each dropped since cannot be told apart from it. The larger is a lower bound.
    dropped: {
      late: most('late'),
      untimed: most('untimed'),
      ungrouped: most('ungrouped'),
      overflow: most('overflow'),
    },
    groups,
  };
}

/** What lies before the other's watermark and was not known to it came too late. */
function withoutLate(group: GroupState, ahead: CorrelationState, behind: CorrelationState): GroupState {
  const watermark = ahead.watermarkMs;
  if (watermark === null || watermark === behind.watermarkMs) return group;
  return {
    events: group.events.filter((event) => event.t >= watermark),
    hits: Object.fromEntries(Object.entries(group.hits).filter(([, hit]) => hit.tip >= watermark)),
  };
}

function mergeGroups(ahead: GroupState, behind: GroupState): GroupState {
  const events = new EventList([...ahead.events, ...behind.events]).sorted;
  const hits: Record<string, HitState> = {};
  for (const id of new Set([...Object.keys(ahead.hits), ...Object.keys(behind.hits)]))
    hits[id] = mergeHits(ahead.hits[id], behind.hits[id]);
  const carry = ahead.carry ?? behind.carry;
  return { events, hits, ...(carry ? { carry } : {}) };
}

/**
 * A hit that only one place knows is new there or was withdrawn in the other, and one that was said differently may have
 * been said last by either. Without a digest it is said again.
 */
function mergeHits(a: HitState | undefined, b: HitState | undefined): HitState {
  const hit = (a ?? b)!;
  return {
    ...hit,
    digest: a?.digest === b?.digest ? hit.digest : '',
    told: mergeTold(a?.told ?? {}, b?.told ?? {}),
  };
}

function mergeTold(a: HitState['told'], b: HitState['told']): HitState['told'] {
  const plans = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries(
    [...plans].map((plan) => [plan, [...new Set([...(a[plan] ?? []), ...(b[plan] ?? [])])]]),
  );
}

const maxOrNull = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);
