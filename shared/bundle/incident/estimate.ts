import { countRows } from '../../indexing/rows.ts';
import type { SegmentChunks } from '../read-records.ts';

/**
 * What a bundle will cost, from the index alone, before anything is read. Azure's load balancer cuts an HTTP answer
 * at 230 s, so `GET /api/bundle` must know beforehand which of its three answers it can keep.
 */
export interface Estimate {
  readonly chunks: number;
  readonly records: number;
  /** Compressed bytes to be read. */
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * On a core shared by many. A quarter of what was measured under sixfold load (test/bench/bundle-memory.ts: 2,000
 * records a second, all formats written), and chunks as a far storage gives them, six at a time.
 */
const RECORDS_PER_SECOND = 500;
const CHUNKS_PER_SECOND = 40;
/** Lines of a chunk of which the index does not name any: 256 KiB of text. */
const LINES_PER_CHUNK = 200;
const SECONDS_PER_SEGMENT = 0.02;
const BASE_SECONDS = 5;

/** Beyond this, a background job: leaves room for a cold start, a slow core and an estimate that is off by half. */
export const HTTP_SECONDS = 90;

export function estimate(located: readonly SegmentChunks[]): Estimate {
  const all = located.flatMap(({ chunks }) => chunks);
  const bytes = all.reduce((sum, c) => sum + c.length, 0);
  const records = all.reduce((sum, c) => sum + (countRows(c.rows) ?? LINES_PER_CHUNK), 0);
  const seconds =
    BASE_SECONDS +
    records / RECORDS_PER_SECOND +
    all.length / CHUNKS_PER_SECOND +
    located.length * SECONDS_PER_SEGMENT;
  return { chunks: all.length, records, bytes, seconds };
}
