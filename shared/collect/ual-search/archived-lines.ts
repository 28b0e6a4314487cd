import { readManifest } from '../../archive/manifest.ts';
import { linesOf, readChunk } from '../../archive/segment-reader.ts';
import { dateOf, msFromTicks } from '../../instant.ts';
import { datePrefix, parseArchivePath, type SegmentRef } from '../../layout.ts';
import { parseRecord, type ArchiveRecord } from '../../record.ts';
import type { SourceId } from '../../sources.ts';
import type { BlobStore } from '../../store/stores.ts';
import type { Interval } from '../spec.ts';

const DAY = 86_400_000;

/** Archived records of a source whose event time lies in the interval, a chunk in memory at a time. */
export async function* recordsWithin(
  blobs: BlobStore,
  place: { readonly tenant: string; readonly source: SourceId },
  window: Interval,
): AsyncIterable<{ readonly record: ArchiveRecord; readonly ms: number }> {
  const from = new Date(window.fromMs).toISOString();
  const to = new Date(window.toMs).toISOString();
  for await (const ref of segmentsWithin(blobs, place, window, from, to)) {
    const manifest = await readManifest(blobs, ref);
    for (const chunk of manifest?.chunks ?? []) {
      if (chunk.minTime === null || !overlaps(chunk.minTime, chunk.maxTime ?? chunk.minTime, from, to))
        continue;
      for (const line of linesOf(await readChunk(blobs, ref, chunk))) {
        const record = parseRecord(line);
        const ms = record.facts.ticks === undefined ? undefined : msFromTicks(record.facts.ticks);
        if (ms !== undefined && ms >= window.fromMs && ms < window.toMs) yield { record, ms };
      }
    }
  }
}

async function* segmentsWithin(
  blobs: BlobStore,
  { tenant, source }: { readonly tenant: string; readonly source: SourceId },
  window: Interval,
  from: string,
  to: string,
): AsyncIterable<SegmentRef> {
  for (let ms = Math.floor(window.fromMs / DAY) * DAY; ms < window.toMs; ms += DAY) {
    for await (const { name, metadata } of blobs.list(datePrefix(tenant, source, dateOf(ms)))) {
      const path = parseArchivePath(name);
      if (path?.kind !== 'manifest') continue;
      const { mintime, maxtime } = metadata;
      if (mintime && maxtime && !overlaps(mintime, maxtime, from, to)) continue;
      yield { tenant, source, date: path.date, segment: path.segment };
    }
  }
}

/** Texts of ISO form sort as instants do, up to their fraction: compared by the part that all have. */
const overlaps = (minTime: string, maxTime: string, from: string, to: string): boolean =>
  minTime.slice(0, 19) <= to.slice(0, 19) && maxTime.slice(0, 19) >= from.slice(0, 19);
