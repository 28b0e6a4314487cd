import type { SourceId } from '../sources.ts';

export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Common {
  readonly id: SourceId;
  /** Length of a window while the collector keeps up. */
  readonly windowMinutes: number;
  /** Length of a window when catching up, at most a week: few requests where the budget is small. */
  readonly backfillHours: number;
  /** What the vendor keeps, days (API-FACTS A, B, C). */
  readonly retentionDays: number;
  /** How far inside retention a question must stay, because the vendor refuses older ones outright; 0 where it answers. */
  readonly marginMs: number;
  /** What an administrator must do when the vendor refuses. */
  readonly remedy: { readonly permission: string; readonly licence: string };
}

/** Which request budget a call draws on; see API-FACTS: throttling. */
export type BudgetName = 'reports' | 'identity' | 'feed';

export interface GraphSpec extends Common {
  readonly api: 'graph';
  readonly budget: Extract<BudgetName, 'reports' | 'identity'>;
  /** Tried in order; a later one only when the vendor does not know the earlier (404, or 400 for an unknown property). */
  readonly versions: readonly ('beta' | 'v1.0')[];
  /** Path and query after the version, for records whose event time lies in the interval (bounds may be wider). */
  readonly query: (interval: Interval, version: 'beta' | 'v1.0') => string;
}

export interface FeedSpec extends Common {
  readonly api: 'feed';
  readonly contentType: string;
}

export type SourceSpec = GraphSpec | FeedSpec;

/**
 * `$filter` and `$top` as a query. Bounds are whole seconds and inclusive on both sides: the reports carry whole
 * seconds, and an exclusive bound has been ignored silently (API-FACTS A). Ownership is decided on what comes back.
 */
export function reportQuery(path: string, filter: string, top: number): string {
  return `${path}?$filter=${encodeURIComponent(filter)}&$top=${top}`;
}
