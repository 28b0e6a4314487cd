import { escapeKey, type SegmentRef } from '../layout.ts';
import type { SourceId } from '../sources.ts';

/** Table keys of detection. Everything lies in table `findings`; partitions tell the kinds of rows apart. Pure. */

export const TABLE = 'findings';

/** Findings of one month, by the time their id carries. */
export const findingPartition = (tenant: string, month: string): string => `${tenant}|${month}`;
/** `<time>|<rule>|<hash>` (DESIGN §6). */
export const findingRow = (id: string, rule: string): string => {
  const [time = '', hash = ''] = id.split('-');
  return `${time}|${escapeKey(rule)}|${hash}`;
};

const ID = /^(\d{4})(\d{2})(\d{2})T(\d{9})-[0-9a-f]{24}$/;

/** The month a finding's id lies in; undefined for texts that are no ids. */
export function monthOfId(id: string): string | undefined {
  const parts = ID.exec(id);
  return parts ? `${parts[1]}-${parts[2]}` : undefined;
}

/** Segments that are indexed and not evaluated yet, oldest event date first. */
export const pendingPartition = (tenant: string): string => `${tenant}|pending`;
export const pendingRow = (r: SegmentRef): string => `${r.date}|${r.source}|${r.segment}`;

/** Segments evaluated, with the version of the rules. */
export const detectedPartition = (tenant: string, source: SourceId): string => `${tenant}|detected|${source}`;
export const detectedRow = (r: SegmentRef): string => `${r.date}|${r.segment}`;

/** Event dates whose records came too late for the state kept: correlated by a run of their own. */
export const backlogPartition = (tenant: string): string => `${tenant}|backlog`;

export const statePartition = (tenant: string): string => `${tenant}|state`;
export const runPartition = (tenant: string): string => `${tenant}|runs`;
export const runFindingsPartition = (tenant: string, run: string): string => `${tenant}|run|${run}`;
export const configPartition = (tenant: string): string => `${tenant}|config`;
export const loadedRulesPartition = (tenant: string): string => `${tenant}|rules`;
/** What intruders used, looked for on other accounts. */
export const watchedPartition = (tenant: string): string => `${tenant}|watched`;
export const watchedRow = (kind: string, value: string, victim: string): string =>
  `${kind}|${escapeKey(value)}|${escapeKey(victim)}`;
/** Which findings were told of by an alert. */
export const alertPartition = (tenant: string): string => `${tenant}|alerts`;

/** First and last instant of the months a span touches. */
export function monthsOf(fromMs: number, toMs: number): string[] {
  const months: string[] = [];
  const at = new Date(fromMs);
  at.setUTCDate(1);
  at.setUTCHours(0, 0, 0, 0);
  for (; at.getTime() < toMs; at.setUTCMonth(at.getUTCMonth() + 1)) months.push(at.toISOString().slice(0, 7));
  return months;
}
