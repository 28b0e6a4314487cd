import type { Position } from './faults.ts';
import type { Token } from './sigma-string.ts';

export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof LEVELS)[number];

export const STATUSES = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;

export interface LogSource {
  readonly category?: string;
  readonly product?: string;
  readonly service?: string;
}

/** What every kind of document tells about itself. */
export interface Metadata {
  readonly file: string;
  readonly at: Position;
  /** How others refer to the rule: its `id`, else its `name`, else a hash of its text. */
  readonly key: string;
  readonly title: string;
  readonly id?: string;
  readonly name?: string;
  readonly level?: Level;
  readonly status?: string;
  readonly description?: string;
  readonly author?: string;
  readonly license?: string;
  readonly tags: readonly string[];
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  readonly fields: readonly string[];
  /** Everything else in the document (for example a rule's own `tests`), as plain values. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** One thing a field's value is tried against. `shown` is the value as the rule's author wrote it. */
export type Test = { readonly shown: string; readonly at: Position } & TestKind;

export type TextMatch = 'equals' | 'startswith' | 'endswith' | 'contains';
export type Comparison = 'gt' | 'gte' | 'lt' | 'lte';
export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

export type TestKind =
  | { readonly kind: 'text'; readonly tokens: readonly Token[]; readonly cased: boolean }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'exists'; readonly value: boolean }
  | { readonly kind: 'regex'; readonly source: string; readonly flags: number }
  | { readonly kind: 'compare'; readonly comparison: Comparison; readonly value: number }
  | { readonly kind: 'cidr'; readonly network: string }
  | { readonly kind: 'field'; readonly field: string; readonly match: TextMatch; readonly cased: boolean };

/** One `field|modifiers: values` line, its modifiers already applied. */
export interface Predicate {
  readonly at: Position;
  /** Absent for keywords: the whole record is searched. */
  readonly field?: string;
  readonly modifiers: readonly string[];
  readonly tests: readonly Test[];
  /** Must every test hold, or any? */
  readonly every: boolean;
  /** `neq`: the outcome is reversed. */
  readonly negated: boolean;
  /** The number a date is reduced to before it is tested. */
  readonly part?: TimePart;
}

export type Selection =
  | { readonly kind: 'predicate'; readonly predicate: Predicate }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Selection[] };

export type Condition =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] };

export interface Detection {
  readonly selections: ReadonlyMap<string, Selection>;
  /** `1 of`, `all of`, `them` are already spelled out; a list of conditions is joined by or. */
  readonly condition: Condition;
  /** As written, for people. */
  readonly conditionText: string;
}

export interface SigmaRule extends Metadata {
  readonly kind: 'rule';
  readonly logSource: LogSource;
  readonly detection: Detection;
}

export interface SigmaFilter extends Metadata {
  readonly kind: 'filter';
  readonly logSource: LogSource;
  /** Names or ids of rules, or `any`: every rule of the log source. */
  readonly rules: readonly { readonly reference: string; readonly at: Position }[] | 'any';
  readonly detection: Detection;
}

export const CORRELATION_TYPES = [
  'event_count',
  'value_count',
  'value_sum',
  'value_avg',
  'value_median',
  'value_percentile',
  'temporal',
  'temporal_ordered',
] as const;
export type CorrelationType = (typeof CORRELATION_TYPES)[number];

export const THRESHOLDS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;
export type Threshold = (typeof THRESHOLDS)[number];

export interface SigmaCorrelation extends Metadata {
  readonly kind: 'correlation';
  readonly type: CorrelationType;
  readonly rules: readonly { readonly reference: string; readonly at: Position }[];
  readonly groupBy: readonly string[];
  readonly timespanMs: number;
  /** Every threshold must hold. */
  readonly thresholds: readonly { readonly operator: Threshold; readonly value: number }[];
  /** Fields whose values are counted or summed. */
  readonly valueFields: readonly string[];
  readonly percentile?: number;
  /** Extended temporal condition over the names of `rules`. */
  readonly expression?: Condition;
  /** alias → rule reference → field. */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Do the referenced rules also report by themselves? */
  readonly generate: boolean;
}
