import type { Analysis } from '../analysis/analyse.ts';
import type { Fact, SectionId } from '../analysis/facts.ts';
import type { JudgedSession } from '../../detect/pivot/session/verdict.ts';
import type { RecordCitation } from '../incident/cited.ts';
import type { BundlePlan } from '../incident/plan.ts';
import type { SourceId } from '../../sources.ts';
import type { SnapshotFile } from '../../snapshot.ts';

/**
 * What a bundle holds: all, or for a first look its records, timeline, sessions and coverage alone, without report
 * and without the evidence that proves it (most of a bundle's bytes).
 */
export const PARTS = ['all', 'core'] as const;
export type Parts = (typeof PARTS)[number];

/** The request's own facts: the only thing in which two bundles of one question may differ. */
export interface BundleRequest {
  readonly id: string;
  readonly requester: string;
  readonly requestedMs: number;
  readonly title?: string;
  readonly zone?: string;
  /** `all` when left out. */
  readonly parts?: Parts;
}

/** All that a report is written from. */
export interface ReportInput {
  readonly request: BundleRequest;
  readonly plan: BundlePlan;
  readonly analysis: Analysis;
  readonly snapshots: readonly SnapshotFile[];
  readonly records: number;
  readonly events: number;
  /** Records of the audit search left out, because the feed's same record is in the bundle. */
  readonly twins: number;
  /** Number of a record by its own id, if the bundle holds it. */
  readonly numberOf: (id: string, source?: SourceId) => number | undefined;
}

export const factsOf = (input: ReportInput, section: SectionId, user?: string): Fact[] =>
  input.analysis.facts.filter((f) => f.section === section && (user === undefined || f.user === user));

/** Users with a suspicious session: those that the question names first, then those found by expansion. */
export function victims(input: ReportInput): string[] {
  const names = input.analysis.suspicious.map((s) => s.user);
  const order = input.plan.people.map((p) => p.name);
  return [...new Set(names)].sort((a, b) => place(order, a) - place(order, b) || (a < b ? -1 : 1));
}

const place = (order: readonly string[], name: string): number =>
  order.includes(name) ? order.indexOf(name) : order.length;

export const sessionsOf = (input: ReportInput, user: string): JudgedSession[] =>
  input.analysis.suspicious.filter((s) => s.user === user);

/** Numbers of the records that a plan cites by id. */
export const numbersOf = (input: ReportInput, records: readonly RecordCitation[]): number[] =>
  records.flatMap(({ id, source }) => input.numberOf(id, source) ?? []);

export const count = (facts: readonly Fact[]): number => facts.length;
export const numbersIn = (facts: readonly Fact[]): number[] => facts.flatMap((f) => f.numbers);
/** First and last time among facts. */
export function windowOf(facts: readonly Fact[]): { from: string; to: string } {
  const times = facts
    .map((f) => f.time)
    .filter(Boolean)
    .sort();
  return { from: times[0] ?? '', to: times.at(-1) ?? '' };
}
