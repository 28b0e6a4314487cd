import { msFromTicks } from '../instant.ts';
import { isObject, readFacts, textOf } from '../record.ts';
import type { SourceId } from '../sources.ts';
import type { BaselineRule, NativeRule, RecordRule, Verdict, WindowRule } from './native/native-rule.ts';
import type { RuleBook } from './rule-book.ts';
import { RecordText, type CorrelatedMatch, type Match, type RecordIdentity } from './sigma/index.ts';
import { bodyOf, ipOf, sightingOf, type PlacedRecord, type Sighting } from './sighting.ts';

/** A match of a Sigma rule that reports by itself: what its finding says of it. */
export interface SigmaMatch {
  readonly match: Pick<Match, 'ruleKey' | 'recordId' | 'condition' | 'selections'>;
  readonly sighting: Sighting;
}

/** A match that correlations want. */
export interface FedMatch {
  readonly match: CorrelatedMatch;
  readonly sighting: Sighting;
}

export interface NativeMatch {
  readonly rule: NativeRule;
  readonly verdict: Verdict;
  readonly sighting: Sighting;
}

export interface Candidate {
  readonly rule: BaselineRule;
  readonly sighting: Sighting;
}

export interface Taken {
  readonly rule: WindowRule;
  readonly taken: NonNullable<ReturnType<WindowRule['take']>>;
  readonly sighting: Sighting;
}

/** What single records gave, before anything is remembered or compared with the past. Holds matches only, no records. */
export interface Evaluated {
  /** Matches of Sigma rules that report by themselves. */
  readonly matches: SigmaMatch[];
  /** Matches that correlations want, those above among them. */
  readonly fed: FedMatch[];
  readonly native: NativeMatch[];
  /** Of equal ones the earliest: most records of a session say the same. */
  readonly candidates: Map<string, Candidate>;
  readonly taken: Map<string, Taken>;
  records: number;
}

// Where more records than these do concern a rule, asking costs more than it saves.
const [MIN_ASKED, MIN_PASSED] = [64, 0.4];

/** Applies a rule book to records, one at a time. */
export class Evaluator {
  readonly #book: RuleBook;
  readonly #natives = new Map<SourceId, readonly NativeRule[]>();
  readonly #silent: ReadonlySet<string>;
  /** How often the texts of a source were asked, and how many records were then passed over. */
  readonly #asked = new Map<SourceId, { times: number; passed: number }>();

  constructor(book: RuleBook) {
    this.#book = book;
    this.#silent = new Set([...book.infos.values()].filter((info) => !info.standalone).map(({ key }) => key));
  }

  static empty(): Evaluated {
    return { matches: [], fed: [], native: [], candidates: new Map(), taken: new Map(), records: 0 };
  }

  take(record: PlacedRecord, into: Evaluated): void {
    into.records++;
    const seen = new Seen(record);
    for (const match of this.#book.set.evaluate(record.source, record.value, seen as RecordIdentity)) {
      const sighting = seen.as(match.recordId, match.timeMs);
      if (match.standalone && !this.#silent.has(match.ruleKey))
        into.matches.push({ match: resolved(match), sighting });
      if (match.correlated) into.fed.push({ match: slim(match), sighting });
    }
    for (const rule of this.#nativesOf(record.source)) APPLY[rule.type](rule as never, seen, into);
  }

  /** True: the record need not be parsed. Asks only as long as most records of the source are passed over. */
  passesOver(source: SourceId, line: Buffer): boolean {
    const asked = this.#asked.get(source) ?? { times: 0, passed: 0 };
    if (asked.times >= MIN_ASKED && asked.passed < asked.times * MIN_PASSED) return false;
    this.#asked.set(source, asked);
    asked.times++;
    if (this.mayConcern(source, line)) return false;
    asked.passed++;
    return true;
  }

  /** False: as its text shows, no rule can say anything of the record. */
  mayConcern(source: SourceId, line: Buffer): boolean {
    const natives = this.#nativesOf(source);
    if (natives.some(({ mayConcern }) => mayConcern === undefined)) return true;
    const text = RecordText.of(line);
    return (
      this.#book.set.canMatch(source, text) ||
      natives.some(({ mayConcern }) => mayConcern!(text)) ||
      !text.isPlain
    );
  }

  #nativesOf(source: SourceId): readonly NativeRule[] {
    const known =
      this.#natives.get(source) ?? this.#book.native.filter(({ sources }) => sources.includes(source));
    this.#natives.set(source, known);
    return known;
  }
}

/** A record while rules look at it: what is costly is worked out once, and only when a rule wants it. */
class Seen {
  readonly record: PlacedRecord;
  readonly body: unknown;
  #sighting: Sighting | undefined;
  #timed = false;
  #timeMs: number | undefined;

  constructor(record: PlacedRecord) {
    this.record = record;
    this.body = bodyOf(record.value);
  }

  as(recordId: string, timeMs: number | undefined): Sighting {
    return (this.#sighting ??= sightingOf(this.record, recordId, timeMs));
  }

  get sighting(): Sighting {
    if (this.#sighting) return this.#sighting;
    const body = isObject(this.body) ? this.body : {};
    return this.as(textOf(body['id']) ?? textOf(body['Id']) ?? '', this.timeMs);
  }

  /** Event time; undefined when there is none. The engine takes it from here rather than read it by paths again. */
  get timeMs(): number | undefined {
    if (this.#timed) return this.#timeMs;
    this.#timed = true;
    return (this.#timeMs = timeOf(this.body));
  }
}

/** The usual spellings need no exact parser. */
function timeOf(body: unknown): number | undefined {
  if (!isObject(body)) return undefined;
  const text = body['createdDateTime'] ?? body['CreationTime'] ?? body['activityDateTime'];
  const quick =
    typeof text === 'string' && ISO.test(text)
      ? Date.parse(text.at(-1) === 'Z' ? text : `${text}Z`)
      : Number.NaN;
  if (Number.isFinite(quick)) return quick;
  const { ticks } = readFacts(body);
  return ticks === undefined ? undefined : msFromTicks(ticks);
}

const ISO = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z?$/;

const APPLY = {
  record: (rule: RecordRule, seen: Seen, into: Evaluated): void => {
    const verdict = rule.judge(seen.body, seen.record);
    if (verdict) into.native.push({ rule, verdict, sighting: seen.sighting });
  },
  baseline: (rule: BaselineRule, seen: Seen, into: Evaluated): void => {
    if (!rule.candidate(seen.body, seen.record) || !isObject(seen.body)) return;
    const { body } = seen;
    const who = body['UserId'] ?? body['userPrincipalName'] ?? body['userId'];
    const key = `${rule.key}|${String(who)}|${ipOf(body)}|${String(body['ClientAppId'])}|${seen.record.place.date}`;
    const known = into.candidates.get(key);
    if (!known || isEarlier(seen, known.sighting))
      into.candidates.set(key, { rule, sighting: seen.sighting });
  },
  window: (rule: WindowRule, seen: Seen, into: Evaluated): void => {
    const same = rule.same(seen.body);
    const t = same === undefined ? undefined : seen.timeMs;
    if (t === undefined) return;
    const key = `${rule.key}|${same}|${Math.floor(t / rule.stretchMs)}`;
    const known = into.taken.get(key);
    if (known && !isEarlier(seen, known.sighting)) return;
    const taken = rule.take(seen.body, seen.record);
    if (taken) into.taken.set(key, { rule, taken, sighting: seen.sighting });
  },
} as const;

/** By time, then by id, so that the same one is kept whatever the order. */
function isEarlier(seen: Seen, known: Sighting): boolean {
  const [mine, other] = [seen.timeMs ?? 0, known.timeMs ?? 0];
  return mine < other || (mine === other && seen.sighting.recordId < known.recordId);
}

/** Without the record, so that a batch keeps no more than what it reports. */
const resolved = ({ ruleKey, recordId, condition, selections }: Match): SigmaMatch['match'] => ({
  ruleKey,
  recordId,
  condition,
  selections,
});

/** What correlations need of a match. */
const slim = ({ ruleKey, recordId, timeMs, correlate }: Match): CorrelatedMatch => ({
  ruleKey,
  recordId,
  timeMs,
  correlate,
});
