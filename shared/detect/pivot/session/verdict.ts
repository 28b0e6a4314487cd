import { HOSTING } from '../../native/networks.ts';
import type { NetworkLookup } from '../geoip.ts';
import { POSSIBLE, SIGNALS, THRESHOLD, type SignalId } from './signals.ts';
import type { SessionDraft } from './sessions.ts';

/** What is known of a user from before: addresses, countries and clients, from the archive's index. */
export interface Habits {
  readonly ips: readonly string[];
  readonly countries: readonly string[];
  readonly agents: readonly string[];
  /** Records the habits rest on. */
  readonly records: number;
  /** Days back from the question's start. */
  readonly days: number;
}

export const NO_HABITS: Habits = { ips: [], countries: [], agents: [], records: 0, days: 0 };

export interface Reason {
  readonly signal: SignalId;
  readonly weight: number;
  readonly title: string;
  /** Records that show it. */
  readonly numbers: readonly number[];
}

/** What a verdict is told beside the session's own records. */
export interface Given {
  /** Sessions that a request names. */
  readonly asked: ReadonlySet<string>;
  /** Sessions in which a rule of level high or critical matched. */
  readonly findings: ReadonlySet<string>;
  /** Owners and countries of addresses; without it, networks are not judged. */
  readonly networks?: NetworkLookup;
}

export type Verdict = 'suspicious' | 'possible' | 'usual';

export interface JudgedSession {
  readonly draft: SessionDraft;
  readonly user: string;
  readonly verdict: Verdict;
  readonly score: number;
  readonly reasons: readonly Reason[];
  /** Its addresses that the user had not used before it. */
  readonly newAddresses: readonly string[];
}

interface Known {
  readonly ips: Set<string>;
  readonly countries: Set<string>;
  readonly agents: Set<string>;
}

/**
 * Judges sessions in the order of their start: what an unsuspicious session used is usual for the next one. A user
 * without any history has nothing that could be new.
 */
export function judge(
  drafts: readonly SessionDraft[],
  habitsOf: (user: string) => Habits,
  given: Given,
): JudgedSession[] {
  const known = new Map<string, Known>();
  return drafts.map((draft) => {
    const user = draft.user();
    const before = known.get(user) ?? fromHabits(habitsOf(user));
    known.set(user, before);
    const judged = judgeOne(draft, user, before, given);
    if (judged.verdict === 'usual') learn(before, draft);
    return judged;
  });
}

const fromHabits = (h: Habits): Known => ({
  ips: new Set(h.ips),
  countries: new Set(h.countries),
  agents: new Set(h.agents),
});

function learn(known: Known, draft: SessionDraft): void {
  for (const ip of draft.addresses.keys()) known.ips.add(ip);
  for (const country of draft.countries.keys()) known.countries.add(country);
  for (const agent of draft.agents.keys()) known.agents.add(agent.slice(0, 160));
}

function judgeOne(draft: SessionDraft, user: string, known: Known, given: Given): JudgedSession {
  const newAddresses = [...draft.addresses.values()].filter(
    (a) => known.ips.size > 0 && !known.ips.has(a.ip),
  );
  const found = new Map<SignalId, readonly number[]>(draft.evidence);
  if (given.asked.has(draft.key)) found.set('asked', [draft.firstNumber]);
  if (given.findings.has(draft.key)) found.set('finding', [draft.firstNumber]);
  if (given.networks) networks(draft, known, given.networks, found);
  novelties(
    draft,
    known,
    newAddresses.map((a) => a.number),
    found,
  );
  // A high rating says all that a medium one does.
  if (found.has('riskHigh')) found.delete('riskMedium');
  const reasons = [...found].map(([id, numbers]) => ({
    signal: id,
    weight: SIGNALS[id].weight,
    title: SIGNALS[id].title,
    numbers: [...new Set(numbers)].sort((a, b) => a - b),
  }));
  reasons.sort((a, b) => b.weight - a.weight || (a.signal < b.signal ? -1 : 1));
  const score = reasons.reduce((sum, r) => sum + r.weight, 0);
  const identity = reasons.some((r) => SIGNALS[r.signal].identity);
  const verdict =
    identity && score >= THRESHOLD ? 'suspicious' : identity && score >= POSSIBLE ? 'possible' : 'usual';
  return { draft, user, verdict, score, reasons, newAddresses: newAddresses.map((a) => a.ip) };
}

/** What a database of networks adds: hosting, and countries of addresses whose records name none. */
function networks(
  draft: SessionDraft,
  known: Known,
  lookup: NetworkLookup,
  found: Map<SignalId, readonly number[]>,
): void {
  const uses = [...draft.addresses.values()].map((use) => ({ ...use, facts: lookup.of(use.ip) }));
  const hosted = uses.filter(({ asn, facts }) => HOSTING.has(asn ?? facts.asn ?? 0));
  if (hosted.length > 0)
    found.set(
      'hosting',
      hosted.map(({ number }) => number),
    );
  const abroad = uses.filter(
    ({ place, facts }) =>
      place.country === '' &&
      facts.country !== undefined &&
      known.countries.size > 0 &&
      !known.countries.has(facts.country),
  );
  if (abroad.length > 0)
    found.set(
      'newCountry',
      abroad.map(({ number }) => number),
    );
}

function novelties(
  draft: SessionDraft,
  known: Known,
  fresh: readonly number[],
  found: Map<SignalId, readonly number[]>,
): void {
  if (fresh.length > 0) found.set('newAddress', fresh);
  const countries = [...draft.countries].filter(([c]) => known.countries.size > 0 && !known.countries.has(c));
  if (countries.length > 0)
    found.set('newCountry', [...(found.get('newCountry') ?? []), ...countries.map(([, c]) => c.number)]);
  const agents = [...draft.agents.keys()].filter(
    (a) => known.agents.size > 0 && !known.agents.has(a.slice(0, 160)),
  );
  if (agents.length > 0) found.set('newAgent', [draft.firstNumber]);
  const seen = [...draft.countries.values()].sort((a, b) => a.firstMs - b.firstMs);
  const near = seen.filter((c, i) => i > 0 && c.firstMs - seen[i - 1]!.lastMs <= 3_600_000);
  if (near.length > 0)
    found.set(
      'twoCountries',
      near.map((c) => c.number),
    );
  const landings = draft.landings();
  if (landings.length > 0 && fresh.length > 0) found.set('aitm', landings);
}
