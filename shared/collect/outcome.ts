import type { Interval } from './spec.ts';

/** How one pass over a window ended, as its source's collector sees it. */
export type Outcome =
  | { readonly kind: 'collected' }
  /** The vendor cannot answer for so much at once. `parts` together are exactly the window. */
  | { readonly kind: 'split'; readonly parts: readonly Interval[]; readonly reason: string }
  /** What could be read is archived; the rest is named. `final`: no later attempt can bring it. */
  | { readonly kind: 'partial'; readonly reason: string; readonly final: boolean };
