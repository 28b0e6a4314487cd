import type { SourceId } from '../sources.ts';
import { quickTime, TIME_MEMBERS } from './event-time.ts';
import type { NativeRule } from './native/native-rule.ts';
import { MemberCutter, type MemberValue, type MemberSorter, type RuleSet, type Sort } from './sigma/index.ts';
import {
  CONTEXT_MEMBERS,
  IP_MEMBERS,
  isTelling,
  SIGHTING_MEMBERS,
  tell,
  tellings,
  type Tellings,
} from './sighting.ts';

/** What is known of a record that was cut, not parsed. */
export interface Reading {
  readonly sort: Sort;
  /** Native rules that may have something to say. */
  readonly natives: readonly NativeRule[];
  /** The members that these rules look at, as JSON.parse would give them. */
  readonly body: Record<string, unknown>;
  readonly id: string;
  /** Event time, milliseconds since the epoch. */
  readonly timeMs: number;
}

/** No rule can say anything of the record. */
export const NOTHING = Symbol('nothing');

/** A member's value that tells nothing. */
const SILENT = Symbol('silent');

type Test = (value: unknown) => boolean;

/** Bits of a number: which of the native rules are concerned is one. With more of them, records are parsed. */
const MAX_NATIVES = 31;
const OPERATION = 'operation';
/** New in most records, and but little of it is looked at. */
const CONTEXT = 'appaccesscontext';
// A record within such a member is the one that rules look at.
const ENVELOPES = ['auditdata', 'properties'] as const;
/** Of whoever acted, by whom and from where candidates of a day are told apart. */
const BASELINE_MEMBERS = ['UserId', 'userPrincipalName', 'ClientAppId', ...IP_MEMBERS] as const;
const lower = (name: string): string => name.toLowerCase();

/**
 * Reads the records of one source: cuts out the members that rules look at, and parses no more of them. Records that
 * are not as the vendor writes them are left to be parsed.
 */
export class SourceReader {
  readonly source: SourceId;
  readonly #sorter: MemberSorter | undefined;
  readonly #cutter: MemberCutter | undefined;
  readonly #natives: readonly NativeRule[];
  /** No rule looks at the source. */
  readonly #unwatched: boolean;
  /** Names that are cut, in lower case; those behind them are new in every record. */
  readonly #names: readonly string[];
  readonly #operation: number;
  readonly #envelopes: readonly number[];
  readonly #sighting: readonly number[];
  readonly #reads: readonly (readonly number[])[];
  /** Tests of members, by their number: natives are asked where one of theirs holds. */
  readonly #tests: readonly {
    readonly member: number;
    readonly bits: number;
    readonly tests: readonly [bit: number, Test][];
  }[];
  readonly #always: number;
  readonly #byOperation = new Map<string, number>();
  readonly #otherOperation: number;
  readonly #chosen = new Map<number, readonly NativeRule[]>();

  constructor(source: SourceId, set: RuleSet, natives: readonly NativeRule[]) {
    this.source = source;
    const sorter = set.memberSorter(source);
    this.#natives = natives;
    this.#unwatched = natives.length === 0 && set.candidates(source).length === 0;
    const fresh = new Set([...TIME_MEMBERS, ...(sorter?.id ?? [])]);
    const isFresh = new Set([...fresh].map(lower));
    const usable =
      sorter &&
      natives.length <= MAX_NATIVES &&
      sorter.id.length === 1 &&
      !sorter.members.some((name) => isFresh.has(name));
    this.#sorter = usable ? sorter : undefined;
    const reads = natives.map((rule) =>
      [...rule.reads, ...(rule.type === 'baseline' ? BASELINE_MEMBERS : [])].map(lower),
    );
    const all = new Set([
      ...(sorter?.members ?? []),
      ...reads.flat(),
      OPERATION,
      ...ENVELOPES,
      ...SIGHTING_MEMBERS.map(lower),
    ]);
    const names = [...all].filter((name) => !isFresh.has(name));
    const numbersOf = (wanted: Iterable<string>): number[] =>
      [...new Set(wanted)].map((name) => names.indexOf(name)).filter((number) => number >= 0);
    this.#names = names;
    const context = new Set([...CONTEXT_MEMBERS.map(lower), ...(sorter?.below(CONTEXT) ?? [])]);
    const inner = sorter?.below(CONTEXT) && { name: CONTEXT, names: [...context] };
    this.#cutter = usable ? new MemberCutter({ names, fresh: [...fresh], inner }) : undefined;
    this.#operation = names.indexOf(OPERATION);
    this.#envelopes = numbersOf(ENVELOPES);
    this.#sighting = numbersOf(SIGHTING_MEMBERS.map(lower));
    this.#reads = reads.map(numbersOf);
    const masks = natives.map((_, i) => 1 << i);
    this.#always = orOf(masks.filter((_, i) => !natives[i]!.when));
    this.#tests = [...new Set(natives.flatMap(({ when }) => Object.keys(when ?? {})))].map((name) => {
      const tests = natives.flatMap(({ when }, i): [number, Test][] =>
        when?.[name] ? [[masks[i]!, when[name]]] : [],
      );
      return { member: names.indexOf(lower(name)), bits: orOf(tests.map(([bit]) => bit)), tests };
    });
    for (const name of new Set(natives.flatMap(({ operations }) => operations ?? [])))
      this.#byOperation.set(
        name,
        orOf(masks.filter((_, i) => natives[i]!.operations?.includes(name) ?? true)),
      );
    this.#otherOperation = orOf(masks.filter((_, i) => !natives[i]!.operations));
  }

  /** Undefined: it has to be parsed. The bytes between the two places are known to be one JSON text. */
  read(bytes: Buffer, from: number, to: number): Reading | typeof NOTHING | undefined {
    if (this.#unwatched) return NOTHING;
    const [cutter, sorter] = [this.#cutter, this.#sorter];
    if (!cutter || !sorter || !cutter.cut(bytes, from, to)) return undefined;
    for (const number of this.#envelopes) if (cutter.has(number)) return undefined;
    const sort = sorter.sortOf(cutter);
    const mask = this.#concerned(cutter);
    if (mask === 0 && sort.candidates.length === 0) return NOTHING;
    return sort.members && this.#reading(cutter, sort, sort.members, mask);
  }

  /** What sightings are made of, of the record that was read last. */
  tellings(): Tellings {
    const told = tellings();
    for (const number of this.#sighting) {
      const member = this.#cutter!.value(number);
      if (member === undefined || !isTelling(member.name)) continue;
      member.made ??= tell(member.name, member.value) ?? SILENT;
      if (member.made !== SILENT) told[member.name] = member.made as never;
    }
    return told;
  }

  #reading(cutter: MemberCutter, sort: Sort, members: readonly number[], mask: number): Reading | undefined {
    const body: Record<string, unknown> = {};
    let timeMs: number | undefined;
    for (let i = 0; i < TIME_MEMBERS.length; i++) {
      const member = this.#fresh(cutter, i);
      if (member === undefined) continue;
      body[member.name] = member.value;
      timeMs ??= quickTime(member.value) ?? Number.NaN;
    }
    const id = this.#fresh(cutter, TIME_MEMBERS.length);
    if (timeMs === undefined || Number.isNaN(timeMs) || typeof id?.value !== 'string' || id.value === '')
      return undefined;
    body[id.name] = id.value;
    this.#add(members, body);
    for (let i = 0; i < this.#reads.length; i++) if (mask & (1 << i)) this.#add(this.#reads[i]!, body);
    return { sort, natives: this.#nativesOf(mask), body, id: id.value, timeMs };
  }

  /** The natives that may say something, a bit each. */
  #concerned(cutter: MemberCutter): number {
    const value = this.#operation < 0 ? undefined : cutter.value(this.#operation)?.value;
    const operations =
      typeof value === 'string' ? (this.#byOperation.get(value) ?? this.#otherOperation) : -1;
    let mask = this.#always & operations;
    for (const { member, bits, tests } of this.#tests) {
      // None of its rules looks at this operation, or all are asked anyway.
      if ((bits & operations & ~mask) === 0) continue;
      const value = cutter.value(member);
      if (value !== undefined) mask |= (value.bits ??= bitsOf(value, tests)) & operations;
    }
    return mask;
  }

  #nativesOf(mask: number): readonly NativeRule[] {
    const known = this.#chosen.get(mask);
    if (known) return known;
    const chosen = this.#natives.filter((_, i) => mask & (1 << i));
    this.#chosen.set(mask, chosen);
    return chosen;
  }

  #fresh(cutter: MemberCutter, number: number): MemberValue | undefined {
    return cutter.value(this.#names.length + number);
  }

  #add(numbers: readonly number[], body: Record<string, unknown>): void {
    for (const number of numbers) {
      const member = this.#cutter!.value(number);
      if (member !== undefined) body[member.name] = member.value;
    }
  }
}

const orOf = (masks: readonly number[]): number => masks.reduce((all, mask) => all | mask, 0);

function bitsOf({ value }: MemberValue, tests: readonly [bit: number, Test][]): number {
  let bits = 0;
  for (const [bit, test] of tests) if (test(value)) bits |= bit;
  return bits;
}
