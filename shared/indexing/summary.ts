import { isObject, nativeOf } from '../record.ts';
import type { EntityKeys } from './entities/index.ts';
import { namedValue, objectAt, objectsAt, textAt } from './fields.ts';

/**
 * A mergeable summary of records: counts by operation and capped sets. Merging is commutative and associative, so
 * a summary is a fold over rows in any order (DESIGN §6). Sets that overflowed say so instead of growing.
 */
export interface Summary {
  readonly operations: Readonly<Record<string, number>>;
  readonly users: readonly string[];
  readonly sessions: readonly string[];
  readonly ips: readonly string[];
  readonly apps: readonly string[];
  readonly countries: readonly string[];
  readonly userAgents: readonly string[];
  /** Names of the sets above (and `operations`) that hold fewer values than there were. */
  readonly truncated: readonly string[];
}

const CAP = 24;
const MAX_TEXT = 160;

type SetName = 'users' | 'sessions' | 'ips' | 'apps' | 'countries' | 'userAgents';
const SETS: readonly SetName[] = ['users', 'sessions', 'ips', 'apps', 'countries', 'userAgents'];

export class SummaryBuilder {
  readonly #operations = new Map<string, number>();
  readonly #sets: Record<SetName, Set<string>> = {
    users: new Set(),
    sessions: new Set(),
    ips: new Set(),
    apps: new Set(),
    countries: new Set(),
    userAgents: new Set(),
  };
  readonly #truncated = new Set<string>();

  record(operation: string, keys: EntityKeys, value: unknown): void {
    this.#count(operation, 1);
    this.#add('users', keys.user);
    this.#add('sessions', keys.session);
    this.#add('ips', keys.ip);
    this.#add('apps', keys.app);
    this.#add('countries', countryOf(value));
    this.#add('userAgents', userAgentOf(value));
  }

  merge(other: Summary): void {
    for (const [operation, n] of Object.entries(other.operations)) this.#count(operation, n);
    for (const name of SETS) this.#add(name, other[name]);
    for (const name of other.truncated) this.#truncated.add(name);
  }

  #count(operation: string, n: number): void {
    this.#operations.set(operation, (this.#operations.get(operation) ?? 0) + n);
  }

  #add(name: SetName, values: readonly string[]): void {
    for (const value of values) this.#sets[name].add(value.slice(0, MAX_TEXT));
  }

  /** @param cap values kept per set: rows are small, answers to a caller may be larger. */
  build(cap = CAP): Summary {
    const truncated = new Set(this.#truncated);
    const keep = (name: SetName): string[] => {
      const values = [...this.#sets[name]].sort();
      if (values.length > cap) truncated.add(name);
      return values.slice(0, cap);
    };
    const operations = [...this.#operations].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    if (operations.length > cap * 2) truncated.add('operations');
    const sets = Object.fromEntries(SETS.map((name) => [name, keep(name)])) as Record<SetName, string[]>;
    return {
      operations: Object.fromEntries(operations.slice(0, cap * 2)),
      ...sets,
      truncated: [...truncated].sort(),
    };
  }
}

export function mergeSummaries(summaries: Iterable<Summary>, cap = 1000): Summary {
  const builder = new SummaryBuilder();
  for (const summary of summaries) builder.merge(summary);
  return builder.build(cap);
}

/** Countries as the record says them: two letters in sign-ins. */
export function countryOf(value: unknown): string[] {
  const country = textAt(objectAt(value, 'location'), 'countryOrRegion');
  return country ? [country] : [];
}

/** What the client called itself: browser agent, or Exchange's client string. */
export function userAgentOf(record: unknown): string[] {
  const value = nativeOf(record);
  if (!isObject(value)) return [];
  const agent =
    textAt(value, 'userAgent') ??
    textAt(value, 'UserAgent') ??
    namedValue(objectsAt(value, 'ExtendedProperties'), 'UserAgent') ??
    namedValue(objectsAt(value, 'additionalDetails'), 'User-Agent') ??
    textAt(value, 'ClientInfoString');
  return agent ? [agent] : [];
}
