import type { Finding } from '../findings/finding.ts';
import { LEVELS, type Level } from '../sigma/index.ts';
import { SOURCE_IDS } from '../../sources.ts';
import type { FollowUpRule } from './follow-up.ts';

const HOUR = 3_600_000;
/** Findings of one person that lie this close together belong to one incident. */
export const WINDOW_MS = 24 * HOUR;
/** Findings that share a session, token or address belong together over this long. */
export const REACH_MS = 7 * 24 * HOUR;
const MIN_TACTICS = 3;

export const incidentJoin: FollowUpRule = {
  kind: 'native',
  type: 'follow-up',
  key: 'incident-several-tactics',
  title: 'Findings of one person show three or more tactics',
  level: 'high',
  description:
    'Findings of one person hang together by session, token, address or by lying within a day of one another, and show three or more MITRE tactics, each by a rule of its own, within a day or within one session, token or address. The level is that of the highest of them, raised by one.',
  tags: ['attack.initial-access', 'attack.t1078.004'],
  references: ['https://learn.microsoft.com/defender-xdr/incidents-overview'],
  falsePositives: ['The first days of a new employee: close or suppress the findings that are explained'],
  sources: SOURCE_IDS,
};

/** Findings of one person that hang together and show several tactics. */
export interface JoinedIncident {
  readonly person: string;
  /** By time. */
  readonly members: readonly Finding[];
  readonly tactics: readonly string[];
  readonly level: Level;
  /** Level of the highest member, before it was raised. */
  readonly highest: Level;
  /** What ties the members whose tactics count: `24 hours`, or a session, token or address. */
  readonly ties: readonly string[];
  /** Every part of the score, as it is shown. */
  readonly reasons: readonly string[];
  /** Rank of the highest level, from 1, plus one for the tactics. */
  readonly score: number;
}

/** Says nothing by itself, or is made out of others. */
const counts = (finding: Finding): boolean =>
  finding.state === 'open' && finding.level !== 'informational' && !FOLLOW_UPS.has(finding.rule);
const FOLLOW_UPS: ReadonlySet<string> = new Set([incidentJoin.key, 'scope-sweep']);

/** Names of one person are told apart from object ids by the findings that carry both. */
export function personsOf(findings: Iterable<Finding>): (finding: Finding) => string | undefined {
  const names = new Map<string, string>();
  for (const { user, userId } of findings)
    if (user !== undefined && userId !== undefined) names.set(userId, user);
  return ({ user, userId }) => {
    const key = user ?? userId;
    return key === undefined ? undefined : (names.get(key) ?? key);
  };
}

/** Incidents among findings, in any order. The same findings give the same incidents. */
export function joinIncidents(findings: readonly Finding[]): JoinedIncident[] {
  return componentsOf(findings).flatMap(({ person, members }) => incidentOf(person, members) ?? []);
}

export interface Component {
  readonly person: string;
  readonly members: readonly Finding[];
}

/** Divides findings into what hangs together: the smallest closed sets under the ties. */
export function componentsOf(findings: readonly Finding[]): Component[] {
  const personOf = personsOf(findings);
  const byPerson = new Map<string, Finding[]>();
  for (const finding of findings.filter(counts)) {
    const person = personOf(finding);
    if (person !== undefined) addTo(byPerson, person, finding);
  }
  return [...byPerson].flatMap(([person, own]) =>
    connected(own.sort(inOrder)).map((members) => ({ person, members })),
  );
}

function addTo<K>(groups: Map<K, Finding[]>, key: K, finding: Finding): void {
  const group = groups.get(key);
  if (group) group.push(finding);
  else groups.set(key, [finding]);
}

const inOrder = (a: Finding, b: Finding): number =>
  a.time < b.time ? -1 : a.time > b.time ? 1 : a.id < b.id ? -1 : 1;

/** Findings by time: each is tied to the one before it within the window, and to the last with the same session, token or address. */
function connected(sorted: readonly Finding[]): Finding[][] {
  const parent = sorted.map((_, i) => i);
  const root = (i: number): number => (parent[i] === i ? i : (parent[i] = root(parent[i]!)));
  const last = new Map<string, number>();
  for (const [i, finding] of sorted.entries()) {
    const at = Date.parse(finding.time);
    const near = (j: number | undefined, ms: number) =>
      j !== undefined && j >= 0 && at - Date.parse(sorted[j]!.time) <= ms;
    if (near(i - 1, WINDOW_MS)) parent[root(i)] = root(i - 1);
    for (const tie of tiesOf(finding)) {
      const j = last.get(tie);
      if (near(j, REACH_MS)) parent[root(i)] = root(j!);
      last.set(tie, i);
    }
  }
  const groups = new Map<number, Finding[]>();
  for (const [i, finding] of sorted.entries()) addTo(groups, root(i), finding);
  return [...groups.values()];
}

/** What a finding can share with another: of itself and of its records. */
function tiesOf({ session, ip, records }: Finding): string[] {
  const ties = [
    ...[session, ...records.map((record) => record.session)].map((text) => text && `session ${text}`),
    ...records.map(({ token }) => token && `token ${token}`),
    ...[ip, ...records.map((record) => record.ip)].map((text) => text && `address ${text}`),
  ];
  return [...new Set(ties.filter((tie): tie is string => tie !== undefined && tie !== ''))];
}

const TACTIC = /^attack\.([a-z][a-z_-]+)$/;

export const tacticsOf = (findings: Iterable<Pick<Finding, 'tags'>>): string[] =>
  [
    ...new Set(
      [...findings].flatMap(({ tags }) =>
        tags.flatMap((tag) => TACTIC.exec(tag)?.[1]?.replaceAll('_', '-') ?? []),
      ),
    ),
  ].sort();

function incidentOf(person: string, members: readonly Finding[]): JoinedIncident | undefined {
  const telling = tellingOf(members);
  if (telling.length === 0) return undefined;
  const tactics = [...new Set(telling.flatMap((set) => set.tactics))].sort();
  const highest = LEVELS[Math.max(...members.map(rank))]!;
  const level = LEVELS[Math.min(LEVELS.indexOf(highest) + 1, LEVELS.length - 1)]!;
  const ties = [...new Set(telling.map(({ tie }) => tie))].slice(0, 20);
  const score = LEVELS.indexOf(highest) + 2;
  const rules = [
    ...new Set(members.filter((member) => rank(member) === rank({ level: highest })).map((m) => m.rule)),
  ];
  return {
    person,
    members,
    tactics,
    level,
    highest,
    ties,
    score,
    reasons: [
      `${LEVELS.indexOf(highest) + 1}: highest level among ${members.length} findings is ${highest} (${rules.slice(0, 5).join(', ')})`,
      `1: ${tactics.length} tactics hang together by ${ties.slice(0, 5).join(', ')} (${tactics.join(', ')})`,
    ],
  };
}

const rank = ({ level }: Pick<Finding, 'level'>): number => LEVELS.indexOf(level);

/**
 * How many tactics can be given to different rules (a maximum matching, by augmenting paths): a rule that stands for
 * two tactics shows only one of them by itself.
 */
export function ownTactics(findings: readonly Pick<Finding, 'rule' | 'tags'>[]): number {
  const tactics = new Map(findings.map((finding) => [finding.rule, tacticsOf([finding])]));
  const holder = new Map<string, string>();
  const place = (rule: string, tried: Set<string>): boolean =>
    (tactics.get(rule) ?? []).some((tactic) => {
      if (tried.has(tactic)) return false;
      tried.add(tactic);
      const other = holder.get(tactic);
      if (other !== undefined && !place(other, tried)) return false;
      holder.set(tactic, rule);
      return true;
    });
  return [...tactics.keys()].filter((rule) => place(rule, new Set())).length;
}

interface TellingSet {
  readonly tie: string;
  readonly tactics: readonly string[];
}

/** The sets within which tactics are counted together, and which tell: a day from each finding on, each thing shared. */
function tellingOf(members: readonly Finding[]): TellingSet[] {
  const shared = new Map<string, Finding[]>();
  for (const member of members) for (const tie of tiesOf(member)) addTo(shared, tie, member);
  const sets = [...shared].flatMap(([tie, set]) => {
    const tally = new Tally();
    for (const finding of set) tally.count(finding, 1);
    return tally.isTelling ? [{ tie, tactics: tally.tactics }] : [];
  });
  const days = tacticsOfDays(members);
  return days.length > 0 ? [{ tie: '24 hours', tactics: days }, ...sets] : sets;
}

/** Tactics of all days that tell, each beginning with a finding: one pass, however many findings a day has. */
function tacticsOfDays(sorted: readonly Finding[]): string[] {
  const times = sorted.map(({ time }) => Date.parse(time));
  const tactics = new Set<string>();
  const tally = new Tally();
  for (let start = 0, end = 0; start < sorted.length; start++) {
    while (end < sorted.length && times[end]! - times[start]! <= WINDOW_MS) tally.count(sorted[end++]!, 1);
    if (tally.isTelling) for (const tactic of tally.tactics) tactics.add(tactic);
    tally.count(sorted[start]!, -1);
  }
  return [...tactics];
}

/** Rules and records of a set of findings that comes and goes; worked out again only when its rules change. */
class Tally {
  readonly #rules = new Map<string, { readonly rule: string; readonly tags: readonly string[]; n: number }>();
  readonly #records = new Map<string, number>();
  #known: { readonly own: number; readonly tactics: readonly string[] } | undefined;

  count({ rule, tags, records }: Finding, by: 1 | -1): void {
    const entry = this.#rules.get(rule) ?? { rule, tags, n: 0 };
    if (entry.n === 0) this.#known = undefined;
    entry.n += by;
    this.#rules.set(rule, entry);
    if (entry.n === 0) {
      this.#rules.delete(rule);
      this.#known = undefined;
    }
    for (const { recordId } of records) {
      const n = (this.#records.get(recordId) ?? 0) + by;
      if (n === 0) this.#records.delete(recordId);
      else this.#records.set(recordId, n);
    }
  }

  /** Three tactics, each shown by a rule of its own, on more than one record: one act under several names is no incident. */
  get isTelling(): boolean {
    return this.#records.size >= 2 && this.#facts().own >= MIN_TACTICS;
  }

  get tactics(): readonly string[] {
    return this.#facts().tactics;
  }

  #facts() {
    if (this.#known) return this.#known;
    const rules = [...this.#rules.values()];
    return (this.#known = { own: ownTactics(rules), tactics: tacticsOf(rules) });
  }
}
