import { applyAllowList, type AllowList } from '../allow/allow-list.ts';
import { findingId, isoOf, makeFinding, type Finding } from '../findings/finding.ts';
import type { FindingsTable } from '../findings/findings-table.ts';
import {
  componentsOf,
  incidentJoin,
  joinIncidents,
  REACH_MS,
  type Component,
  type JoinedIncident,
} from '../native/incident-join.ts';
import { infoOf } from '../rule-info.ts';
import { LEVELS } from '../sigma/index.ts';
import { readAll } from './read-findings.ts';

const DAY = 86_400_000;
/** A chain of findings is followed this far to both sides of what was just found. */
const MAX_SPAN_MS = 60 * DAY;
const MAX_MEMBERS_SHOWN = 100;
const info = infoOf(incidentJoin, 'own');

export interface StoredIncidents {
  /** Incidents that were not there before, or have risen: whoever is told from a level on hears of them then. */
  readonly fresh: readonly Finding[];
  /** All open incidents that what was found belongs to. */
  readonly touched: readonly TouchedIncident[];
}

export interface TouchedIncident {
  readonly finding: Finding;
  readonly members: readonly Finding[];
}

/**
 * Joins what a batch found with the findings stored around it. An incident's id rests on its person and its first
 * finding, so that it is the same one whatever is found later; when an earlier finding turns up, the old one is closed
 * and names the new one. Doing it again changes nothing.
 */
export async function storeIncidents(
  table: FindingsTable,
  tenant: string,
  found: readonly Finding[],
  list: AllowList,
  nowMs: number,
): Promise<StoredIncidents> {
  const times = componentsOf(found).flatMap(({ members }) => members.map(({ time }) => Date.parse(time)));
  if (times.length === 0) return { fresh: [], touched: [] };
  const ids = new Set(found.map(({ id }) => id));
  const { all, touched } = await around(table, tenant, ids, Math.min(...times), Math.max(...times));
  const members = new Set(touched.flatMap((component) => component.members.map(({ id }) => id)));
  const incidents = joinIncidents(all).filter(({ members: own }) => members.has(own[0]!.id));
  const made = incidents.map((incident) => applyAllowList(findingOf(incident), list, nowMs));
  const fresh = [...(await table.add(tenant, made))];
  const known = new Map(all.map((finding) => [finding.id, finding]));
  for (const finding of made) {
    const old = known.get(finding.id);
    if (!old || !differs(old, finding)) continue;
    await refresh(table, tenant, finding, nowMs);
    if (old.state === 'open' && LEVELS.indexOf(finding.level) > LEVELS.indexOf(old.level))
      fresh.push(finding);
  }
  const byMember = new Map(
    made.flatMap((finding, i) => incidents[i]!.members.map(({ id }) => [id, finding.id] as const)),
  );
  for (const old of all.filter((finding) => isStale(finding, made, members)))
    await close(
      table,
      tenant,
      old.id,
      membersOf(old).find((id) => byMember.has(id)),
      byMember,
      nowMs,
    );
  return {
    fresh,
    touched: made.flatMap((finding, i) =>
      finding.state === 'open' ? [{ finding, members: incidents[i]!.members }] : [],
    ),
  };
}

/** Findings so far to both sides that nothing outside can hang together with what was found. */
async function around(
  table: FindingsTable,
  tenant: string,
  ids: ReadonlySet<string>,
  firstMs: number,
  lastMs: number,
): Promise<{ readonly all: readonly Finding[]; readonly touched: readonly Component[] }> {
  let [fromMs, toMs] = [firstMs - REACH_MS, lastMs + REACH_MS];
  for (;;) {
    const all = await readAll(table, tenant, fromMs, toMs);
    const touched = componentsOf(all).filter(({ members }) => members.some(({ id }) => ids.has(id)));
    const times = touched
      .flatMap(({ members }) => [members[0]!, members.at(-1)!])
      .map(({ time }) => Date.parse(time));
    const needFrom = Math.max(Math.min(firstMs, ...times) - REACH_MS, firstMs - MAX_SPAN_MS);
    const needTo = Math.min(Math.max(lastMs, ...times) + REACH_MS, lastMs + MAX_SPAN_MS);
    if (needFrom >= fromMs && needTo <= toMs) return { all, touched };
    [fromMs, toMs] = [Math.min(fromMs, needFrom), Math.max(toMs, needTo)];
  }
}

/** The finding that says so. It lies at its first member, where its id does not move when it grows. */
export function findingOf({ person, members, ...incident }: JoinedIncident): Finding {
  const first = members[0]!;
  const loudest = [...members].sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level));
  const records = new Map(
    loudest
      .flatMap((member) => member.records)
      .map((record) => [`${record.source}|${record.recordId}`, record]),
  );
  const atMs = Date.parse(first.time);
  const { score, reasons, tactics, ties, highest } = incident;
  const facts = {
    score,
    reasons,
    tactics,
    ties,
    highest,
    findingCount: members.length,
    rules: [...new Set(loudest.map(({ rule }) => rule))].slice(0, 50),
    findings: members.slice(0, MAX_MEMBERS_SHOWN).map(({ id }) => id),
  };
  const identity = `${person}|${first.id}`;
  return {
    ...makeFinding(info, identity, atMs, [...records.values()], { kind: 'native', facts }),
    id: findingId(info.key, identity, atMs),
    level: incident.level,
    tags: tactics.map((tactic) => `attack.${tactic}`),
    time: first.time,
    from: members.map(({ from }) => from).sort()[0]!,
    to: members
      .map(({ to }) => to)
      .sort()
      .at(-1)!,
    user: person,
  };
}

const factsOf = ({ explanation }: Finding) => (explanation.kind === 'native' ? explanation.facts : {});
const membersOf = (incident: Finding): readonly string[] => {
  const listed = factsOf(incident)['findings'];
  return Array.isArray(listed) ? listed : [];
};

const differs = (old: Finding, now: Finding): boolean =>
  old.level !== now.level || JSON.stringify(factsOf(old)) !== JSON.stringify(factsOf(now)) || isOurs(old);

/** Closed by us as disproved, not by people: it may be right again. */
const isOurs = ({ state, changedBy }: Finding): boolean => state === 'closed' && changedBy === 'holdfast';

async function refresh(table: FindingsTable, tenant: string, now: Finding, nowMs: number): Promise<void> {
  const { level, tags, from, to, records, explanation } = now;
  await table.change(tenant, now.id, (old) => ({
    ...old,
    ...(isOurs(old)
      ? { state: 'open', reason: 'right again by later records', changedAt: isoOf(nowMs) }
      : {}),
    level,
    tags,
    from,
    to,
    records,
    explanation,
    revision: old.revision + 1,
  }));
}

const isStale = (old: Finding, made: readonly Finding[], members: ReadonlySet<string>): boolean =>
  old.rule === info.key &&
  old.state === 'open' &&
  made.every(({ id }) => id !== old.id) &&
  membersOf(old).some((id) => members.has(id));

async function close(
  table: FindingsTable,
  tenant: string,
  id: string,
  member: string | undefined,
  byMember: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<void> {
  const by = member === undefined ? undefined : byMember.get(member);
  await table.change(tenant, id, (old) => ({
    ...old,
    state: 'closed',
    reason:
      by === undefined ? 'its findings no longer show three tactics' : `late records moved it: see ${by}`,
    changedBy: 'holdfast',
    changedAt: isoOf(nowMs),
    revision: old.revision + 1,
  }));
}
