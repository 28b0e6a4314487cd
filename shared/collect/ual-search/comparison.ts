import { z } from 'zod';
import type { ReconciliationGroup } from '../../archive/reconciliation.ts';

/** What one window's search and the feed's archive had of each other, by record type and hour. Mergeable. */
const groupSchema = z.object({
  recordType: z.number(),
  hour: z.string(),
  feed: z.number(),
  search: z.number(),
  onlySearch: z.number(),
  onlyFeed: z.number(),
  examples: z.array(z.string()),
});
const hourSchema = z.object({ hour: z.string(), logins: z.number(), unmatched: z.number() });
const schema = z.object({
  feed: z.number(),
  search: z.number(),
  onlySearch: z.number(),
  onlyFeed: z.number(),
  /** Differing groups only, the largest first. */
  differences: z.array(groupSchema),
  more: z.number(),
  signIns: z.number(),
  logins: z.array(hourSchema),
});
export type Comparison = z.infer<typeof schema>;
export type LoginHour = z.infer<typeof hourSchema>;

export const parseComparison = (text: string): Comparison => schema.parse(JSON.parse(text));

export const MAX_GROUPS = 200;

/** Keeps the differing groups, the largest first. */
export function differing(groups: readonly ReconciliationGroup[]): {
  differences: ReconciliationGroup[];
  more: number;
} {
  const all = groups
    .filter((g) => g.onlySearch + g.onlyFeed > 0)
    .sort((a, b) => b.onlySearch + b.onlyFeed - (a.onlySearch + a.onlyFeed) || (a.hour < b.hour ? -1 : 1));
  return { differences: all.slice(0, MAX_GROUPS), more: Math.max(0, all.length - MAX_GROUPS) };
}

/** One day's, of its windows'. A group that a window boundary cuts through is added up. */
export function mergeComparisons(parts: readonly Comparison[]): Comparison {
  const groups = new Map<string, ReconciliationGroup>();
  for (const part of parts)
    for (const g of part.differences) {
      const key = `${g.recordType}|${g.hour}`;
      groups.set(key, addGroups(groups.get(key), g));
    }
  const { differences, more } = differing([...groups.values()]);
  const sum = (of: (c: Comparison) => number): number => parts.reduce((n, c) => n + of(c), 0);
  return {
    feed: sum((c) => c.feed),
    search: sum((c) => c.search),
    onlySearch: sum((c) => c.onlySearch),
    onlyFeed: sum((c) => c.onlyFeed),
    differences,
    more: more + sum((c) => c.more),
    signIns: sum((c) => c.signIns),
    logins: mergeHours(parts.flatMap((c) => c.logins)),
  };
}

const addGroups = (a: ReconciliationGroup | undefined, b: ReconciliationGroup): ReconciliationGroup =>
  a
    ? {
        ...a,
        feed: a.feed + b.feed,
        search: a.search + b.search,
        onlySearch: a.onlySearch + b.onlySearch,
        onlyFeed: a.onlyFeed + b.onlyFeed,
        examples: [...a.examples, ...b.examples].slice(0, 5),
      }
    : b;

function mergeHours(hours: readonly LoginHour[]): LoginHour[] {
  const merged = new Map<string, LoginHour>();
  for (const h of hours) {
    const known = merged.get(h.hour);
    merged.set(h.hour, {
      hour: h.hour,
      logins: h.logins + (known?.logins ?? 0),
      unmatched: h.unmatched + (known?.unmatched ?? 0),
    });
  }
  return [...merged.values()].sort((a, b) => (a.hour < b.hour ? -1 : 1));
}

/** Logins without a sign-in that are nothing to report: in one hour so many, or this share of them. */
const USUAL_COUNT = 3;
const USUAL_SHARE = 0.05;

/** Hours in which the unified log has logins that the sign-in reports have not, more than is usual. Pure. */
export const beyondExpected = (hours: readonly LoginHour[]): LoginHour[] =>
  hours.filter((h) => h.unmatched > Math.max(USUAL_COUNT, h.logins * USUAL_SHARE));
