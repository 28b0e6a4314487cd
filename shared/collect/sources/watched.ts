import type { SourceId } from '../../sources.ts';
import { RETENTION_DAYS } from '../ual-search/decide.ts';
import { SOURCES } from './index.ts';

/** What health, signals and the retention clock know of a source. */
export interface WatchedSource {
  readonly id: SourceId;
  /** What the vendor keeps, days. */
  readonly retentionDays: number;
}

/** Every source with windows: those of timer `collect`, and the audit search with a timer of its own. */
const WATCHED: readonly WatchedSource[] = [
  ...SOURCES.map(({ id, retentionDays }) => ({ id, retentionDays })),
  { id: 'ual-search', retentionDays: RETENTION_DAYS },
];

/** Those of the settings' `SOURCES`. */
export const watchedSources = (chosen: readonly SourceId[]): WatchedSource[] =>
  WATCHED.filter(({ id }) => chosen.includes(id));

export const retentionDaysOf = (source: SourceId): number | undefined =>
  WATCHED.find(({ id }) => id === source)?.retentionDays;
