import { objectAt, textAt } from '../../indexing/fields.ts';
import { aliasesOf, slicesOf } from '../../indexing/query.ts';
import type { Slice } from '../../indexing/slice.ts';
import { dateOf } from '../../instant.ts';
import type { EntityKind } from '../../layout.ts';
import { applyAllowList, type AllowList } from '../allow/allow-list.ts';
import { findingId, makeFinding, type Finding } from '../findings/finding.ts';
import { FindingsTable } from '../findings/findings-table.ts';
import { TABLE, watchedPartition, watchedRow } from '../keys.ts';
import { MIN_DAYS } from '../native/history.ts';
import { scopeSweep } from '../native/scope-sweep.ts';
import { infoOf } from '../rule-info.ts';
import { IndexHistory } from '../run/index-history.ts';
import type { Sighting } from '../sighting.ts';
import type { TouchedIncident } from './incidents.ts';
import { MAX_USERS } from './spread.ts';
import { recordsOf, type Found, type PivotDeps } from './session-records.ts';

const DAY = 86_400_000;
const REACH_DAYS = 30;
/** An intruder may have been at another account this long before. */
const LEAD_DAYS = 3;
const FORGET_DAYS = 90;
/** Values of one incident and kind that are looked for. */
const MAX_VALUES = 25;
const SHOWN = 20;
const info = infoOf(scopeSweep, 'own');
const KINDS = ['ip', 'session', 'app'] as const satisfies readonly EntityKind[];
type Kind = (typeof KINDS)[number];

/** What an intruder used, and whose incident says so. */
interface Watched {
  readonly kind: Kind;
  readonly value: string;
  /** Event date on which the incident began. */
  readonly since: string;
  readonly victim: string;
  readonly incident: string;
  /** Not looked at yet; all days were looked at once, from then on new ones only; or somebody's own, never looked at. */
  readonly state: 'new' | 'swept' | 'established';
}

export interface SweepAsk {
  readonly tenant: string;
  /** Open incidents whose addresses, sessions and applications are to be looked for. */
  readonly incidents: readonly TouchedIncident[];
  /** Event dates of records that are new. */
  readonly dates: readonly string[];
  readonly list: AllowList;
  readonly nowMs: number;
}

/**
 * Looks by the index for other accounts that used what an intruder used: on all days around a new incident, and for
 * thirty days on those that bring new records. Answers findings that are new.
 */
export async function sweepScope(deps: PivotDeps, ask: SweepAsk): Promise<Finding[]> {
  for (const incident of ask.incidents) await watch(deps, ask.tenant, incident);
  const found: Finding[] = [];
  const done: Watched[] = [];
  const past = new IndexHistory(deps.tables, ask.tenant);
  for (const watched of await watchedOf(deps, ask.tenant)) {
    if (watched.since < dateOf(ask.nowMs - FORGET_DAYS * DAY)) await drop(deps, ask.tenant, watched);
    else {
      const state = watched.state === 'new' ? await stateOf(deps, ask, watched, past) : watched.state;
      if (state === 'swept') found.push(...(await usesOf(deps, ask, watched)));
      if (state !== watched.state) done.push({ ...watched, state });
    }
  }
  const fresh = await new FindingsTable(deps.tables).add(
    ask.tenant,
    found.map((finding) => applyAllowList(finding, ask.list, ask.nowMs)),
  );
  // Only now: a death before it makes the next call look at all days again.
  await deps.tables.upsert(TABLE, watchedPartition(ask.tenant), done.map(rowOf));
  return fresh;
}

const shift = (date: string, days: number): string => dateOf(Date.parse(date) + days * DAY);

/** Notes what the intruder used; an incident that turns out to have begun earlier is looked into again from there. */
async function watch({ tables }: PivotDeps, tenant: string, incident: TouchedIncident): Promise<void> {
  const { from, user: victim = '', id } = incident.finding;
  const records = incident.members.flatMap((member) => member.records);
  const rows = new Map<string, Watched>();
  for (const kind of KINDS) {
    const values = [...new Set(records.flatMap((record) => record[kind] ?? []))].sort().slice(0, MAX_VALUES);
    for (const value of values) {
      const watched = { kind, value, since: from.slice(0, 10), victim, incident: id, state: 'new' } as const;
      rows.set(watchedRow(kind, value, victim), watched);
    }
  }
  for await (const { row, cells } of tables.query(TABLE, watchedPartition(tenant)))
    if (String(cells['since']) <= (rows.get(row)?.since ?? '')) rows.delete(row);
  await tables.upsert(TABLE, watchedPartition(tenant), [...rows.values()].map(rowOf));
}

const rowOf = (watched: Watched) => ({
  row: watchedRow(watched.kind, watched.value, watched.victim),
  cells: { ...watched },
});

async function watchedOf({ tables }: PivotDeps, tenant: string): Promise<Watched[]> {
  const all: Watched[] = [];
  for await (const { cells } of tables.query(TABLE, watchedPartition(tenant)))
    all.push(cells as unknown as Watched);
  return all;
}

const drop = ({ tables }: PivotDeps, tenant: string, { kind, value, victim }: Watched): Promise<void> =>
  tables.remove(TABLE, watchedPartition(tenant), [watchedRow(kind, value, victim)]);

/**
 * Whether a value can tell anything: what anybody used in the month before is somebody's own, and as long as no past is
 * indexed, nothing is known to be new.
 */
async function stateOf(
  { tables }: PivotDeps,
  { tenant }: SweepAsk,
  { kind, value, since, victim }: Watched,
  past: IndexHistory,
): Promise<Watched['state']> {
  const before = shift(since, -LEAD_DAYS);
  const { days } = await past.before(victim, Date.parse(before), REACH_DAYS);
  if (days < MIN_DAYS) return 'new';
  for await (const _slice of slicesOf(
    tables,
    tenant,
    kind,
    value,
    shift(since, -REACH_DAYS),
    shift(before, -1),
  ))
    return 'established';
  return 'swept';
}

async function usesOf(deps: PivotDeps, { tenant, dates }: SweepAsk, watched: Watched): Promise<Finding[]> {
  const { kind, value, since, victim } = watched;
  const again = watched.state === 'swept';
  const [from, to] = [shift(since, -LEAD_DAYS), shift(since, REACH_DAYS)];
  const concerned = new Set(dates.filter((date) => date >= from && date <= to));
  if (again && concerned.size === 0) return [];
  const slices: Slice[] = [];
  for await (const slice of slicesOf(deps.tables, tenant, kind, value, from, to))
    if (!again || concerned.has(slice.ref.date)) slices.push(slice);
  const own = new Set(await aliasesOf(deps.tables, tenant, victim));
  const uses = new Uses();
  for await (const { found, body } of recordsOf(deps.blobs, slices)) {
    const { user } = found;
    if (found[kind] !== value || user === undefined || !isName(user) || own.has(user) || failed(body))
      continue;
    uses.add(user, found);
    if (uses.users > MAX_USERS) return [];
  }
  return uses.list().map(({ records, count }) => findingOf(watched, records, count));
}

/** Who was refused has used nothing: whoever guesses passwords tries everybody. */
const failed = (body: unknown): boolean =>
  (objectAt(body, 'status')?.['errorCode'] ?? 0) !== 0 || textAt(body, 'Operation') === 'UserLoginFailed';

/** Records by account and day, the earliest of each. */
class Uses {
  readonly #days = new Map<string, { records: Sighting[]; count: number }>();
  readonly #users = new Set<string>();

  add(user: string, { operation: _operation, subjects: _subjects, ...sighting }: Found): void {
    this.#users.add(user);
    const key = `${user}|${sighting.place.date}`;
    const day = this.#days.get(key) ?? { records: [], count: 0 };
    this.#days.set(key, day);
    day.count++;
    day.records.push(sighting);
    if (day.records.length > 10 * SHOWN) day.records = earliest(day.records);
  }

  get users(): number {
    return this.#users.size;
  }

  list(): { readonly records: readonly Sighting[]; readonly count: number }[] {
    return [...this.#days.values()].map(({ records, count }) => ({ records: earliest(records), count }));
  }
}

const earliest = (records: readonly Sighting[]): Sighting[] =>
  [...records]
    .sort((a, b) => (a.timeMs ?? 0) - (b.timeMs ?? 0) || (a.recordId < b.recordId ? -1 : 1))
    .slice(0, SHOWN);

/** Object ids, PUIDs and SIDs of the same people would count them several times. */
const isName = (user: string): boolean => user.includes('@');

/** One finding an account, value and day. */
function findingOf(
  { kind, value, victim, incident }: Watched,
  records: readonly Sighting[],
  count: number,
): Finding {
  const { user = '', timeMs, place } = records[0]!;
  const dayMs = Date.parse(place.date);
  const facts = { kind, value, firstSeenWith: victim, incident, records: count };
  return {
    ...makeFinding(info, '', timeMs ?? dayMs, records, { kind: 'native', facts }),
    id: findingId(info.key, `${kind}|${value}|${user}`, dayMs),
  };
}
