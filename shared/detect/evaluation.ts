import type { BaselineRule, NativeRule, RecordRule, Verdict, WindowRule } from './native/native-rule.ts';
import type { RuleBook } from './rule-book.ts';
import type { Match } from './sigma/index.ts';
import { msFromTicks } from '../instant.ts';
import { readFacts } from '../record.ts';
import type { SourceId } from '../sources.ts';
import { bodyOf, sightingOf, type PlacedRecord, type Sighting } from './sighting.ts';

export interface SigmaMatch {
  readonly match: Match;
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
  readonly fed: SigmaMatch[];
  readonly native: NativeMatch[];
  readonly candidates: Candidate[];
  readonly taken: Taken[];
  records: number;
}

/** Applies a rule book to records, one at a time. */
export class Evaluator {
  readonly #book: RuleBook;
  readonly #natives = new Map<SourceId, readonly NativeRule[]>();

  constructor(book: RuleBook) {
    this.#book = book;
  }

  static empty(): Evaluated {
    return { matches: [], fed: [], native: [], candidates: [], taken: [], records: 0 };
  }

  take(record: PlacedRecord, into: Evaluated): void {
    into.records++;
    const matches = this.#book.set.evaluate(record.source, record.value);
    let sighting: Sighting | undefined;
    for (const match of matches) {
      sighting ??= sightingOf(record, match.recordId, match.timeMs);
      if (match.standalone && this.#book.infos.get(match.ruleKey)!.standalone)
        into.matches.push({ match: resolved(match), sighting });
      if (match.correlate) into.fed.push({ match: slim(match), sighting });
    }
    for (const rule of this.#nativesOf(record.source)) sighting = this.#native(rule, record, sighting, into);
  }

  #nativesOf(source: SourceId): readonly NativeRule[] {
    const known =
      this.#natives.get(source) ?? this.#book.native.filter(({ sources }) => sources.includes(source));
    this.#natives.set(source, known);
    return known;
  }

  #native(
    rule: NativeRule,
    record: PlacedRecord,
    known: Sighting | undefined,
    into: Evaluated,
  ): Sighting | undefined {
    const body = bodyOf(record.value);
    if (rule.type === 'record') return this.#judge(rule, body, record, known, into);
    if (rule.type === 'baseline') {
      if (!rule.candidate(body, record)) return known;
      const sighting = known ?? nativeSighting(record);
      into.candidates.push({ rule, sighting });
      return sighting;
    }
    const taken = rule.take(body, record);
    if (!taken) return known;
    const sighting = known ?? nativeSighting(record);
    into.taken.push({ rule, taken, sighting });
    return sighting;
  }

  #judge(
    rule: RecordRule,
    body: unknown,
    record: PlacedRecord,
    known: Sighting | undefined,
    into: Evaluated,
  ) {
    const verdict = rule.judge(body, record);
    if (!verdict) return known;
    const sighting = known ?? nativeSighting(record);
    into.native.push({ rule, verdict, sighting });
    return sighting;
  }
}

function nativeSighting(record: PlacedRecord): Sighting {
  const { id, ticks } = readFacts(bodyOf(record.value));
  return sightingOf(record, id ?? '', ticks === undefined ? undefined : msFromTicks(ticks));
}

/** Without the record, so that a batch keeps no more than what it reports. */
const resolved = (match: Match): Match => (match as Match & { toJSON?: () => Match }).toJSON?.() ?? match;

/** What correlations need of a match. */
const slim = ({ ruleKey, recordId, timeMs, correlate, source }: Match): Match =>
  ({ ruleKey, recordId, timeMs, correlate, source }) as Match;
