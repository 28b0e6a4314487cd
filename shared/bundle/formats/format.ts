import type { Analysis } from '../analysis/analyse.ts';
import type { RecordFile } from '../record-file.ts';
import type { TimelineRow } from '../describe.ts';
import type { Summary } from '../../indexing/summary.ts';
import type { BundlePlan } from '../incident/plan.ts';
import type { Packing } from '../zip.ts';
import type { ReportInput } from '../report/input.ts';
import type { SnapshotFile } from '../../snapshot.ts';
import { jsonText } from './json-text.ts';

/** Rows handed on together: a promise for each costs as much as the row, and so does a call of the CSV library. */
export const ROWS_AT_A_TIME = 200;

export interface TimelinePart {
  readonly skip?: number;
  readonly take?: number;
}

/** What a format may draw on. Everything is read from disk or small; nothing here grows with the records but rows. */
export interface CoreContent {
  readonly records: RecordFile;
  /** Timeline rows in time order, one per record (its latest version), `ROWS_AT_A_TIME`, made anew at each call. */
  readonly timeline: (part?: TimelinePart) => AsyncIterable<readonly TimelineRow[]>;
  /** Number of timeline rows. */
  readonly events: number;
  /** Records of the audit search left out, because the feed's same record is in the bundle. */
  readonly twins: number;
  readonly sessions: readonly EntitySummary[];
  readonly ips: readonly EntitySummary[];
  readonly plan: BundlePlan;
}

/** The same with what was concluded from it. */
export interface BundleContent extends CoreContent {
  readonly analysis: Analysis;
  readonly snapshots: readonly SnapshotFile[];
  readonly report: ReportInput;
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
  /** What its bytes are like; text unless told. */
  readonly packing?: Packing;
  readonly content: () => AsyncIterable<Buffer | string>;
}

export type Format = (content: BundleContent) => BundleFile[];
/** A format that tells of records only, and concludes nothing. */
export type CoreFormat = (content: CoreContent) => BundleFile[];

/** A file of one JSON value, indented for reading. */
export const jsonFile = (path: string, value: unknown, records?: number): BundleFile => ({
  path,
  ...(records !== undefined && { records }),
  content: async function* () {
    yield `${jsonText(value, 2)}\n`;
    await Promise.resolve();
  },
});
