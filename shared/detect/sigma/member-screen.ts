import type { BoundRule } from './bind-rule.ts';
import { itemsOf, partialOutcome, type Item } from './expression.ts';
import type { FieldReader } from './field-source.ts';
import type { MemberCutter } from './member-cutter.ts';
import { RecordView } from './record-view.ts';

/** What the values of some members tell of a record. */
interface Node {
  /** Whether a rule can match; undefined: the next member has to be looked at. */
  readonly verdict: boolean | undefined;
  /** Number of that member. */
  readonly member: number;
  readonly known: readonly Kind[];
  readonly children: (Node | undefined)[];
}

/** Values of one member of which every test says the same. */
interface Kind {
  readonly outcomes: ReadonlyMap<Item, boolean>;
}

// Hostile records must not fill memory.
const [MAX_NODES, MAX_KINDS] = [20_000, 500];

/**
 * Tells by single members that no rule of a shape can match a record. Values are divided into kinds, by what the tests
 * say of them: of a person's name it matters only whether it is one that a rule names. So a tenant's records are of a
 * few hundred sorts, and each is decided once. Says "can" in every case of doubt.
 */
export class MemberScreen {
  /** Names of the members to look at, in lower case. */
  readonly members: readonly string[];
  readonly #rules: readonly BoundRule[];
  readonly #readers: readonly FieldReader[];
  /** Tests that read nothing but one member, by its number. */
  readonly #items: readonly (readonly Item[])[];
  /** By the member's number: kinds met so far, the first being that of a missing one. */
  readonly #kinds: Kind[][];
  readonly #byOutcomes: Map<string, number>[];
  readonly #root: Node;
  #nodes = 0;

  constructor(dispatch: readonly string[], readers: readonly FieldReader[], rules: readonly BoundRule[]) {
    this.#rules = rules;
    this.#readers = readers;
    const items = new Map<string, Set<Item>>();
    for (const item of rules.flatMap(({ expression }) => itemsOf(expression))) {
      const name = onlyMember(item);
      if (name !== undefined) items.set(name, (items.get(name) ?? new Set()).add(item));
    }
    const first = dispatch.map(topOf).filter((name) => items.has(name));
    this.members = [...new Set([...first, ...items.keys()])];
    this.#items = this.members.map((name) => [...items.get(name)!]);
    this.#byOutcomes = this.members.map(() => new Map<string, number>());
    this.#kinds = this.members.map(() => []);
    this.members.forEach((_, i) => this.#kindOf(i, {}));
    this.#root = this.#node([], 0);
  }

  /** Of the record that was cut last; `members` come first among the names wanted. */
  canMatch(cutter: MemberCutter): boolean {
    let node = this.#root;
    while (node.verdict === undefined) {
      const value = cutter.value(node.member);
      const kind =
        value === undefined ? 0 : (value.note ??= this.#kindOf(node.member, { [value.name]: value.value }));
      let child = node.children[kind];
      if (child === undefined) {
        const known = this.#kinds[node.member]![kind];
        if (known === undefined || this.#nodes >= MAX_NODES) return true;
        this.#nodes++;
        child = node.children[kind] = this.#node([...node.known, known], node.member + 1);
      }
      node = child;
    }
    return node.verdict;
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
    return kinds.push({ outcomes: new Map(items.map((item, i) => [item, key[i] === '1'])) }) - 1;
  }

  #node(known: readonly Kind[], from: number): Node {
    const decide = (item: Item): boolean | undefined => {
      for (const { outcomes } of known) {
        const outcome = outcomes.get(item);
        if (outcome !== undefined) return outcome;
      }
      return undefined;
    };
    const open: BoundRule[] = [];
    for (const rule of this.#rules) {
      const outcome = partialOutcome(rule.expression, decide);
      if (outcome === true) return { verdict: true, member: -1, known, children: [] };
      if (outcome === undefined) open.push(rule);
    }
    const asked = new Set(open.flatMap(({ expression }) => itemsOf(expression).map(onlyMember)));
    const member = this.members.findIndex((name, i) => i >= from && asked.has(name));
    const verdict = open.length === 0 ? false : member < 0 ? true : undefined;
    return { verdict, member, known, children: [] };
  }
}

const topOf = (path: string): string => path.toLowerCase().split('.', 1)[0]!;

/** The one member that a test reads, whatever it is called below it; undefined when there are more or none. */
function onlyMember({ dependencies, always }: Item): string | undefined {
  if (always || !dependencies || dependencies.length === 0) return undefined;
  const [first, ...others] = new Set(dependencies.map(topOf));
  return others.length === 0 ? first : undefined;
}
