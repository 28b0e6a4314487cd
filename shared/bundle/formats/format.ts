import type { RecordFile } from '../record-file.ts';
import type { TimelineRow } from '../describe.ts';
import type { Summary } from '../../indexing/summary.ts';

/** What a format may draw on. Everything is read from disk or small; nothing here grows with the records but rows. */
export interface BundleContent {
  readonly records: RecordFile;
  /** Timeline rows in time order, one per record (its latest version), made anew at each call. */
  readonly timeline: () => AsyncIterable<TimelineRow>;
  readonly sessions: readonly EntitySummary[];
  readonly ips: readonly EntitySummary[];
}

export interface EntitySummary {
  readonly key: string;
  readonly records: number;
  readonly firstTime: string;
  readonly lastTime: string;
  readonly summary: Summary;
}

/** One file of the bundle. */
export interface BundleFile {
  readonly path: string;
  /** Number of records it tells of, when that can be said. */
  readonly records?: number;
  readonly content: () => AsyncIterable<Buffer | string>;
}

export type Format = (content: BundleContent) => BundleFile[];
