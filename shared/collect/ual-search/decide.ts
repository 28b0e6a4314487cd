import { splitInterval, SMALLEST_MS } from '../split.ts';
import type { Interval } from '../spec.ts';
import type { AuditQuery } from './audit-query.ts';

/** What becomes of a submitted query, by how it stands. Pure. */
export type Step =
  | { readonly do: 'wait' }
  | { readonly do: 'read'; readonly truncated: boolean }
  | { readonly do: 'split'; readonly parts: readonly Interval[]; readonly reason: string }
  | { readonly do: 'resubmit'; readonly reason: string };

export interface Standing extends Interval {
  readonly submittedMs: number;
  /** Queries of this window that came to nothing so far. */
  readonly attempts: number;
}

const HOUR = 3_600_000;
/** Collectors have waited 3 to 8 hours for a query that did succeed. */
export const STUCK_MS = 8 * HOUR;
/** A state nobody has documented is given less. */
export const UNKNOWN_MS = HOUR;
/** After so many failures the window is asked for in halves: it may be too much at once. */
const FAILURES = 3;

export function decideStep(job: Standing, query: AuditQuery | undefined, nowMs: number): Step {
  const ageMs = nowMs - job.submittedMs;
  switch (query?.status) {
    case 'succeeded':
      return afterSuccess(job, query);
    case 'notStarted':
    case 'running':
      return ageMs < STUCK_MS
        ? { do: 'wait' }
        : failed(job, `no result after ${Math.round(ageMs / HOUR)} hours`);
    case 'failed':
    case 'cancelled':
      return failed(job, `the service says: ${query.status}`);
    case undefined:
      if (!query) return failed(job, 'the service no longer knows the query');
      break;
    default:
  }
  const state = (query?.status ?? 'none').slice(0, 60);
  return ageMs < UNKNOWN_MS
    ? { do: 'wait' }
    : failed(job, `the query stayed in the unknown state "${state}"`);
}

/** `isRecordCountLimitExceeded` alone tells of a cut result; the two counts must not be compared (API-FACTS D). */
function afterSuccess(job: Standing, query: AuditQuery): Step {
  if (query.isRecordCountLimitExceeded !== true) return { do: 'read', truncated: false };
  const parts = splitInterval(job, SPLIT);
  if (parts.length < 2) return { do: 'read', truncated: true };
  return { do: 'split', parts, reason: 'the result was cut at the limit of records' };
}

const SPLIT = 4;

function failed(job: Standing, reason: string): Step {
  const halves = job.toMs - job.fromMs > SMALLEST_MS && job.attempts + 1 >= FAILURES;
  return halves ? { do: 'split', parts: splitInterval(job, 2), reason } : { do: 'resubmit', reason };
}

const DAY = 24 * HOUR;

/** A day is searched when the feed's own later passes over it are through: late records are normal. */
export const SETTLED_MS = 75 * HOUR;
/** What every tenant's search still finds. */
export const RETENTION_DAYS = 180;
/** Even without back-fill, the days that the feed has begun with are reconciled. */
const LEAST_DAYS = 4;

/** Day windows, UTC, that are settled and not planned yet; the first run takes all of the back-fill. */
export function planDays(plannedToMs: number | undefined, backfillDays: number, nowMs: number): Interval[] {
  const days = Math.min(RETENTION_DAYS, Math.max(LEAST_DAYS, backfillDays));
  const beginMs = plannedToMs ?? Math.ceil((nowMs - days * DAY) / 1000) * 1000;
  const endMs = Math.floor((nowMs - SETTLED_MS) / DAY) * DAY;
  const planned: Interval[] = [];
  for (let fromMs = beginMs; fromMs < endMs;) {
    const toMs = (Math.floor(fromMs / DAY) + 1) * DAY;
    planned.push({ fromMs, toMs });
    fromMs = toMs;
  }
  return planned;
}

/** What the vendor deletes within this time is searched first; then the newest. */
const URGENT_MS = 36 * HOUR;

export function bySubmission(nowMs: number): (a: Interval, b: Interval) => number {
  const urgent = (w: Interval): number => (w.fromMs + RETENTION_DAYS * DAY - nowMs < URGENT_MS ? 0 : 1);
  return (a, b) => urgent(a) - urgent(b) || b.fromMs - a.fromMs;
}
