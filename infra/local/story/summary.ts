import { PUBLISHED_SOURCES, type PublishedSource } from '../tenant/records.ts';
import { chronicle } from './chronicle.ts';
import type { StoryOptions } from './options.ts';

export interface SourceSummary {
  /** Deliveries: what the generator yields. */
  readonly records: number;
  /** Distinct (id, content). */
  readonly distinct: number;
  /** Distinct ids: less than `distinct` where a record changed or an id was used twice. */
  readonly ids: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface StorySummary {
  readonly records: number;
  readonly distinct: number;
  readonly bySource: Readonly<Record<PublishedSource, SourceSummary>>;
}

/** Counts of the whole story. The story knows its copies and versions, so no set of ids is held. */
export function summariseStory(o: StoryOptions): StorySummary {
  const counts = new Map(PUBLISHED_SOURCES.map((source) => [source, emptyCount()]));
  for (const record of chronicle(o)) {
    const count = counts.get(record.source)!;
    count.records++;
    if (record.copy) continue;
    count.distinct++;
    if (record.version === 1) count.ids++;
    count.bytes += record.text.length;
    count.firstMs = Math.min(count.firstMs, record.eventMs);
    count.lastMs = Math.max(count.lastMs, record.eventMs);
  }
  const all = [...counts.values()];
  return {
    records: all.reduce((sum, { records }) => sum + records, 0),
    distinct: all.reduce((sum, { distinct }) => sum + distinct, 0),
    bySource: Object.fromEntries(counts) as Record<PublishedSource, SourceSummary>,
  };
}

const emptyCount = () => ({
  records: 0,
  distinct: 0,
  ids: 0,
  bytes: 0,
  firstMs: Infinity,
  lastMs: -Infinity,
});
