import type { SourceId } from '../../sources.ts';
import type { BoundRule } from './bind-rule.ts';
import { explain, itemsOf, partialOutcome, type Item } from './expression.ts';
import { compilePath } from './field-path.ts';
import { joinRoot, type FieldReader } from './field-source.ts';
import { FieldValues } from './field-values.ts';
import type { SelectionExplanation } from './match.ts';
import type { Shape } from './pipeline.ts';
import { RecordView, type FieldTable } from './record-view.ts';
import { MemberSorter } from './member-sorter.ts';

/** A rule that can match a record; `certain`: it does, by what was looked at already. */
export interface Candidate {
  readonly rule: BoundRule;
  readonly certain: boolean;
  /** Why it matches, where that too depends on nothing else: the same for all records with these values. */
  readonly selections?: readonly SelectionExplanation[];
}

/** The rules that can match a record, found by the values of its shape's `dispatch` paths. */
export class ShapeIndex {
  readonly shape: Shape;
  readonly fieldReaders: readonly FieldReader[];
  readonly #rules: readonly Candidate[];
  readonly #readers: readonly DispatchReader[];
  readonly #root: Level = new Map();
  #sorter: MemberSorter | undefined;
  #cached = 0;

  /** `canonical`: records come from the vendor's API, whose spelling the shape has. */
  constructor(shape: Shape, table: FieldTable, rules: readonly BoundRule[], canonical: boolean) {
    this.shape = shape;
    this.fieldReaders = table.readers(canonical ? 'vendor' : 'any');
    this.#rules = rules.map((rule) => ({ rule, certain: false }));
    this.#readers = shape.dispatch.map((path) => compileDispatch(path, shape.roots, canonical));
  }

  /** Undefined: records hold their members in an envelope. */
  memberSorter(): MemberSorter | undefined {
    const { roots } = this.shape;
    if (roots.length !== 1 || roots[0] !== '') return undefined;
    const rules = this.#rules.map(({ rule }) => rule);
    return (this.#sorter ??= new MemberSorter(this.shape, this.fieldReaders, rules));
  }

  /** Rules that can match the record: all that would, and few that would not. */
  candidates(record: unknown): readonly Candidate[] {
    let level = this.#root;
    const values: (string | undefined)[] = [];
    for (let i = 0; i < this.#readers.length; i++) {
      const value = this.#readers[i]!(record);
      // A list of values has no single branch.
      if (value === null) return this.#rules;
      values.push(value);
      const next = level.get(value);
      if (next === undefined) return this.#compute(values, record);
      if (Array.isArray(next)) return next;
      level = next;
    }
    return this.#rules;
  }

  /** Rules that can match a record whose operation, as manifests count it, is this one. */
  forOperation(operation: string): readonly Candidate[] {
    const known = this.shape.operation;
    // Manifests cut names at 200 characters; other names than the shape's own say nothing about it.
    if (
      !known ||
      operation.length >= 200 ||
      operation.length <= known.prefix.length ||
      !operation.startsWith(known.prefix)
    )
      return this.#rules;
    return this.#possible([known.path], [operation.slice(known.prefix.length)]);
  }

  all(): readonly Candidate[] {
    return this.#rules;
  }

  #compute(seen: readonly (string | undefined)[], record: unknown): readonly Candidate[] {
    const values = this.#readers.map((read, i) => (i < seen.length ? seen[i] : read(record)));
    if (values.some((value) => value === null)) return this.#rules;
    const rules = this.#possible(this.shape.dispatch, values as (string | undefined)[]);
    if (this.#cached < MAX_CACHED) this.#remember(values as (string | undefined)[], rules);
    return rules;
  }

  #remember(values: readonly (string | undefined)[], rules: readonly Candidate[]): void {
    this.#cached++;
    let level = this.#root;
    for (const value of values.slice(0, -1)) {
      const next = (level.get(value) ?? new Map()) as Level;
      level.set(value, next);
      level = next;
    }
    level.set(values.at(-1), rules as Candidate[]);
  }

  /** Decides what depends on these values only; rules that then cannot hold are left out. */
  #possible(paths: readonly string[], values: readonly (string | undefined)[]): readonly Candidate[] {
    const decided = new Set(paths.map((path) => path.toLowerCase()));
    const view = new RecordView(this.fieldReaders, partialRecord(this.shape.roots[0] ?? '', paths, values));
    const decide = (item: Item) => {
      if (isSettled(item, decided)) return item.holds(view);
      // What is not known yet can only add values.
      return item.monotone && item.holds(view) ? true : undefined;
    };
    return this.#rules.flatMap(({ rule }) => {
      const outcome = partialOutcome(rule.expression, decide);
      if (outcome === false) return [];
      const settled = outcome === true && itemsOf(rule.expression).every((item) => isSettled(item, decided));
      return [
        { rule, certain: outcome === true, ...(settled && { selections: explain(rule.expression, view) }) },
      ];
    });
  }
}

const isSettled = (item: Item, decided: ReadonlySet<string>): boolean =>
  item.dependencies?.every((path) => decided.has(path)) ?? false;

// Real tenants show some hundreds of operations; hostile ones must not fill memory.
const MAX_CACHED = 20_000;

type Level = Map<string | undefined, Level | Candidate[]>;

/** undefined: no such field; null: not a single value. */
type DispatchReader = (record: unknown) => string | undefined | null;

type Json = Readonly<Record<string, unknown>>;

function compileDispatch(path: string, roots: readonly string[], canonical: boolean): DispatchReader {
  const slow = roots.map((root) => compilePath(joinRoot(root, path)));
  const [root = ''] = roots;
  const segments = joinRoot(root, path).split('.');
  return (record) => {
    let node = record;
    for (const segment of segments) {
      // Paths go on into lists, and into text that holds JSON.
      if (typeof node === 'string' || Array.isArray(node)) return readSlowly(record, slow);
      node = typeof node === 'object' && node !== null ? (node as Json)[segment] : undefined;
    }
    if (typeof node === 'string') return node;
    if (typeof node === 'number' || typeof node === 'boolean') return String(node);
    // As fields are read (`scalar-cache.ts`): it is top-level names only that are taken to be spelled as in the shape.
    if (canonical && (record as Json | undefined)?.[segments[0]!] === undefined) return undefined;
    return readSlowly(record, slow);
  };
}

function readSlowly(
  record: unknown,
  readers: readonly ReturnType<typeof compilePath>[],
): string | undefined | null {
  for (const read of readers) {
    const values = new FieldValues();
    read(record, values);
    if (!values.present) continue;
    if (values.composites.length > 0 || values.hasNull || values.scalars.length > 1) return null;
    return values.texts[0];
  }
  return undefined;
}

function partialRecord(
  root: string,
  paths: readonly string[],
  values: readonly (string | undefined)[],
): Json {
  const record: Record<string, unknown> = {};
  paths.forEach((path, i) => {
    if (values[i] === undefined) return;
    const segments = joinRoot(root, path).split('.');
    let node = record;
    for (const segment of segments.slice(0, -1)) node = (node[segment] ??= {}) as Record<string, unknown>;
    node[segments.at(-1)!] = values[i];
  });
  return record;
}

/** Where a record of each source is looked up. */
export class EventIndex {
  readonly #bySource = new Map<SourceId, { index: ShapeIndex; recognise: (record: unknown) => boolean }[]>();

  add(source: SourceId, index: ShapeIndex): void {
    const entries = this.#bySource.get(source) ?? [];
    const recognise = index.shape.sources.includes(source) ? () => true : recogniser(index.shape);
    this.#bySource.set(source, [...entries, { index, recognise }]);
  }

  /** The first shape that the record has. */
  shapeOf(source: SourceId, record: unknown): ShapeIndex | undefined {
    const entries = this.#bySource.get(source);
    if (entries) for (const entry of entries) if (entry.recognise(record)) return entry.index;
    return undefined;
  }

  /** The one shape of all of a source's records, where there is one. */
  onlyShape(source: SourceId): ShapeIndex | undefined {
    const [first] = this.#bySource.get(source) ?? [];
    // Which of several shapes a record has is seen only when it is parsed.
    return first?.index.shape.sources.includes(source) ? first.index : undefined;
  }

  shapes(source: SourceId): readonly ShapeIndex[] {
    return (this.#bySource.get(source) ?? []).map((entry) => entry.index);
  }
}

function recogniser(shape: Shape): (record: unknown) => boolean {
  const has = shape.has.map(compilePath);
  const lacks = shape.lacks.map(compilePath);
  const exists = (record: unknown, read: ReturnType<typeof compilePath>) => {
    const values = new FieldValues();
    read(record, values);
    return values.present;
  };
  return (record) => has.every((read) => exists(record, read)) && !lacks.some((read) => exists(record, read));
}
