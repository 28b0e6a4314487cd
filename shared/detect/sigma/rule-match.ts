import type { SourceId } from '../../sources.ts';
import type { Level } from './ast.ts';
import type { BoundRule } from './bind-rule.ts';
import { explain } from './expression.ts';
import { digest, type IdentityReader, type RecordIdentity } from './identity.ts';
import type { Match, SelectionExplanation } from './match.ts';
import type { RecordView } from './record-view.ts';

const MAX_EXPLAINED = 1_000;

/** A match that keeps its record until it was asked everything; see `Match`. */
export class RuleMatch implements Match {
  readonly source: SourceId;
  readonly #rule: BoundRule;
  readonly #view: RecordView;
  readonly #read: IdentityReader;
  readonly #known: RecordIdentity | undefined;
  #recordId: string | undefined;
  #id: string | undefined;
  #selections: readonly SelectionExplanation[] | undefined;

  constructor(
    rule: BoundRule,
    source: SourceId,
    view: RecordView,
    read: IdentityReader,
    known: RecordIdentity | undefined,
    selections?: readonly SelectionExplanation[],
  ) {
    this.#rule = rule;
    this.source = source;
    this.#view = view;
    this.#read = read;
    this.#known = known;
    this.#selections = selections;
  }

  get id(): string {
    return (this.#id ??= digest([this.ruleKey, this.source, this.recordId]));
  }

  get ruleKey(): string {
    return this.#rule.source.rule.key;
  }

  get title(): string {
    return this.#rule.source.rule.title;
  }

  get level(): Level | undefined {
    return this.#rule.source.rule.level;
  }

  get tags(): readonly string[] {
    return this.#rule.source.rule.tags;
  }

  get author(): string | undefined {
    return this.#rule.source.rule.author;
  }

  get shape(): string {
    return this.#rule.shape.shape;
  }

  get recordId(): string {
    return (this.#recordId ??= this.#known?.id ?? this.#read.id(this.#view.record));
  }

  get timeMs(): number | undefined {
    return this.#known?.timeMs ?? this.#read.timeMs(this.#view.record);
  }

  get condition(): string {
    return this.#rule.source.rule.detection.conditionText;
  }

  get selections(): readonly SelectionExplanation[] {
    return (this.#selections ??= this.#explain());
  }

  /** Records that share the values which the condition reads match for the same reason. */
  #explain(): readonly SelectionExplanation[] {
    const { slots, expression, explained } = this.#rule;
    let key = '';
    for (const slot of slots) {
      const { number } = this.#view.get(slot);
      if (number === 0) return explain(expression, this.#view);
      key += `${number} `;
    }
    const known = explained.get(key);
    if (known) return known;
    const made = explain(expression, this.#view);
    if (explained.size >= MAX_EXPLAINED) explained.clear();
    explained.set(key, made);
    return made;
  }

  get standalone(): boolean {
    return this.#rule.source.standalone;
  }

  get correlated(): boolean {
    return this.#rule.source.correlated;
  }

  get correlate(): Match['correlate'] {
    if (!this.#rule.source.correlated) return undefined;
    const fields: Record<string, readonly string[]> = {};
    for (const [name, slot] of this.#rule.correlateSlots) {
      const { texts } = this.#view.get(slot);
      fields[name] = texts.length <= 1 ? texts : [...new Set(texts)];
    }
    return fields;
  }

  /** A plain object with everything worked out. */
  toJSON(): Match {
    return {
      id: this.id,
      ruleKey: this.ruleKey,
      title: this.title,
      level: this.level,
      tags: this.tags,
      author: this.author,
      source: this.source,
      shape: this.shape,
      recordId: this.recordId,
      timeMs: this.timeMs,
      condition: this.condition,
      selections: this.selections,
      standalone: this.standalone,
      correlated: this.correlated,
      correlate: this.correlate,
    };
  }
}
