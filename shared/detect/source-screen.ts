import type { SourceId } from '../sources.ts';
import { quickTime, TIME_MEMBERS } from './event-time.ts';
import type { Evaluated } from './evaluation.ts';
import { takenKey, type NativeRule, type WindowRule } from './native/native-rule.ts';
import { MemberCutter, RecordText, type MemberScreen, type RuleSet } from './sigma/index.ts';

// Where fewer records than these are spared parsing, looking costs more than it saves.
const [MIN_LOOKED, MIN_SPARED] = [256, 0.4];
const lower = (name: string): string => name.toLowerCase();
// A record within such a member is the one that rules look at.
const ENVELOPES = ['auditdata', 'properties'] as const;
const OPERATION = 'operation';
const TIMES_LOWER: ReadonlySet<string> = new Set(TIME_MEMBERS.map(lower));
/** Looks at the records of one source. What it cannot tell of a record, it leaves to be parsed. */
export class SourceScreen {
  readonly #source: SourceId;
  readonly #set: RuleSet;
  readonly #natives: readonly NativeRule[];
  readonly #members: MemberScreen | undefined;
  readonly #cutter: MemberCutter | undefined;
  /** Places, among the members cut, of what native rules read, of the operation, and of envelopes. */
  readonly #read: readonly number[];
  readonly #operation: number;
  readonly #envelopes: readonly number[];
  /** How many names are cut. */
  readonly #all: number;
  #looked = 0;
  #spared = 0;

  constructor(source: SourceId, set: RuleSet, natives: readonly NativeRule[]) {
    this.#source = source;
    this.#set = set;
    this.#natives = natives;
    this.#members = membersOf(source, set);
    const [members, reads] = [
      this.#members?.members ?? [],
      natives.flatMap((rule) => rule.reads ?? []).map(lower),
    ];
    const all = new Set([...members, ...reads, OPERATION, ...ENVELOPES]);
    const names = [...all].filter((name) => !TIMES_LOWER.has(name));
    const place = (name: string): number => names.indexOf(name);
    this.#read = [...new Set(reads)].map(place).filter((i) => i >= 0);
    this.#operation = place(OPERATION);
    this.#envelopes = ENVELOPES.map(place);
    this.#all = names.length + TIME_MEMBERS.length;
    this.#cutter = this.#members && new MemberCutter({ names, fresh: TIME_MEMBERS });
  }

  /** Looks only as long as it spares enough records being parsed. */
  passesOver(bytes: Buffer, from: number, to: number, into: Evaluated): boolean {
    if (this.#looked >= MIN_LOOKED && this.#spared < this.#looked * MIN_SPARED) return false;
    this.#looked++;
    const spared = this.saysNothing(bytes, from, to, into);
    if (spared) this.#spared++;
    return spared;
  }

  /** True: no rule can say anything of the record that `into` does not hold. The bytes are known to be one JSON text. */
  saysNothing(bytes: Buffer, from: number, to: number, into: Evaluated): boolean {
    if (!this.#cutter) return !this.#textConcerns(bytes.subarray(from, to));
    const cutter = this.#cutter;
    if (!cutter.cut(bytes, from, to) || this.#envelopes.some((i) => cutter.has(i))) return false;
    if (this.#members?.canMatch(cutter)) return false;
    return !this.#nativeConcerns(() => RecordText.of(bytes.subarray(from, to)), into);
  }

  #fresh(number: number): unknown {
    return this.#cutter!.value(this.#all - TIME_MEMBERS.length + number)?.value;
  }

  #nativeConcerns(textOf: () => RecordText, into: Evaluated): boolean {
    const operation = this.#cutter!.value(this.#operation)?.value;
    let [body, text]: [Record<string, unknown> | undefined, RecordText | undefined] = [undefined, undefined];
    for (const rule of this.#natives) {
      if (rule.operations && typeof operation === 'string' && !rule.operations.includes(operation)) continue;
      if (rule.reads) {
        body ??= this.#body();
        if (this.#says(rule, body, into)) return true;
      } else {
        text ??= textOf();
        if (!text.isPlain || !rule.mayConcern || rule.mayConcern(text)) return true;
      }
    }
    return false;
  }

  #textConcerns(line: Buffer): boolean {
    if (this.#natives.some(({ mayConcern }) => !mayConcern)) return true;
    const text = RecordText.of(line);
    return (
      !text.isPlain ||
      this.#set.canMatch(this.#source, text) ||
      this.#natives.some(({ mayConcern }) => mayConcern!(text))
    );
  }

  /** What native rules read. */
  #body(): Record<string, unknown> {
    const body: Record<string, unknown> = {};
    for (const i of this.#read) {
      const member = this.#cutter!.value(i);
      if (member !== undefined) body[member.name] = member.value;
    }
    return body;
  }

  #says(rule: NativeRule, body: unknown, into: Evaluated): boolean {
    if (rule.type === 'record') return rule.judge(body) !== undefined;
    if (rule.type === 'baseline') return rule.candidate(body);
    return this.#isNews(rule, body, into);
  }

  /** False: the rule takes no such record, or has taken an equal one that was earlier. */
  #isNews(rule: WindowRule, body: unknown, into: Evaluated): boolean {
    const same = rule.same(body);
    if (same === undefined) return false;
    const t = quickTime(this.#fresh(0) ?? this.#fresh(1) ?? this.#fresh(2));
    const known = t === undefined ? undefined : into.taken.get(takenKey(rule, same, t));
    return known?.sighting.timeMs === undefined || t === undefined || known.sighting.timeMs >= t;
  }
}

/** Shorter records than sign-ins are parsed nearly as fast as they are looked at, member by member. */
function membersOf(source: SourceId, set: RuleSet): MemberScreen | undefined {
  const screen = source.startsWith('signins-') ? set.memberScreen(source) : undefined;
  // A rule on what is new in every record wants every record.
  return screen?.members.some((name) => TIMES_LOWER.has(name)) ? undefined : screen;
}
