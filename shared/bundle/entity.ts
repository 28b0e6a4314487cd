import { HoldfastError } from '../errors.ts';
import { dateOf, formatSeconds } from '../instant.ts';
import { aliasesOf, slicesOf } from '../indexing/query.ts';
import type { Slice } from '../indexing/slice.ts';
import { mergeSummaries } from '../indexing/summary.ts';
import { segmentPath, type EntityKind } from '../layout.ts';
import type { TableStore } from '../store/stores.ts';

export interface EntityQuestion {
  readonly tenant: string;
  readonly kind: EntityKind;
  readonly key: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const MAX_SLICES = 5000;

/** What the index knows of an entity in a span of event dates: its summary, and where its records lie. */
export async function describeEntity(tables: TableStore, q: EntityQuestion): Promise<unknown> {
  const keys = q.kind === 'user' ? await aliasesOf(tables, q.tenant, q.key) : [q.key];
  const slices = new Map<string, Slice>();
  let records = 0;
  for (const key of keys) {
    for await (const slice of slicesOf(tables, q.tenant, q.kind, key, dateOf(q.fromMs), dateOf(q.toMs - 1))) {
      const path = segmentPath(slice.ref);
      const known = slices.get(path);
      // The same records under two keys of one person: the larger slice stands for both.
      if (!known || slice.records > known.records) slices.set(path, slice);
    }
  }
  if (slices.size === 0) {
    throw new HoldfastError(
      'not-found',
      `No record of this ${q.kind} is in the archive between ${formatSeconds(q.fromMs)} and ${formatSeconds(q.toMs)}.`,
      {
        field: 'key',
        remedy:
          'Check its spelling, search users by /api/entities/user?prefix=, and see /api/coverage for what was collected.',
      },
    );
  }
  const all = [...slices].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, slice]) => slice);
  for (const slice of all) records += slice.records;
  return {
    kind: q.kind,
    key: q.key,
    keys,
    records,
    firstTime: least(all.map((s) => s.firstTime)),
    lastTime: all
      .map((s) => s.lastTime)
      .sort()
      .at(-1),
    summary: mergeSummaries(
      all.map((s) => s.summary),
      500,
    ),
    slices: all.slice(0, MAX_SLICES).map((s) => ({
      segment: segmentPath(s.ref),
      source: s.ref.source,
      date: s.ref.date,
      records: s.records,
      firstTime: s.firstTime,
      lastTime: s.lastTime,
      chunks: s.chunks.map((c) => c.index),
    })),
    ...(all.length > MAX_SLICES && { moreSlices: all.length - MAX_SLICES }),
  };
}

const least = (times: readonly string[]): string => times.filter(Boolean).sort()[0] ?? '';
