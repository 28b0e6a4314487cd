import { isObject, textOf } from '../record.ts';
import type { SourceId } from '../sources.ts';
import { timeOf } from './event-time.ts';
import type {
  BaselineRule,
  NativeRule,
  RecordRule,
  TakenEvent,
  Verdict,
  WindowRule,
} from './native/native-rule.ts';
import { onceOf } from './native/native-rule.ts';
import type { RuleBook } from './rule-book.ts';
import type { CorrelatedMatch, Match, RecordIdentity } from './sigma/index.ts';
import { NOTHING, SourceReader, type Reading } from './source-reader.ts';
import {
  bodyOf,
  ipOf,
  sightingFrom,
  sightingOf,
  type Place,
  type PlacedRecord,
  type Sighting,
} from './sighting.ts';

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
  /** `once` with the stretch of time. */
  readonly taken: TakenEvent;
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
  /** By rule, group, and what makes them the same event. */
  readonly taken: Map<WindowRule, Map<string, Map<string, Taken>>>;
  records: number;
}

/** Applies a rule book to records, one at a time. */
export class Evaluator {
  readonly #book: RuleBook;
  readonly #natives = new Map<SourceId, readonly NativeRule[]>();
  readonly #silent: ReadonlySet<string>;
  readonly #readers = new Map<SourceId, SourceReader>();

  constructor(book: RuleBook) {
    this.#book = book;
    this.#silent = new Set([...book.infos.values()].filter((info) => !info.standalone).map(({ key }) => key));
  }

  static empty(): Evaluated {
    return { matches: [], fed: [], native: [], candidates: new Map(), taken: new Map(), records: 0 };
  }

  take(record: PlacedRecord, into: Evaluated): void {
    into.records++;
    const seen = new ParsedRecord(record);
    this.#match(seen, this.#book.set.evaluate(record.source, record.value, seen), into);
    for (const rule of this.#nativesOf(record.source)) APPLY[rule.type](rule as never, seen, into);
  }

  /**
   * The same for a line, known to be one JSON text, of which no more is parsed than rules look at. False: it has to be
   * parsed and taken whole.
   */
  takeLine(
    reader: SourceReader,
    bytes: Buffer,
    from: number,
    to: number,
    place: Place,
    into: Evaluated,
  ): boolean {
    const reading = reader.read(bytes, from, to);
    if (reading === undefined) return false;
    into.records++;
    if (reading === NOTHING) return true;
    const { source } = reader;
    const seen = new CutRecord(source, place, reading, reader);
    if (reading.sort.candidates.length > 0)
      this.#match(seen, this.#book.set.evaluateSorted(source, reading.sort, reading.body, seen), into);
    for (const rule of reading.natives) APPLY[rule.type](rule as never, seen, into);
    return true;
  }

  #match(seen: Seen, matches: readonly Match[], into: Evaluated): void {
    for (const match of matches) {
      const sighting = seen.as(match.recordId, match.timeMs);
      if (match.standalone && !this.#silent.has(match.ruleKey))
        into.matches.push({ match: resolved(match), sighting });
      if (match.correlated) into.fed.push({ match: slim(match), sighting });
    }
  }

  readerOf(source: SourceId): SourceReader {
    const known =
      this.#readers.get(source) ?? new SourceReader(source, this.#book.set, this.#nativesOf(source));
    this.#readers.set(source, known);
    return known;
  }

  #nativesOf(source: SourceId): readonly NativeRule[] {
    const known =
      this.#natives.get(source) ?? this.#book.native.filter(({ sources }) => sources.includes(source));
    this.#natives.set(source, known);
    return known;
  }
}

/** A record while rules look at it. */
interface Seen extends RecordIdentity {
  readonly body: unknown;
  readonly place: Place;
  readonly sighting: Sighting;
  as(recordId: string, timeMs: number | undefined): Sighting;
}

/** One of which only some members are known. */
class CutRecord implements Seen {
  readonly body: Reading['body'];
  readonly place: Place;
  readonly id: string;
  readonly timeMs: number;
  readonly #source: SourceId;
  readonly #reader: SourceReader;
  #sighting: Sighting | undefined;

  constructor(source: SourceId, place: Place, { body, id, timeMs }: Reading, reader: SourceReader) {
    this.body = body;
    this.place = place;
    this.id = id;
    this.timeMs = timeMs;
    this.#source = source;
    this.#reader = reader;
  }

  as(): Sighting {
    return this.sighting;
  }

  get sighting(): Sighting {
    if (this.#sighting) return this.#sighting;
    return (this.#sighting = sightingFrom(
      this.#reader.tellings(),
      { source: this.#source, place: this.place },
      this.id,
      this.timeMs,
    ));
  }
}

/** A whole one: what is costly is worked out once, and only when a rule wants it. */
class ParsedRecord implements Seen {
  readonly record: PlacedRecord;
  readonly body: unknown;
  #sighting: Sighting | undefined;
  #timed = false;
  #timeMs: number | undefined;

  constructor(record: PlacedRecord) {
    this.record = record;
    this.body = bodyOf(record.value);
  }

  get place(): Place {
    return this.record.place;
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

const APPLY = {
  record: (rule: RecordRule, seen: Seen, into: Evaluated): void => {
    const verdict = rule.judge(seen.body);
    if (verdict) into.native.push({ rule, verdict, sighting: seen.sighting });
  },
  baseline: (rule: BaselineRule, seen: Seen, into: Evaluated): void => {
    if (!rule.candidate(seen.body) || !isObject(seen.body)) return;
    const { body } = seen;
    const who = body['UserId'] ?? body['userPrincipalName'] ?? body['userId'];
    const key = `${rule.key}|${String(who)}|${ipOf(body)}|${String(body['ClientAppId'])}|${seen.place.date}`;
    const known = into.candidates.get(key);
    if (!known || isEarlier(seen, known.sighting))
      into.candidates.set(key, { rule, sighting: seen.sighting });
  },
  window: (rule: WindowRule, seen: Seen, into: Evaluated): void => {
    const taken = rule.take(seen.body);
    const t = taken && seen.timeMs;
    if (taken === undefined || t === undefined) return;
    const once = onceOf(rule, taken, t);
    const events = eventsOf(into, rule, taken.group);
    const known = events.get(once);
    if (!known || isEarlier(seen, known.sighting))
      events.set(once, { rule, taken: { ...taken, once }, sighting: seen.sighting });
  },
} as const;

function eventsOf({ taken }: Evaluated, rule: WindowRule, group: string): Map<string, Taken> {
  let byGroup = taken.get(rule);
  if (!byGroup) taken.set(rule, (byGroup = new Map()));
  let events = byGroup.get(group);
  if (!events) byGroup.set(group, (events = new Map()));
  return events;
}

/** All that window rules took. */
export function* takenIn({ taken }: Evaluated): Iterable<Taken> {
  for (const byGroup of taken.values()) for (const events of byGroup.values()) yield* events.values();
}

/** Adds what a window rule took of a record elsewhere: of equal events the earliest is kept. */
export function addTaken(into: Evaluated, event: Taken): void {
  const events = eventsOf(into, event.rule, event.taken.group);
  const known = events.get(event.taken.once);
  if (!known || isEarlier(event.sighting, known.sighting)) events.set(event.taken.once, event);
}

/** By time, then by id, so that the same one is kept whatever the order. */
function isEarlier(seen: Seen | Sighting, known: Sighting): boolean {
  const [mine, other] = [seen.timeMs ?? 0, known.timeMs ?? 0];
  if (mine !== other) return mine < other;
  return ('recordId' in seen ? seen : seen.sighting).recordId < known.recordId;
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
