import type { SourceId } from '../../sources.ts';
import type { Level } from './ast.ts';

/** Why one field of a selection matched. */
export interface FieldExplanation {
  /** As the rule names it; undefined for keywords. */
  readonly field: string | undefined;
  /** Where that lies in the raw record. */
  readonly path: string;
  /** The value found there, at most 256 characters; empty when its absence matched. */
  readonly value: string;
  /** The rule's value that matched it, with its modifiers. */
  readonly pattern: string;
  readonly modifiers: readonly string[];
}

export interface SelectionExplanation {
  readonly selection: string;
  /** False: the selection did not match, and the condition asked for that (`not filter`). */
  readonly held: boolean;
  readonly fields: readonly FieldExplanation[];
}

/** One rule's match of one record. Costly members are worked out when asked for: some rules match every record. */
export interface Match {
  /** The same for the same rule, source and record, whenever it is found. 32 hexadecimal digits. */
  readonly id: string;
  readonly ruleKey: string;
  readonly title: string;
  readonly level: Level | undefined;
  readonly tags: readonly string[];
  readonly author: string | undefined;
  readonly source: SourceId;
  readonly shape: string;
  /** The vendor's id, or a hash of the record without one. */
  readonly recordId: string;
  /** Event time, milliseconds since the epoch; undefined when the record has none. */
  readonly timeMs: number | undefined;
  readonly condition: string;
  readonly selections: readonly SelectionExplanation[];
  /** False: the rule only feeds correlations, which did not ask for its own matches (`generate`). */
  readonly standalone: boolean;
  /** Does any correlation refer to the rule? */
  readonly correlated: boolean;
  /** What correlations need of the record: field name → its values. Undefined when none refers to the rule. */
  readonly correlate: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What correlations take of a match. */
export type CorrelatedMatch = Pick<Match, 'ruleKey' | 'recordId' | 'timeMs' | 'correlate'>;

export const MAX_SHOWN_VALUE = 256;

export const excerpt = (text: string): string =>
  text.length <= MAX_SHOWN_VALUE ? text : `${text.slice(0, MAX_SHOWN_VALUE - 1)}…`;
