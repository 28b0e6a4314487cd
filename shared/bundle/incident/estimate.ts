import type { SegmentChunks } from '../read-records.ts';

/**
 * What a bundle will cost, from the index alone, before anything is read. Azure's load balancer cuts an HTTP answer
 * at 230 s, so `GET /api/bundle` must know beforehand which of its three answers it can keep.
 */
export interface Estimate {
  readonly chunks: number;
  /** Compressed bytes to be read. */
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * Chunks a second, all formats written, on a core shared by many (test/bench/bundle-memory.ts: a chunk is 256 KiB of
 * text, some 200 records, and a thousand records a second were written on a machine under sixfold load).
 */
const CHUNKS_PER_SECOND = 5;
const SECONDS_PER_SEGMENT = 0.02;
const BASE_SECONDS = 5;

/** Beyond this, a background job: leaves room for a cold start, a slow core and an estimate that is off by half. */
export const HTTP_SECONDS = 90;

export function estimate(located: readonly SegmentChunks[]): Estimate {
  const all = located.flatMap(({ chunks }) => chunks);
  const bytes = all.reduce((sum, c) => sum + c.length, 0);
  const seconds = BASE_SECONDS + all.length / CHUNKS_PER_SECOND + located.length * SECONDS_PER_SEGMENT;
  return { chunks: all.length, bytes, seconds };
}
