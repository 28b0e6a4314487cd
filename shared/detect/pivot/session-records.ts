import { gunzipMember, linesOf } from '../../archive/segment-reader.ts';
import { sessionKeys, tokenIds } from '../../indexing/entities/session.ts';
import { slicesOf } from '../../indexing/query.ts';
import type { Slice } from '../../indexing/slice.ts';
import { dateOf, msFromTicks } from '../../instant.ts';
import { segmentPath, type EntityKind } from '../../layout.ts';
import { parseRecord } from '../../record.ts';
import type { BlobStore, TableStore } from '../../store/stores.ts';
import { bodyOf, sightingOf, type Sighting } from '../sighting.ts';
import { subjectsOf } from './subjects.ts';

export interface PivotDeps {
  readonly blobs: BlobStore;
  readonly tables: TableStore;
}

/** A record of the session, with what the verdict looks at. */
export interface SessionRecord extends Sighting {
  readonly operation: string;
  readonly subjects: readonly string[];
  /** Ties it to the session: its id, or its token where the record carries no session id. */
  readonly by: 'session' | 'token';
}

export interface SessionRecords {
  readonly records: readonly SessionRecord[];
  /** True when there were more than are read. */
  readonly truncated: boolean;
}

export const MAX_SESSION_RECORDS = 5000;
const DAY = 86_400_000;
/** How far from the finding a session is followed. */
const REACH_DAYS = 30;

/**
 * All records of a session across sources and record types, by the index. Then those of the user's records of the same
 * days that carry one of its token ids but no session id: not every workload writes one (DETECTIONS §3).
 */
export async function sessionRecords(
  deps: PivotDeps,
  ask: { readonly tenant: string; readonly session: string; readonly user?: string; readonly atMs: number },
): Promise<SessionRecords> {
  const found = new Map<string, SessionRecord>();
  const span = { from: dateOf(ask.atMs - REACH_DAYS * DAY), to: dateOf(ask.atMs + REACH_DAYS * DAY) };
  const tokens = new Set<string>();
  await eachRecord(deps, ask.tenant, 'session', ask.session, span, (record, body) => {
    if (!sessionKeys(body).includes(ask.session)) return true;
    for (const token of tokenIds(body)) tokens.add(token);
    found.set(keyOf(record), { ...record, by: 'session' });
    return found.size < MAX_SESSION_RECORDS;
  });
  if (ask.user !== undefined && tokens.size > 0 && found.size < MAX_SESSION_RECORDS) {
    const dates = [...found.values()].map(({ place }) => place.date).sort();
    await eachRecord(
      deps,
      ask.tenant,
      'user',
      ask.user,
      { from: dates[0]!, to: dates.at(-1)! },
      (record, body) => {
        if (
          !found.has(keyOf(record)) &&
          sessionKeys(body).length === 0 &&
          tokenIds(body).some((token) => tokens.has(token))
        )
          found.set(keyOf(record), { ...record, by: 'token' });
        return found.size < MAX_SESSION_RECORDS;
      },
    );
  }
  const records = [...found.values()].sort(
    (a, b) => (a.timeMs ?? 0) - (b.timeMs ?? 0) || (a.recordId < b.recordId ? -1 : 1),
  );
  return { records, truncated: found.size >= MAX_SESSION_RECORDS };
}

const keyOf = ({ source, recordId }: Sighting): string => `${source}|${recordId}`;

export type Found = Omit<SessionRecord, 'by'>;

/** Walks the records of the chunks that the index names for an entity, until `take` answers false. */
async function eachRecord(
  { blobs, tables }: PivotDeps,
  tenant: string,
  kind: EntityKind,
  key: string,
  { from, to }: { readonly from: string; readonly to: string },
  take: (record: Found, body: unknown) => boolean,
): Promise<void> {
  for await (const { found, body } of recordsOf(blobs, slicesOf(tables, tenant, kind, key, from, to)))
    if (!take(found, body)) return;
}

/** All records of the chunks that slices name: those of the slices' entity are among them. */
export async function* recordsOf(
  blobs: BlobStore,
  slices: Iterable<Slice> | AsyncIterable<Slice>,
): AsyncIterable<{ readonly found: Found; readonly body: unknown }> {
  for await (const { ref, chunks } of slices)
    for (const { index, offset, length } of chunks) {
      const text = await gunzipMember(await blobs.getRange(segmentPath(ref), offset, length), ref);
      for (const line of linesOf(text)) {
        const { value, facts } = parseRecord(line);
        const body = bodyOf(value);
        const timeMs = facts.ticks === undefined ? undefined : msFromTicks(facts.ticks);
        const place = { date: ref.date, segment: ref.segment, chunk: index };
        const sighting = sightingOf({ source: ref.source, value, place }, facts.id ?? '', timeMs);
        yield { found: { ...sighting, operation: facts.operation, subjects: subjectsOf(body) }, body };
      }
    }
}
