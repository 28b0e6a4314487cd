import { slicesOf } from '../../indexing/query.ts';
import { mergeSummaries, type Summary } from '../../indexing/summary.ts';
import { dateOf } from '../../instant.ts';
import type { EntityKind } from '../../layout.ts';
import type { TableStore } from '../../store/stores.ts';
import { FindingsTable } from '../findings/findings-table.ts';
import type { SessionRecord } from './session-records.ts';

/** Other people touched by what the session used. */
export interface Spread {
  readonly kind: 'ip' | 'session' | 'app' | 'userAgent' | 'subject';
  readonly value: string;
  readonly users: readonly string[];
  /** Too many people for it to say anything: an office, a common application or browser. */
  readonly common: boolean;
}

const DAY = 86_400_000;
const REACH_DAYS = 30;
/** What more than these share tells nothing of an intruder. */
export const MAX_USERS = 20;
const MAX_VALUES = 25;

export interface SpreadAsk {
  readonly tenant: string;
  readonly session: string;
  readonly user?: string;
  readonly atMs: number;
  readonly records: readonly SessionRecord[];
}

/** By the index: who else has records with the session's addresses, id and applications, within 30 days of it. */
export async function spreadOf(tables: TableStore, ask: SpreadAsk): Promise<Spread[]> {
  const own = new Set(
    ask.records
      .flatMap(({ user, userId }) => [user, userId])
      .concat(ask.user)
      .filter((key) => key !== undefined),
  );
  const values = (pick: (record: SessionRecord) => string | undefined) =>
    [...new Set(ask.records.map(pick).filter((text) => text !== undefined && text !== ''))].slice(
      0,
      MAX_VALUES,
    ) as string[];
  const found: Spread[] = [];
  const keys: readonly (readonly [EntityKind & Spread['kind'], readonly string[]])[] = [
    ['ip', values(({ ip }) => ip)],
    ['session', [ask.session]],
    ['app', values(({ app }) => app)],
  ];
  const touched = new Map<string, Summary>();
  for (const [kind, list] of keys)
    for (const value of list) {
      const summary = await summaryOf(tables, ask, kind, value);
      touched.set(`${kind} ${value}`, summary);
      found.push(spread(kind, value, people(summary.users, own)));
    }
  found.push(
    ...byAgent(
      values(({ userAgent }) => userAgent),
      touched,
      own,
    ),
  );
  found.push(...(await bySubject(tables, ask, own)));
  return found.filter(({ users }) => users.length > 0);
}

const spread = (kind: Spread['kind'], value: string, users: readonly string[]): Spread => ({
  kind,
  value,
  users: users.slice(0, MAX_USERS),
  common: users.length > MAX_USERS,
});

async function summaryOf(
  tables: TableStore,
  ask: SpreadAsk,
  kind: EntityKind,
  value: string,
): Promise<Summary> {
  const summaries: Summary[] = [];
  const [from, to] = [dateOf(ask.atMs - REACH_DAYS * DAY), dateOf(ask.atMs + REACH_DAYS * DAY)];
  for await (const { summary } of slicesOf(tables, ask.tenant, kind, value, from, to))
    summaries.push(summary);
  return mergeSummaries(summaries);
}

/** Names only: object ids, PUIDs and SIDs of the same people would count them several times. */
const people = (users: readonly string[], own: ReadonlySet<string>): string[] =>
  users.filter((user) => user.includes('@') && !own.has(user)).sort();

/** User agents have no index of their own: people are those met at the session's addresses with the same agent. */
function byAgent(
  agents: readonly string[],
  touched: ReadonlyMap<string, Summary>,
  own: ReadonlySet<string>,
): Spread[] {
  return agents.map((agent) => {
    const same = [...touched]
      .filter(
        ([key, summary]) =>
          key.startsWith('ip ') && summary.userAgents.some((known) => agent.startsWith(known)),
      )
      .flatMap(([, summary]) => people(summary.users, own));
    return spread('userAgent', agent, [...new Set(same)].sort());
  });
}

/** People in whose findings of the same days the session's mail subjects appear. */
async function bySubject(tables: TableStore, ask: SpreadAsk, own: ReadonlySet<string>): Promise<Spread[]> {
  const subjects = [...new Set(ask.records.flatMap((record) => record.subjects))].slice(0, MAX_VALUES);
  if (subjects.length === 0) return [];
  const query = { tenant: ask.tenant, fromMs: ask.atMs - 3 * DAY, toMs: ask.atMs + 3 * DAY };
  const { findings } = await new FindingsTable(tables).list(query, 500);
  return subjects.map((subject) => {
    const naming = findings.filter((finding) =>
      JSON.stringify(finding.explanation).includes(JSON.stringify(subject).slice(1, -1)),
    );
    return spread('subject', subject, people([...new Set(naming.flatMap(({ user }) => user ?? []))], own));
  });
}
