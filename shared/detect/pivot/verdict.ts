import { MIN_DAYS, type UserHistory } from '../native/history.ts';
import type { Finding } from '../findings/finding.ts';
import { LEVELS } from '../sigma/index.ts';
import type { NetworkLookup } from './geoip.ts';
import type { SessionRecord } from './session-records.ts';
import type { Event } from './session/event.ts';
import { SessionDraft } from './session/sessions.ts';
import { POSSIBLE, SIGNALS, THRESHOLD } from './session/signals.ts';
import { judge, NO_HABITS, type Habits, type JudgedSession, type Verdict } from './session/verdict.ts';

/** One reason for the verdict, with what it weighs and the records it rests on. */
export interface ShownReason {
  readonly id: string;
  readonly points: number;
  readonly text: string;
  /** At most 20. */
  readonly records: readonly string[];
}

export interface ShownVerdict {
  readonly judgement: Verdict;
  /** Sum of the reasons' points. */
  readonly score: number;
  readonly reasons: readonly ShownReason[];
  /** How the score becomes a judgement, and what the verdict cannot know. */
  readonly scale: string;
  readonly limits: readonly string[];
}

export interface Evidence {
  readonly session: string;
  readonly records: readonly SessionRecord[];
  /** Of the same records; their numbers are places in `records`. */
  readonly events: readonly Event[];
  readonly history: UserHistory;
  /** Findings that carry the session. */
  readonly findings: readonly Finding[];
  readonly lookup: NetworkLookup;
}

const MAX_RECORDS = 20;

/** What a session is held to be, and every reason: the verdict that reports give of it too (`session/verdict.ts`). */
export function judgeSession(evidence: Evidence): ShownVerdict {
  const { session, events, history, findings, lookup } = evidence;
  const draft = new SessionDraft(session);
  for (const event of events) draft.add(event, event.actor);
  const serious = findings.filter(isSerious);
  const [judged] = judge([draft], () => habitsOf(history), {
    asked: new Set(),
    findings: new Set(serious.length > 0 ? [session] : []),
    networks: lookup,
  });
  const { verdict, score } = judged!;
  return {
    judgement: verdict,
    score,
    reasons: judged!.reasons.map((reason) => shown(reason, evidence, serious)),
    scale: `sum of points, of which some must speak of who was there: from ${POSSIBLE} possible, from ${THRESHOLD} suspicious`,
    limits: limitsOf(evidence),
  };
}

const isSerious = ({ level, state }: Finding): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf('high') && state !== 'suppressed';

/** A person without a past of some days has nothing that could be new. */
const habitsOf = ({ days, ips, countries, userAgents }: UserHistory): Habits =>
  days < MIN_DAYS
    ? NO_HABITS
    : { ips: [...ips], countries: [...countries], agents: [...userAgents], records: 0, days };

function shown(
  { signal, weight, numbers }: JudgedSession['reasons'][number],
  { records }: Evidence,
  serious: readonly Finding[],
): ShownReason {
  const rules = [...new Set(serious.map(({ rule }) => rule))].slice(0, 20).join(', ');
  const ids =
    signal === 'finding'
      ? serious.flatMap((finding) => finding.records.map(({ recordId }) => recordId))
      : numbers.flatMap((number) => records[number]?.recordId ?? []);
  return {
    id: signal,
    points: weight,
    text: `${SIGNALS[signal].title}${signal === 'finding' ? ` (${rules})` : ''}`,
    records: [...new Set(ids)].slice(0, MAX_RECORDS),
  };
}

function limitsOf({ history, records }: Evidence): string[] {
  return [
    ...(history.days < MIN_DAYS
      ? [`only ${history.days} days of the user's past are archived: what is new cannot be told`]
      : []),
    ...(records.some(({ by }) => by !== 'session')
      ? ['some records belong to the session by their token or request id alone']
      : []),
    "a session id is not proof of who acted: device-code and refresh-token theft inherit the victim's",
  ];
}
