const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How the tenant behaves as a whole; every field may be changed while it runs. */
export interface Switches {
  /** What the tenant pays for: sign-ins and risk need a premium licence; `free` keeps 7 days. */
  licence: 'free' | 'P1' | 'P2';
  /** App permissions that were taken away again. */
  revoked: string[];
  /** Every token is refused after so many requests, or from an instant on; a new one is then needed. */
  tokens: { maxRequests: number; expiresAtMs: number };
  /** v1.0 knows `signInEventTypes` (live tenants answer 400). */
  signInEventTypesOnV1: boolean;
  /** `gt` and `lt` on times: honoured, or silently ignored as in 2020. */
  gtAndLt: 'honoured' | 'ignored';
  /** How long the vendor keeps what, by event time (the feed: by availability). */
  retention: { graphMs: number; freeMs: number; riskMs: number; feedMs: number; searchMs: number };
  /** 429 answers carry Retry-After. */
  retryAfter: boolean;
  /** Requests that were refused count against the window too, as Graph documents. */
  refusedCount: boolean;
  /** Answers are compressed when the client accepts gzip. */
  gzip: boolean;
  feed: {
    /** The header that names the next page: spelling and case as wanted. */
    nextPageHeader: string;
    pageSize: number;
    /** AF429 arrives as HTTP 403 (documentation) or 429. */
    throttleStatus: 403 | 429;
    /** After the first start nothing is listed for so long. */
    firstContentDelayMs: number;
    /** On the first start, content that became available so long before is listed too. */
    backfillMs: number;
    /** `contentExpiration` minus `contentCreated`. */
    expirationMs: number;
    /** More than 24 hours: AF20055, or a silently partial list. */
    overlongRange: 'refused' | 'partial';
    /** A range of exactly 24 hours is refused too (seen in 2026). */
    exactDayRefused: boolean;
    /** Only the documented time formats, without zone or fraction. */
    strictTimes: boolean;
    /** Unified auditing is off: every call says that the tenant does not exist. */
    auditingOff: boolean;
  };
  auditQuery: {
    /** v1.0 has the path; otherwise it answers 404. */
    onV1: boolean;
    startDelayMs: number;
    runMs: number;
    recordCountLimit: number;
    maxConcurrent: number;
    keptMs: number;
  };
}

export type DeepPartial<T> = {
  [K in keyof T]?: T[K] extends unknown[] ? T[K] : T[K] extends object ? DeepPartial<T[K]> : T[K];
};

export const defaultSwitches = (): Switches => ({
  licence: 'P2',
  revoked: [],
  tokens: { maxRequests: Infinity, expiresAtMs: Infinity },
  signInEventTypesOnV1: false,
  gtAndLt: 'honoured',
  retention: { graphMs: 30 * DAY, freeMs: 7 * DAY, riskMs: 90 * DAY, feedMs: 7 * DAY, searchMs: 180 * DAY },
  retryAfter: false,
  refusedCount: true,
  gzip: false,
  feed: {
    nextPageHeader: 'NextPageUri',
    pageSize: 200,
    throttleStatus: 403,
    firstContentDelayMs: 0,
    backfillMs: 7 * DAY,
    expirationMs: 7 * DAY,
    overlongRange: 'refused',
    exactDayRefused: false,
    strictTimes: false,
    auditingOff: false,
  },
  auditQuery: {
    onV1: true,
    startDelayMs: 1000,
    runMs: 4000,
    recordCountLimit: 1_000_000,
    maxConcurrent: 50,
    keptMs: 30 * DAY,
  },
});

/** Lays a partial setting over the present one, in place. */
export function merge<T extends object>(target: T, change: DeepPartial<T>): T {
  for (const [key, value] of Object.entries(change)) {
    if (!Object.hasOwn(target, key)) throw new RangeError(`there is no switch ${key}`);
    const present = (target as Record<string, unknown>)[key];
    if (isObject(present) && isObject(value)) merge(present, value);
    else (target as Record<string, unknown>)[key] = value;
  }
  return target;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
