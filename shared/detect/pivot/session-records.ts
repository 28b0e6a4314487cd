import { gunzipMember, linesOf } from '../../archive/segment-reader.ts';
import { sessionKeys, tokenIds } from '../../indexing/entities/session.ts';
import { slicesOf } from '../../indexing/query.ts';
import type { Slice } from '../../indexing/slice.ts';
import { dateOf, msFromTicks } from '../../instant.ts';
import { segmentPath, type EntityKind } from '../../layout.ts';
import { parseRecord } from '../../record.ts';
import type { BlobStore, TableStore } from '../../store/stores.ts';
import { bodyOf, sightingOf, type Sighting } from '../sighting.ts';
import { eventOf, type Event } from './session/event.ts';
import { subjectsOf } from './subjects.ts';

export interface PivotDeps {
  readonly blobs: BlobStore;
  readonly tables: TableStore;
}

/** A record of the session, with what the verdict looks at. */
export interface SessionRecord extends Sighting {
  readonly operation: string;
  readonly subjects: readonly string[];
  /** Ties it to the session: its id, or where the record carries none, its token or its request or sign-in flow. */
  readonly by: 'session' | 'token' | 'request';
}

export interface SessionRecords {
  readonly records: readonly SessionRecord[];
  /** The same records as the verdict reads them; their numbers are places in `records`. */
  readonly events: readonly Event[];
  /** True when there were more than are read. */
  readonly truncated: boolean;
}

export const MAX_SESSION_RECORDS = 5000;
const DAY = 86_400_000;
/** How far from the finding a session is followed. */
const REACH_DAYS = 30;

/**
 * All records of a session across sources and record types, by the index. Then those of the user's records of the same
 * days that carry no session id but one of its token ids, or the id of one of its requests: not every workload writes a
 * session id (DETECTIONS §3), and risk detections never do.
 */
export async function sessionRecords(
  deps: PivotDeps,
  ask: { readonly tenant: string; readonly session: string; readonly user?: string; readonly atMs: number },
): Promise<SessionRecords> {
  const found = new Map<string, { readonly record: SessionRecord; readonly event: Event }>();
  const span = { from: dateOf(ask.atMs - REACH_DAYS * DAY), to: dateOf(ask.atMs + REACH_DAYS * DAY) };
  const tokens = new Set<string>();
  const flows = new Set<string>();
  await eachRecord(deps, ask.tenant, 'session', ask.session, span, ({ found: record, body, event: read }) => {
    if (!sessionKeys(body).includes(ask.session)) return true;
    const event = read();
    for (const token of tokenIds(body)) tokens.add(token);
    for (const id of event.flow) flows.add(id);
    found.set(keyOf(record), { record: { ...record, by: 'session' }, event });
    return found.size < MAX_SESSION_RECORDS;
  });
  if (ask.user !== undefined && tokens.size + flows.size > 0 && found.size < MAX_SESSION_RECORDS) {
    const dates = [...found.values()].map(({ record }) => record.place.date).sort();
    const days = { from: dates[0]!, to: dates.at(-1)! };
    await eachRecord(deps, ask.tenant, 'user', ask.user, days, ({ found: record, body, event: read }) => {
      if (found.has(keyOf(record)) || sessionKeys(body).length > 0) return true;
      const event = read();
      const by = tokenIds(body).some((token) => tokens.has(token))
        ? 'token'
        : event.flow.some((id) => flows.has(id))
          ? 'request'
          : undefined;
      if (by !== undefined) found.set(keyOf(record), { record: { ...record, by }, event });
      return found.size < MAX_SESSION_RECORDS;
    });
  }
  const sorted = [...found.values()].sort(
    ({ record: a }, { record: b }) => (a.timeMs ?? 0) - (b.timeMs ?? 0) || (a.recordId < b.recordId ? -1 : 1),
  );
  return {
    records: sorted.map(({ record }) => record),
    events: sorted.map(({ event }, number) => ({ ...event, number })),
    truncated: found.size >= MAX_SESSION_RECORDS,
  };
}

const keyOf = ({ source, recordId }: Sighting): string => `${source}|${recordId}`;

export type Found = Omit<SessionRecord, 'by'>;

/** A record that the index led to. */
export interface IndexedRecord {
  readonly found: Found;
  readonly body: unknown;
  /** As the verdict reads it; worked out when asked for. */
  readonly event: () => Event;
}

/** Walks the records of the chunks that the index names for an entity, until `take` answers false. */
async function eachRecord(
  { blobs, tables }: PivotDeps,
  tenant: string,
  kind: EntityKind,
  key: string,
  { from, to }: { readonly from: string; readonly to: string },
  take: (record: IndexedRecord) => boolean,
): Promise<void> {
  for await (const record of recordsOf(blobs, slicesOf(tables, tenant, kind, key, from, to)))
    if (!take(record)) return;
}

/** All records of the chunks that slices name: those of the slices' entity are among them. */
export async function* recordsOf(
  blobs: BlobStore,
  slices: Iterable<Slice> | AsyncIterable<Slice>,
): AsyncIterable<IndexedRecord> {
  for await (const { ref, chunks } of slices)
    for (const { index, offset, length } of chunks) {
      const text = await gunzipMember(await blobs.getRange(segmentPath(ref), offset, length), ref);
      for (const line of linesOf(text)) {
        const record = parseRecord(line);
        const { value, facts } = record;
        const body = bodyOf(value);
        const timeMs = facts.ticks === undefined ? undefined : msFromTicks(facts.ticks);
        const place = { date: ref.date, segment: ref.segment, chunk: index };
        const sighting = sightingOf({ source: ref.source, value, place }, facts.id ?? '', timeMs);
        const found = { ...sighting, operation: facts.operation, subjects: subjectsOf(body) };
        yield { found, body, event: () => eventOf(ref.source, record) };
      }
    }
}
