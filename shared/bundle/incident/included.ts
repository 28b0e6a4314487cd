import type { EntityKind } from '../../layout.ts';
import type { SegmentChunks } from '../read-records.ts';
import type { Scope } from '../scope.ts';
import type { RecordCitation } from './cited.ts';

/** Why an entity is part of the question. */
export interface Included {
  readonly kind: EntityKind | 'subject' | 'recipient';
  readonly key: string;
  /** Round of expansion that found it; 0 for what was asked. */
  readonly depth: number;
  readonly why: string;
  readonly records: readonly RecordCitation[];
  /** Its records are in the bundle. Recipients of mail are named only: having received a mail is no reason to hand over a mailbox's history. */
  readonly bundled: boolean;
}

export interface Expansion {
  readonly depth: number;
  readonly scope: Scope;
  readonly included: readonly Included[];
  /** Entities that were not followed, and why. */
  readonly notFollowed: readonly { readonly kind: string; readonly key: string; readonly why: string }[];
  readonly messages: readonly string[];
  readonly mailFlow: readonly SegmentChunks[];
}
