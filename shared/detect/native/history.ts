import { networkOf } from './networks.ts';

/** What a user did in the days before an event. */
export interface UserHistory {
  /** Distinct days with records: fewer than a few are no baseline. */
  readonly days: number;
  readonly ips: ReadonlySet<string>;
  readonly networks: ReadonlySet<string>;
  readonly countries: ReadonlySet<string>;
  readonly userAgents: ReadonlySet<string>;
  readonly apps: ReadonlySet<string>;
  readonly sessions: ReadonlySet<string>;
}

export interface HistorySource {
  /** The user's records of the `days` days before the day of `timeMs`. */
  before(user: string, timeMs: number, days: number): Promise<UserHistory>;
}

/** Fewer days with records than this say nothing of what is usual. */
export const MIN_DAYS = 3;

export interface HistoryDay {
  readonly date: string;
  readonly ips: readonly string[];
  readonly countries: readonly string[];
  readonly userAgents: readonly string[];
  readonly apps: readonly string[];
  readonly sessions: readonly string[];
}

/** Folds days, in any order, several parts of a day as well. */
export function foldHistory(parts: Iterable<HistoryDay>): UserHistory {
  const dates = new Set<string>();
  const sets = {
    ips: new Set<string>(),
    countries: new Set<string>(),
    userAgents: new Set<string>(),
    apps: new Set<string>(),
    sessions: new Set<string>(),
  };
  for (const part of parts) {
    dates.add(part.date);
    for (const name of ['ips', 'countries', 'userAgents', 'apps', 'sessions'] as const)
      for (const value of part[name]) sets[name].add(value);
  }
  return { days: dates.size, networks: new Set([...sets.ips].map(networkOf)), ...sets };
}
