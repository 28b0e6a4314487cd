import {
  escapeKey,
  sessionPartition,
  slicePartition,
  sliceRange,
  userPartition,
  type EntityKind,
} from '../layout.ts';
import type { TableStore } from '../store/stores.ts';
import { sliceOf, type Slice } from './slice.ts';

/** Slices of one entity whose event dates lie in `[fromDate, toDate]`, by date, source and segment. */
export async function* slicesOf(
  tables: TableStore,
  tenant: string,
  kind: EntityKind,
  key: string,
  fromDate: string,
  toDate: string,
): AsyncIterable<Slice> {
  const table = kind === 'session' ? 'sessions' : 'slices';
  const partition = kind === 'session' ? sessionPartition(tenant) : slicePartition(tenant, kind);
  for await (const row of tables.query(table, partition, sliceRange(key, fromDate, toDate)))
    yield sliceOf(tenant, row);
}

const MAX_ALIASES = 64;

/**
 * All keys of one person that records tie to the one asked for: UPN to object id to PUID and SID, and to an
 * earlier UPN of the same object id. Two steps, and bounded: a key shared by many would tie strangers together.
 */
export async function aliasesOf(tables: TableStore, tenant: string, key: string): Promise<string[]> {
  const found = new Set([key]);
  let edge = [key];
  for (let step = 0; step < 2 && edge.length > 0; step++) {
    const next: string[] = [];
    for (const known of edge) {
      for await (const row of tables.query('users', userPartition(tenant), aliasRange(known))) {
        const alias = String(row.cells['alias']);
        if (!found.has(alias) && found.size < MAX_ALIASES) {
          found.add(alias);
          next.push(alias);
        }
      }
    }
    edge = next;
  }
  return [...found].sort();
}

const aliasRange = (key: string): { from: string; to: string } => ({
  from: `${escapeKey(key)}|~`,
  to: `${escapeKey(key)}}`,
});

export interface SeenUser {
  readonly user: string;
  /** Event dates, UTC. */
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** Users whose key begins with a prefix, sorted, at most `limit`. */
export async function searchUsers(
  tables: TableStore,
  tenant: string,
  prefix: string,
  limit: number,
): Promise<SeenUser[]> {
  const escaped = escapeKey(prefix.toLowerCase());
  const range = escaped === '' ? {} : { from: escaped, to: `${escaped}\uffff` };
  const users = new Map<string, SeenUser>();
  for await (const row of tables.query('users', userPartition(tenant), range)) {
    const date = row.cells['date'];
    if (typeof date !== 'string') continue;
    const user = String(row.cells['key']);
    const known = users.get(user);
    users.set(user, { user, firstSeen: known?.firstSeen ?? date, lastSeen: date });
    if (users.size > limit) break;
  }
  return [...users.values()].sort((a, b) => (a.user < b.user ? -1 : 1)).slice(0, limit);
}
