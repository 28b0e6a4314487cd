import type { SourceId } from '../../sources.ts';
import type { SigmaCorrelation, SigmaRule } from './ast.ts';
import type { Candidate, EventIndex, ShapeIndex } from './event-index.ts';
import type { MemberSorter, Sort } from './member-sorter.ts';
import type { RuleFault } from './faults.ts';
import { identityReader, type IdentityReader, type RecordIdentity } from './identity.ts';
import type { Match } from './match.ts';
import type { Shape } from './pipeline.ts';
import { RecordView } from './record-view.ts';
import type { Catalogue } from './references.ts';
import { RuleMatch } from './rule-match.ts';
import type { RuleStatus } from './status.ts';

const NO_MATCHES: readonly Match[] = [];

/** Compiled rules. Evaluation keeps nothing: the same record gives the same matches, with the same ids. */
export class RuleSet {
  /** Rules and correlations that were refused, with file, line and reason. */
  readonly faults: readonly RuleFault[];
  readonly rules: readonly SigmaRule[];
  /** Sound correlations, the referenced before the referring. */
  readonly correlations: readonly SigmaCorrelation[];
  readonly #index: EventIndex;
  readonly #statuses: readonly RuleStatus[];
  readonly #catalogue: Catalogue;
  readonly #identities = new Map<string, IdentityReader>();

  constructor(parts: {
    index: EventIndex;
    statuses: readonly RuleStatus[];
    catalogue: Catalogue;
    faults: readonly RuleFault[];
  }) {
    this.faults = parts.faults;
    this.rules = parts.catalogue.rules;
    this.correlations = parts.catalogue.correlations;
    this.#index = parts.index;
    this.#statuses = parts.statuses;
    this.#catalogue = parts.catalogue;
  }

  /** Every match of `record` (parsed JSON) by any rule. Never throws for the record's shape. */
  evaluate(source: SourceId, record: unknown, identity?: RecordIdentity): readonly Match[] {
    const index = this.#index.shapeOf(source, record);
    if (!index) return NO_MATCHES;
    return this.#matches(index, index.candidates(record), source, record, identity);
  }

  /** The same of a record that was sorted, of which only the members are known that the sort's candidates look at. */
  evaluateSorted(
    source: SourceId,
    { candidates }: Sort,
    record: unknown,
    identity: RecordIdentity,
  ): readonly Match[] {
    const index = this.#index.onlyShape(source);
    return index ? this.#matches(index, candidates, source, record, identity) : NO_MATCHES;
  }

  #matches(
    index: ShapeIndex,
    candidates: readonly Candidate[],
    source: SourceId,
    record: unknown,
    identity: RecordIdentity | undefined,
  ): readonly Match[] {
    if (candidates.length === 0) return NO_MATCHES;
    const view = new RecordView(index.fieldReaders, record);
    let matches: Match[] | undefined;
    for (const { rule, certain, selections } of candidates)
      if (certain || rule.holds(view))
        (matches ??= []).push(
          new RuleMatch(rule, source, view, this.#identityReader(index.shape), identity, selections),
        );
    return matches ?? NO_MATCHES;
  }

  /** Tells by single members which rules can match a record; undefined where that is not possible. */
  memberSorter(source: SourceId): MemberSorter | undefined {
    return this.#index.onlyShape(source)?.memberSorter();
  }

  /**
   * Keys of the rules that can match records of a source. With the operations a chunk's manifest counts: of that
   * chunk. None: the chunk need not be read.
   */
  candidates(source: SourceId, operations?: Iterable<string>): readonly string[] {
    const keys = new Set<string>();
    const names = operations && [...operations];
    for (const index of this.#index.shapes(source)) {
      const rules = names ? names.flatMap((operation) => index.forOperation(operation)) : index.all();
      for (const { rule } of rules) keys.add(rule.source.rule.key);
    }
    return [...keys];
  }

  /** The binding status of every loaded rule, in the order given. */
  status(): readonly RuleStatus[] {
    return this.#statuses;
  }

  /** A rule or correlation by key, id or name. */
  find(reference: string): SigmaRule | SigmaCorrelation | undefined {
    return this.#catalogue.find(reference);
  }

  #identityReader(shape: Shape): IdentityReader {
    const known = this.#identities.get(shape.shape) ?? identityReader(shape);
    this.#identities.set(shape.shape, known);
    return known;
  }
}
