import { createHash } from 'node:crypto';
import { msFromTicks, parseInstant } from '../../instant.ts';
import type { SourceId } from '../../sources.ts';
import type { SigmaCorrelation, SigmaRule } from './ast.ts';
import type { BoundRule } from './bind-rule.ts';
import type { EventIndex, ShapeIndex } from './event-index.ts';
import { explain } from './expression.ts';
import type { RuleFault } from './faults.ts';
import { compilePath } from './field-path.ts';
import { FieldValues } from './field-values.ts';
import type { Match } from './match.ts';
import type { Shape } from './pipeline.ts';
import { RecordView } from './record-view.ts';
import type { Catalogue } from './references.ts';
import type { RuleStatus } from './status.ts';

/** What the caller already knows of a record, to be used instead of what the record says. */
export interface RecordIdentity {
  readonly id?: string;
  readonly timeMs?: number;
}

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
    const candidates = index.candidates(record);
    if (candidates.length === 0) return NO_MATCHES;
    const view = new RecordView(index.table, record);
    let matches: Match[] | undefined;
    for (const rule of candidates)
      if (rule.holds(view)) (matches ??= []).push(this.#match(rule, source, index, view, identity));
    return matches ?? NO_MATCHES;
  }

  /**
   * Keys of the rules that can match records of a source. With the operations a chunk's manifest counts: of that
   * chunk. None: the chunk need not be read.
   */
  candidates(source: SourceId, operations?: Iterable<string>): readonly string[] {
    const keys = new Set<string>();
    for (const index of this.#index.shapes(source)) {
      const rules = operations
        ? [...operations].flatMap((operation) => index.forOperation(operation))
        : index.all();
      for (const rule of rules) keys.add(rule.source.rule.key);
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

  #match(
    rule: BoundRule,
    source: SourceId,
    index: ShapeIndex,
    view: RecordView,
    known?: RecordIdentity,
  ): Match {
    const { rule: sigma, standalone } = rule.source;
    const read = this.#identityReader(index.shape);
    const recordId = known?.id ?? read.id(view.record);
    return {
      id: digest([sigma.key, source, recordId]),
      ruleKey: sigma.key,
      title: sigma.title,
      level: sigma.level,
      tags: sigma.tags,
      author: sigma.author,
      source,
      shape: index.shape.shape,
      recordId,
      timeMs: known?.timeMs ?? read.timeMs(view.record),
      condition: sigma.detection.conditionText,
      selections: explain(rule.expression, view),
      standalone,
      correlate: this.#correlate(rule, view),
    };
  }

  #correlate(rule: BoundRule, view: RecordView): Match['correlate'] {
    if (rule.correlateSlots.length === 0 && rule.source.standalone) return undefined;
    return Object.fromEntries(
      rule.correlateSlots.map(([name, slot]) => [name, [...new Set(view.get(slot).texts)]]),
    );
  }

  #identityReader(shape: Shape): IdentityReader {
    const known = this.#identities.get(shape.shape) ?? identityReader(shape);
    this.#identities.set(shape.shape, known);
    return known;
  }
}

interface IdentityReader {
  readonly id: (record: unknown) => string;
  readonly timeMs: (record: unknown) => number | undefined;
}

function identityReader(shape: Shape): IdentityReader {
  const below = (paths: readonly string[]) =>
    shape.roots.flatMap((root) => paths.map((path) => compilePath(root === '' ? path : `${root}.${path}`)));
  const [ids, times] = [below(shape.id), below(shape.time)];
  return {
    id: (record) => firstText(record, ids, (text) => text || undefined) ?? digest([JSON.stringify(record)]),
    timeMs: (record) =>
      firstText(record, times, (text) => {
        const ticks = parseInstant(text);
        return ticks === undefined ? undefined : msFromTicks(ticks);
      }),
  };
}

function firstText<T>(
  record: unknown,
  readers: readonly ReturnType<typeof compilePath>[],
  use: (text: string) => T | undefined,
): T | undefined {
  for (const read of readers) {
    const values = new FieldValues();
    read(record, values);
    const [text] = values.texts;
    const used = text === undefined ? undefined : use(text);
    if (used !== undefined) return used;
  }
  return undefined;
}

/** 32 hexadecimal digits that stand for the parts. */
export const digest = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
