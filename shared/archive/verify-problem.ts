/** What `verify` can find. Each names one blob. */
export type ProblemKind =
  /** It was there: a seal, a manifest, a receipt or the numbering says so. */
  | 'missing'
  /** Other bytes than those that were sealed or stated. */
  | 'changed'
  /** It ends early. */
  | 'truncated'
  /** Nothing accounts for it. */
  | 'surplus'
  /** Its bytes are as they were, yet it says what is not so. */
  | 'inconsistent'
  /** The seals do not follow one another. */
  | 'chain';

export interface Problem {
  readonly kind: ProblemKind;
  readonly blob: string;
  readonly reason: string;
}

export const problem = (kind: ProblemKind, blob: string, reason: string): Problem => ({ kind, blob, reason });
