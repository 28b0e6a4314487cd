import { indexSegment } from '../../shared/indexing/index-segment.ts';
import { Archive } from '../../shared/archive/archive.ts';
import { IncidentStore } from '../../shared/bundle/incident/incident.ts';
import { MemoryBundles } from '../../shared/bundle/memory-store.ts';
import type { IncidentDeps } from '../../shared/bundle/incident/run-incident.ts';
import type { TakeSnapshots } from '../../shared/snapshot.ts';
import type { Scope } from '../../shared/bundle/scope.ts';
import { systemClock } from '../../shared/clock.ts';
import { dateOf, msFromTicks } from '../../shared/instant.ts';
import { silentLog } from '../../shared/log.ts';
import { parseRecord, type ArchiveRecord } from '../../shared/record.ts';
import type { SourceId } from '../../shared/sources.ts';
import { MemoryBlobs, MemoryTables } from '../../shared/store/memory.ts';

/** An archive in memory, filled through the archive's own door and indexed by the index's, for tests of bundles. */
export interface BundleWorld {
  readonly blobs: MemoryBlobs;
  readonly tables: MemoryTables;
  readonly bundles: MemoryBundles;
  readonly deps: IncidentDeps;
  /** Archives and indexes further records. */
  append(records: Iterable<Sourced>): Promise<void>;
}

export const BUNDLE_TENANT = '11111111-1111-4111-8111-111111111111';
/** Three days of one user. */
export const BUNDLE_SCOPE: Scope = {
  tenant: BUNDLE_TENANT,
  entities: { user: ['a@x.example'], session: [], ip: [], app: [] },
  fromMs: Date.parse('2026-11-19'),
  toMs: Date.parse('2026-11-22'),
};

export interface Sourced {
  readonly source: SourceId;
  readonly text: string | Buffer;
}

export async function bundleWorld(
  tenant: string,
  records: Iterable<Sourced>,
  snapshots?: TakeSnapshots,
): Promise<BundleWorld> {
  const [blobs, tables, bundles] = [new MemoryBlobs(), new MemoryTables(), new MemoryBundles()];
  const archive = new Archive({ blobs, clock: systemClock });
  const append = async (more: Iterable<Sourced>): Promise<void> => {
    for (const [key, group] of grouped(more)) {
      const [source, date] = key.split('|') as [SourceId, string];
      const place = { tenant, source, date, window: null, pass: 1, requests: [] };
      const { segments } = await archive.append({ ...place, records: group });
      for (const ref of segments) await indexSegment(ref, { blobs, tables });
    }
  };
  await append(records);
  const deps: IncidentDeps = {
    blobs,
    tables,
    coverage: () => Promise.resolve([]),
    ...(snapshots && { snapshots }),
    incidents: new IncidentStore(bundles, () => systemClock.now()),
    clock: systemClock,
    log: silentLog,
  };
  return { blobs, tables, bundles, deps, append };
}

function grouped(records: Iterable<Sourced>): Map<string, ArchiveRecord[]> {
  const groups = new Map<string, ArchiveRecord[]>();
  for (const { source, text } of records) {
    const record = parseRecord(Buffer.from(text));
    const date = record.facts.ticks === undefined ? '2026-01-01' : dateOf(msFromTicks(record.facts.ticks));
    const group = groups.get(`${source}|${date}`) ?? [];
    groups.set(`${source}|${date}`, group);
    group.push(record);
  }
  return groups;
}
