import type { BoundRule } from './bind-rule.ts';
import type { Candidate } from './event-index.ts';
import { itemsOf, partialOutcome, type Item } from './expression.ts';
import type { FieldReader } from './field-source.ts';
import type { MemberCutter } from './member-cutter.ts';
import type { Shape } from './pipeline.ts';
import { RecordView } from './record-view.ts';

/** What records have in common of which the tests say the same. */
export interface Sort {
  /** Rules that can match such a record; the others do not. */
  readonly candidates: readonly Candidate[];
  /** Numbers of the members that these look at; undefined: at the whole record. */
  readonly members: readonly number[] | undefined;
}

/** What the values of some members tell of a record. */
interface Node {
  /** Number of the member to look at next; negative: none tells any more. */
  readonly member: number;
  /** What tests of the members looked at so far say. */
  readonly outcomes: Outcomes;
  /** Numbers of these members. */
  readonly known: ReadonlySet<number>;
  readonly sort: Sort;
  readonly children: (Node | undefined)[];
}

type Outcomes = ReadonlyMap<number | Item, boolean>;
/** What outcomes are known by. */
const testOf = (item: Item): number | Item => item.test ?? item;

/** Values of one member of which every test says the same. */
interface Kind {
  readonly outcomes: Outcomes;
  /** How many of the first records had such a value. */
  count: number;
}

// Hostile records must not fill memory.
const [MAX_NODES, MAX_KINDS] = [20_000, 500];
// So many records tell which values members mostly have.
const LEARNT = 500;
// Finding out what is best to look at takes as long as sorting some hundred records.
const MAX_WEIGHED = 500;

/**
 * Tells by single members which rules of a shape can match a record. Values are divided into kinds, by what the tests
 * say of them: of a person's name it matters only whether it is one that a rule names. So a tenant's records are of a
 * few hundred sorts, and each is decided once.
 */
export class MemberSorter {
  /** Names of the members that rules look at, in lower case: those first that single tests look at. */
  readonly members: readonly string[];
  /** How many of them single tests look at. */
  readonly tested: number;
  /** Where the shape has the record's id. */
  readonly id: readonly string[];
  readonly #rules: readonly BoundRule[];
  readonly #readers: readonly FieldReader[];
  /** Tests that read nothing but one member, by its number. */
  readonly #items: readonly (readonly Item[])[];
  /** By the member's number: kinds met so far, the first being that of a missing one. */
  readonly #kinds: Kind[][];
  readonly #byOutcomes: Map<string, number>[];
  #root: Node;
  #nodes = 0;
  #sorted = 0;

  constructor(
    { dispatch, id }: Pick<Shape, 'dispatch' | 'id'>,
    readers: readonly FieldReader[],
    rules: readonly BoundRule[],
  ) {
    this.id = id;
    this.#rules = rules;
    this.#readers = readers;
    const items = new Map<string, Map<number | Item, Item>>();
    for (const item of rules.flatMap(({ expression }) => itemsOf(expression))) {
      const name = onlyMember(item);
      if (name !== undefined)
        items.set(name, (items.get(name) ?? new Map<number | Item, Item>()).set(testOf(item), item));
    }
    const first = dispatch.map(topOf).filter((name) => items.has(name));
    const single = new Set([...first, ...items.keys()]);
    this.tested = single.size;
    this.members = [...new Set([...single, ...rules.flatMap(({ reads }) => (reads ?? []).map(topOf))])];
    this.#items = [...single].map((name) => [...items.get(name)!.values()]);
    this.#byOutcomes = this.#items.map(() => new Map<string, number>());
    this.#kinds = this.#items.map(() => []);
    this.#items.forEach((_, i) => this.#kindOf(i, {}));
    this.#root = this.#node(new Map(), new Set());
  }

  /** Names of what rules look at within a member, in lower case; undefined: at all of it. */
  below(member: string): readonly string[] | undefined {
    const paths = this.#rules.flatMap(({ reads }) => reads ?? []).filter((path) => topOf(path) === member);
    const names = paths.map((path) => path.toLowerCase().split('.')[1]);
    return names.includes(undefined) ? undefined : [...new Set(names.map((name) => name!))];
  }

  /** Of the record that was cut last; `members` come first among the names wanted. */
  sortOf(cutter: MemberCutter): Sort {
    if (this.#sorted < LEARNT && ++this.#sorted === LEARNT) this.#restart();
    let node = this.#root;
    while (node.member >= 0) {
      const kind = this.#kindAt(cutter, node.member);
      let child = node.children[kind];
      if (child === undefined) {
        const known = this.#kinds[node.member]![kind];
        if (known === undefined || this.#nodes >= MAX_NODES) return node.sort;
        this.#nodes++;
        child = node.children[kind] = this.#node(
          new Map([...node.outcomes, ...known.outcomes]),
          new Set(node.known).add(node.member),
        );
      }
      node = child;
    }
    return node.sort;
  }

  /** Now that it is known which values members mostly have. */
  #restart(): void {
    this.#nodes = 0;
    this.#root = this.#node(new Map(), new Set());
  }

  #kindAt(cutter: MemberCutter, member: number): number {
    const value = cutter.value(member);
    const kind = value ? (value.note ??= this.#kindOf(member, { [value.name]: value.value })) : 0;
    if (this.#sorted < LEARNT && kind < MAX_KINDS) this.#kinds[member]![kind]!.count++;
    return kind;
  }

  /** Number of the kind; one that is not among them when there are too many. */
  #kindOf(member: number, record: Readonly<Record<string, unknown>>): number {
    const view = new RecordView(this.#readers, record);
    const items = this.#items[member]!;
    let key = '';
    for (const item of items) key += item.holds(view) ? '1' : '0';
    const [kinds, numbers] = [this.#kinds[member]!, this.#byOutcomes[member]!];
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (kinds.length >= MAX_KINDS) return MAX_KINDS;
    numbers.set(key, kinds.length);
    return (
      kinds.push({ outcomes: new Map(items.map((item, i) => [testOf(item), key[i] === '1'])), count: 0 }) - 1
    );
  }

  #node(outcomes: Outcomes, known: ReadonlySet<number>): Node {
    const candidates: Candidate[] = [];
    const open: BoundRule[] = [];
    for (const rule of this.#rules) {
      const outcome = partialOutcome(rule.expression, (item) => outcomes.get(testOf(item)));
      if (outcome === false) continue;
      candidates.push({ rule, certain: outcome === true });
      if (outcome === undefined) open.push(rule);
    }
    const sort = { candidates, members: this.#membersOf(candidates) };
    return { member: this.#next(open, outcomes, known), outcomes, known, sort, children: [] };
  }

  /** Of the members that matter, the one that with its usual value leaves the fewest rules open; negative: none matters. */
  #next(open: readonly BoundRule[], outcomes: Outcomes, known: ReadonlySet<number>): number {
    const asked = new Set(open.flatMap(({ expression }) => itemsOf(expression).map(onlyMember)));
    const members = this.#items.map((_, i) => i).filter((i) => asked.has(this.members[i]) && !known.has(i));
    const [first = -1, ...others] = members;
    if (others.length === 0 || this.#sorted < LEARNT || this.#nodes > MAX_WEIGHED) return first;
    const left = members.map((member) => {
      const usual = this.#kinds[member]!.reduce((a, b) => (b.count > a.count ? b : a)).outcomes;
      return open.filter(
        ({ expression }) =>
          partialOutcome(expression, (item) => usual.get(testOf(item)) ?? outcomes.get(testOf(item))) ===
          undefined,
      ).length;
    });
    return members[left.indexOf(Math.min(...left))]!;
  }

  #membersOf(candidates: readonly Candidate[]): readonly number[] | undefined {
    const names = new Set<string>();
    for (const { rule } of candidates) {
      if (rule.reads === undefined) return undefined;
      for (const path of rule.reads) names.add(topOf(path));
    }
    return [...names].map((name) => this.members.indexOf(name));
  }
}

const topOf = (path: string): string => path.toLowerCase().split('.', 1)[0]!;

/** The one member that a test reads, whatever it is called below it; undefined when there are more or none. */
function onlyMember({ dependencies, always }: Item): string | undefined {
  if (always || !dependencies || dependencies.length === 0) return undefined;
  const [first, ...others] = new Set(dependencies.map(topOf));
  return others.length === 0 ? first : undefined;
}
