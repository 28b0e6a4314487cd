/** How often published items went out whole. */
export interface FetchCounts {
  published: number;
  available: number;
  never: number;
  once: number;
  repeatedly: number;
}

export const noCounts = (): FetchCounts => ({ published: 0, available: 0, never: 0, once: 0, repeatedly: 0 });

export function count(counts: FetchCounts, available: boolean, fetched: number): void {
  counts.published++;
  if (available) counts.available++;
  if (fetched === 0) counts.never++;
  else if (fetched === 1) counts.once++;
  else counts.repeatedly++;
}
