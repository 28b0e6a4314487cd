import { hash } from 'node:crypto';
import { dateOf, formatTicks, ticksFromMs } from '../../instant.ts';
import type { NativeMatch, SigmaMatch } from '../evaluation.ts';
import type { ResolvedHit } from '../correlation-memory.ts';
import type { WindowHit, WindowRule } from '../native/native-rule.ts';
import type { RuleInfo } from '../rule-info.ts';
import type { Level, SelectionExplanation } from '../sigma/index.ts';
import type { Sighting } from '../sighting.ts';

export type FindingState = 'open' | 'closed' | 'suppressed';

/** Why a rule matched: what of a record matched which part of it, what was counted, or what native code saw. */
export type Explanation =
  | {
      readonly kind: 'rule';
      readonly condition: string;
      readonly selections: readonly SelectionExplanation[];
    }
  | {
      readonly kind: 'correlation';
      readonly type: string;
      readonly group: Readonly<Record<string, string>>;
      readonly value: number;
      readonly count: number;
    }
  | { readonly kind: 'native'; readonly facts: WindowHit['facts'] };

/** One explained match of a rule. The same for the same rule and records, whenever and however often it is found. */
export interface Finding {
  /** Time stamp and hash: also says where the finding is stored. */
  readonly id: string;
  readonly rule: string;
  readonly title: string;
  readonly level: Level;
  readonly origin: RuleInfo['origin'];
  readonly author?: string;
  readonly tags: readonly string[];
  /** Of the record, or of the instant at which a correlation held; ISO. */
  readonly time: string;
  readonly from: string;
  readonly to: string;
  readonly user?: string;
  readonly userId?: string;
  readonly session?: string;
  readonly ip?: string;
  readonly explanation: Explanation;
  /** At most 100. */
  readonly records: readonly Sighting[];
  readonly state: FindingState;
  /** Why it is closed or suppressed. */
  readonly reason?: string;
  /** Who changed the state, and when. */
  readonly changedBy?: string;
  readonly changedAt?: string;
  /** Raised with every change. */
  readonly revision: number;
}

const MAX_RECORDS = 100;

const YEAR_10000 = 253_402_300_800_000;

/** ISO 8601 with milliseconds, rounded down. */
export const isoOf = (ms: number): string =>
  ms >= 0 && ms < YEAR_10000
    ? new Date(Math.floor(ms)).toISOString()
    : formatTicks(ticksFromMs(ms)).replace(/0000Z$/, 'Z');

/** `20261124T135017000-<24 hex>`: hash over rule and what identifies the match. */
export function findingId(rule: string, identity: string, timeMs: number): string {
  const digest = hash('sha256', `${rule}\0${identity}`, 'hex').slice(0, 24);
  return `${isoOf(timeMs).replace(/[-:.Z]/g, '')}-${digest}`;
}

/** Records without a time are findings of the day they are archived under. */
const timeOf = ({ timeMs, place }: Sighting): number => timeMs ?? Date.parse(`${place.date}T00:00:00Z`);

export function findingOfMatch(info: RuleInfo, { match, sighting }: SigmaMatch): Finding {
  return makeFinding(info, match.recordId, timeOf(sighting), [sighting], {
    kind: 'rule',
    condition: match.condition,
    selections: match.selections,
  });
}

export const findingOfNative = (info: RuleInfo, { verdict, sighting }: NativeMatch): Finding =>
  makeFinding(info, sighting.recordId, timeOf(sighting), [sighting], {
    kind: 'native',
    facts: verdict.facts,
  });

export function findingOfWindow(
  info: RuleInfo,
  rule: WindowRule,
  group: string,
  { events, facts }: WindowHit,
): Finding {
  const last = events.at(-1)!;
  const records = events.map(({ sighting }) => sighting);
  const made = makeFinding(info, `${group}|${last.sighting.recordId}`, last.t, records, {
    kind: 'native',
    facts,
  });
  if (!rule.oncePerDay) return made;
  // Late records move the instant at which it showed; the finding stays the same one.
  const day = Date.parse(`${dateOf(last.t)}T00:00:00Z`);
  return { ...made, id: findingId(info.key, `${group}|${day}`, day) };
}

export function findingOfHit(info: RuleInfo, { hit, records }: ResolvedHit): Finding {
  const explanation: Explanation = {
    kind: 'correlation',
    type: hit.type,
    group: hit.group,
    value: hit.value,
    count: hit.count,
  };
  const made = makeFinding(info, hit.id, hit.timeMs, records, explanation);
  return { ...made, from: isoOf(hit.fromMs), to: isoOf(hit.toMs) };
}

/** A finding in its first state. `identity`: what makes it the same one when it is found again. */
export function makeFinding(
  info: RuleInfo,
  identity: string,
  timeMs: number,
  records: readonly Sighting[],
  explanation: Explanation,
): Finding {
  const time = isoOf(timeMs);
  const times = records.map(timeOf);
  const [from, to] = [Math.min(timeMs, ...times), Math.max(timeMs, ...times)];
  return {
    id: findingId(info.key, identity, timeMs),
    rule: info.key,
    title: info.title,
    level: info.level,
    origin: info.origin,
    ...(info.author === undefined ? {} : { author: info.author }),
    tags: info.tags,
    time,
    from: from === timeMs ? time : isoOf(from),
    to: to === timeMs ? time : isoOf(to),
    ...whom(records, timeMs),
    explanation,
    records: records.slice(0, MAX_RECORDS),
    state: 'open',
    revision: 1,
  };
}

/** Whom it concerns: what the record at the finding's time says, and where it is silent, the others. */
function whom(
  records: readonly Sighting[],
  timeMs: number,
): Pick<Finding, 'user' | 'userId' | 'session' | 'ip'> {
  const ordered =
    records.length > 1
      ? [...records].sort((a, b) => Number(b.timeMs === timeMs) - Number(a.timeMs === timeMs))
      : records;
  const found: { -readonly [K in (typeof WHOM)[number]]?: string } = {};
  for (const name of WHOM) {
    const value = ordered.find((record) => record[name] !== undefined)?.[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

const WHOM = ['user', 'userId', 'session', 'ip'] as const;
