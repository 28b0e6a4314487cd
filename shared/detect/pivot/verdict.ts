import { agentFamily } from '../native/user-agent.ts';
import type { UserHistory } from '../native/history.ts';
import { MIN_DAYS } from '../native/history.ts';
import { HOSTING, networkOf } from '../native/networks.ts';
import type { Finding } from '../findings/finding.ts';
import type { NetworkLookup } from './geoip.ts';
import type { SessionRecord } from './session-records.ts';

/** One reason for the verdict, with what it weighs and the records it rests on. */
export interface Reason {
  readonly id: string;
  readonly points: number;
  readonly text: string;
  /** At most 20. */
  readonly records: readonly string[];
}

export type Judgement = 'taken-over' | 'suspicious' | 'unremarkable';

export interface Verdict {
  readonly judgement: Judgement;
  /** Sum of the reasons' points. */
  readonly score: number;
  readonly reasons: readonly Reason[];
  /** How the score becomes a judgement, and what the verdict cannot know. */
  readonly scale: string;
  readonly limits: readonly string[];
}

/** Above the first a session is called suspicious, above the second taken over. */
export const THRESHOLDS = { suspicious: 30, takenOver: 60 } as const;

export interface Evidence {
  readonly records: readonly SessionRecord[];
  readonly history: UserHistory;
  /** Findings that carry the session. */
  readonly findings: readonly Finding[];
  readonly lookup: NetworkLookup;
}

/** What a session is held to be, and every reason. The points are ours; they are shown so that they can be disagreed with. */
export function judgeSession(evidence: Evidence): Verdict {
  const reasons = REASONS.flatMap((find) => find(evidence)).sort((a, b) => b.points - a.points);
  const score = reasons.reduce((sum, { points }) => sum + points, 0);
  return {
    judgement:
      score >= THRESHOLDS.takenOver
        ? 'taken-over'
        : score >= THRESHOLDS.suspicious
          ? 'suspicious'
          : 'unremarkable',
    score,
    reasons,
    scale: `sum of points; from ${THRESHOLDS.suspicious} suspicious, from ${THRESHOLDS.takenOver} taken over`,
    limits: limitsOf(evidence),
  };
}

function limitsOf({ history, records }: Evidence): string[] {
  return [
    ...(history.days < MIN_DAYS
      ? [`only ${history.days} days of the user's past are archived: what is new cannot be told`]
      : []),
    ...(records.some(({ by }) => by === 'token')
      ? ['some records belong to the session by their token id alone']
      : []),
    "a session id is not proof of who acted: device-code and refresh-token theft inherit the victim's",
  ];
}

type Find = (evidence: Evidence) => Reason[];

const ids = (records: readonly { readonly recordId: string }[]): string[] =>
  [...new Set(records.map(({ recordId }) => recordId))].slice(0, 20);

/** A reason for values that the user's past does not know. Without a past nothing is new. */
function news(
  id: string,
  points: number,
  what: string,
  valueOf: (record: SessionRecord, lookup: NetworkLookup) => string | undefined,
  known: (history: UserHistory) => ReadonlySet<string>,
): Find {
  return ({ records, history, lookup }) => {
    if (history.days < MIN_DAYS) return [];
    const fresh = records.filter((record) => {
      const value = valueOf(record, lookup);
      return value !== undefined && value !== '' && !known(history).has(value);
    });
    if (fresh.length === 0) return [];
    const values = [...new Set(fresh.map((record) => valueOf(record, lookup)))].slice(0, 10);
    return [
      {
        id,
        points,
        text: `${what} new for the user (${history.days} days of history): ${values.join(', ')}`,
        records: ids(fresh),
      },
    ];
  };
}

const families = (history: UserHistory): ReadonlySet<string> =>
  new Set([...history.userAgents].map(agentFamily));

function hosting({ records, lookup }: Evidence): Reason[] {
  const owners = new Map<string, SessionRecord[]>();
  for (const record of records) {
    const known = record.ip === undefined ? {} : lookup.of(record.ip);
    const asn = record.asn ?? known.asn ?? 0;
    const name = HOSTING.get(asn);
    if (name !== undefined)
      owners.set(`${name} (AS${asn})`, [...(owners.get(`${name} (AS${asn})`) ?? []), record]);
  }
  if (owners.size === 0) return [];
  const text = `address of a hosting or anonymising network: ${[...owners.keys()].join(', ')}`;
  return [{ id: 'hosting-network', points: 20, text, records: ids([...owners.values()].flat()) }];
}

function severalNetworks({ records }: Evidence): Reason[] {
  const networks = new Set(
    records.flatMap(({ asn, ip }) => (asn ? [`AS${asn}`] : ip ? [networkOf(ip)] : [])),
  );
  const countries = new Set(records.flatMap(({ country }) => (country ? [country] : [])));
  if (countries.size < 2) return [];
  return [
    {
      id: 'several-countries',
      points: 20,
      text: `the session was used from ${countries.size} countries (${[...countries].join(', ')}) and ${networks.size} networks`,
      records: ids(records.filter(({ country }) => country)),
    },
  ];
}

/** Reasons that rules have given: what each family of rules adds, once, however many findings. */
const FROM_RULES: readonly {
  readonly id: string;
  readonly points: number;
  readonly text: string;
  readonly rules: RegExp;
}[] = [
  {
    id: 'aitm-pattern',
    points: 40,
    text: 'sign-in pattern of an attacker-in-the-middle page',
    rules: /^signin-aitm/,
  },
  {
    id: 'token-replay',
    points: 25,
    text: 'the token was used in a second network and country or browser',
    rules: /^session-token-replay|^device-code-two/,
  },
  {
    id: 'risk',
    points: 15,
    text: 'Identity Protection rated a sign-in as risky',
    rules: /^(signin-risk|risk-detection)/,
  },
  {
    id: 'mailbox-rule',
    points: 20,
    text: 'an inbox rule that hides, forwards or is oddly named',
    rules: /^inbox-rule-(hides|odd|finance|forwards|short|client)|^mail-forwarded/,
  },
  {
    id: 'rule-traces',
    points: 15,
    text: 'traces were deleted',
    rules: /trace-deleted|inbox-rule-removed|security-notice/,
  },
  {
    id: 'mass-send',
    points: 20,
    text: 'a mass of mail was sent',
    rules: /^mail-(mass-send|same-subject|phish)/,
  },
  {
    id: 'consent',
    points: 20,
    text: 'an application was added or given consent',
    rules: /^(application-|consent-|rogue-)/,
  },
  {
    id: 'persistence',
    points: 20,
    text: 'security info or a device was registered',
    rules: /^(security-info|device|temporary)/,
  },
  {
    id: 'collection',
    points: 10,
    text: 'mail or files were read from a network new for the user',
    rules: /^(mail-(sync|by|read)|file-)/,
  },
];

function fromRules({ findings }: Evidence): Reason[] {
  return FROM_RULES.flatMap(({ id, points, text, rules }) => {
    const found = findings.filter(({ rule, state }) => rules.test(rule) && state !== 'suppressed');
    if (found.length === 0) return [];
    const named = [...new Set(found.map(({ rule }) => rule))].join(', ');
    return [
      { id, points, text: `${text} (${named})`, records: ids(found.flatMap(({ records }) => records)) },
    ];
  });
}

const REASONS: readonly Find[] = [
  news(
    'new-network',
    15,
    'network',
    ({ ip }) => ip && networkOf(ip),
    ({ networks }) => networks,
  ),
  news(
    'new-country',
    15,
    'country',
    ({ country, ip }, lookup) => country ?? (ip && lookup.of(ip).country),
    ({ countries }) => countries,
  ),
  news('new-user-agent', 10, 'browser', ({ userAgent }) => agentFamily(userAgent), families),
  news(
    'new-application',
    5,
    'application',
    ({ app }) => app,
    ({ apps }) => apps,
  ),
  hosting,
  severalNetworks,
  fromRules,
];
