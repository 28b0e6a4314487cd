import type { SourceId } from '../../sources.ts';
import type { Level } from '../sigma/index.ts';
import type { Sighting } from '../sighting.ts';
import type { UserHistory } from './history.ts';

/**
 * Rules that Sigma cannot say: joins on computed fields, distances, comparison with a person's past. Pure: state and
 * history are handed to them.
 */
interface NativeFacts {
  readonly kind: 'native';
  readonly key: string;
  readonly title: string;
  readonly level: Level;
  readonly description: string;
  readonly tags: readonly string[];
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  readonly sources: readonly SourceId[];
  /** Operations, as manifests count them, that it looks at: it says nothing of others. All of its sources' when left out. */
  readonly operations?: readonly string[];
  /** Members of the record that it looks at, all of them: it may be asked with these alone. */
  readonly reads: readonly string[];
  /**
   * Tests of single members, by name: of a record of which none holds, the rule says nothing, and is not asked. Left out:
   * it is asked about every record.
   */
  readonly when?: Readonly<Record<string, (value: unknown) => boolean>>;
}

/** What a native rule says of its finding; `facts` are shown to people. */
export interface Verdict {
  readonly facts: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** Decides on one record alone. */
export interface RecordRule extends NativeFacts {
  readonly type: 'record';
  readonly judge: (body: unknown) => Verdict | undefined;
}

/** Decides on one record against what its user did before. */
export interface BaselineRule extends NativeFacts {
  readonly type: 'baseline';
  /** Days of the user's past to compare with. */
  readonly days: number;
  /** Cheap and sure: is the record worth a look at the user's past? */
  readonly candidate: (body: unknown) => boolean;
  readonly judge: (sighting: Sighting, history: UserHistory) => Verdict | undefined;
  /** Candidates with the same answer are judged once a day, e.g. by network: the first reports. */
  readonly once: (sighting: Sighting) => string;
}

/** What a window rule remembers of a record. */
export interface WindowEvent {
  readonly t: number;
  /** Events of a group with the same `once` in the same stretch of time are kept once: the earliest. */
  readonly once: string;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly sighting: Sighting;
}

/** What a window rule takes of a record. */
export interface TakenEvent {
  readonly group: string;
  /** See `WindowEvent`. */
  readonly once: string;
  readonly facts: WindowEvent['facts'];
}

/** Decides on several records of one group within a span of event time. */
export interface WindowRule extends NativeFacts {
  readonly type: 'window';
  readonly spanMs: number;
  /** Length of the stretches within which equal events are kept once. */
  readonly stretchMs: number;
  /** One finding a group and day, whatever instant of the day completed it. */
  readonly oncePerDay?: boolean;
  /** Of how few events nothing can be said. */
  readonly silentBelow?: number;
  /** Undefined: the record is no event of the rule. */
  readonly take: (body: unknown) => TakenEvent | undefined;
  /** Hits among a group's events, sorted by time. A hit belongs to the event that completed it: its last. */
  readonly judge: (events: readonly WindowEvent[]) => readonly WindowHit[];
}

/** With the stretch of time: events of a group with the same text are the same event. */
export const onceOf = (rule: WindowRule, { once }: TakenEvent, t: number): string =>
  `${once}@${Math.floor(t / rule.stretchMs)}`;

export interface WindowHit extends Verdict {
  readonly events: readonly WindowEvent[];
}

export type NativeRule = RecordRule | BaselineRule | WindowRule;
