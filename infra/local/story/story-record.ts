import type { PublishedSource } from '../tenant/records.ts';

/**
 * How a record concerns a person: the first three make it a record of the account. `sender` and `recipient` stand
 * in a mail's addresses only, written by a service.
 */
export type Role = 'actor' | 'owner' | 'target' | 'sender' | 'recipient';

export interface Involvement {
  /** The person's place in the company's list. */
  readonly user: number;
  readonly role: Role;
}

/** A published record together with what the story knows about it. */
export interface StoryRecord {
  readonly source: PublishedSource;
  readonly text: string;
  readonly eventMs: number;
  readonly availableMs: number;
  readonly goneMs?: number;
  readonly id: string;
  readonly about: readonly Involvement[];
  /** 1, or higher for a later content under the same id. */
  readonly version: number;
  /** The same text, delivered once more. */
  readonly copy: boolean;
  /** The intrusion's step it belongs to. */
  readonly step?: string;
}
