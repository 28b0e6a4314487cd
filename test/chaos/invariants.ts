import { broken } from '../../infra/local/tenant/json-text.ts';
import type { PublishedRecord } from '../../infra/local/tenant/records.ts';
import type { CoverageInterval } from '../../shared/archive/coverage.ts';
import type { SourceId } from '../../shared/sources.ts';
import {
  canonical,
  DAY,
  HOUR,
  publishedNow,
  START,
  type CollectorWorld,
} from '../support/collector-world.ts';

/** What must hold, in words when it does not. */

const isFeed = (source: SourceId): boolean => source.startsWith('ual-');
const one = (text: string): string => canonical([text])[0]!;
const short = (text: string): string => text.slice(0, 160);

/**
 * No coverage may claim an interval while a record of it is not archived, be it published by now or yet to come. The
 * feed's windows lie on the time of availability (its blobs close within a second), the reports' on event time; a question
 * is of event time.
 */
export async function falseClaims(world: CollectorWorld): Promise<string[]> {
  const archived = new Set(canonical(world.archived()));
  const now = world.clock.now();
  const current = [...world.tenant.published()].filter((r) => (r.goneMs ?? Infinity) > now);
  const missing = current.filter((r) => !archived.has(one(r.text)));
  const problems: string[] = [];
  for (const { id } of world.specs) {
    const open = missing.filter((r) => r.source === id);
    if (open.length === 0) continue;
    const { intervals } = await world.coverage(id, START - 7 * DAY, now + DAY);
    for (const record of open) {
      const claim = intervals.find((i) => i.state === 'complete' && holds(i, record));
      if (claim) problems.push(`${id} claims ${claim.from} to ${claim.to}, but lacks ${short(record.text)}`);
    }
  }
  return problems;
}

/** How late a record of the feed is waited for; later ones no coverage speaks of. */
const LATE_MS = 3 * DAY - 2000;

function holds(interval: CoverageInterval, { source, eventMs, availableMs }: PublishedRecord): boolean {
  const [fromMs, toMs] = [Date.parse(interval.from), Date.parse(interval.to)];
  const event = fromMs <= eventMs && eventMs < toMs;
  if (!isFeed(source)) return event;
  const late = availableMs - eventMs > LATE_MS;
  return (event && !late) || (fromMs <= availableMs && availableMs < toMs - 2000);
}

/** After everything has calmed down. `untilMs`: the end of the time in which things went wrong. */
export async function wrongAtTheEnd(world: CollectorWorld, untilMs: number): Promise<string[]> {
  return [
    ...wrongRecords(world),
    ...(await falseClaims(world)),
    ...(await openIntervals(world, untilMs)),
    ...(await wrongTables(world)),
  ];
}

function wrongRecords(world: CollectorWorld): string[] {
  const archived = canonical(world.archived());
  const published = [...world.tenant.published()];
  const known = new Set(canonical(published.map((r) => r.text)));
  // A record that the service served damaged is archived as it was served.
  const damaged = new Set(published.map((r) => broken(r.text)));
  const held = new Set(archived);
  const ours = new Set<string>(world.specs.map((s) => s.id));
  const wanted = published.filter((r) => ours.has(r.source));
  return [
    ...archived.filter((t, i) => t === archived[i - 1]).map((t) => `twice: ${short(t)}`),
    ...archived
      .filter((t) => !known.has(t) && !isDamaged(t, damaged))
      .map((t) => `never published: ${short(t)}`),
    ...publishedNow(world)
      .filter((t) => !held.has(t) && wanted.some((r) => one(r.text) === t))
      .map((t) => `lost: ${short(t)}`),
  ];
}

/**
 * A piece of an answer that is damaged records, as they were served; of several in a row nobody can tell where one ends.
 * (Seed 201: a damaged record that the service gave twice within one answer.)
 */
export function isDamaged(piece: string, damaged: ReadonlySet<string>): boolean {
  if (damaged.has(piece)) return true;
  return [...damaged].some((d) => piece.startsWith(`${d},`) && isDamaged(piece.slice(d.length + 1), damaged));
}

async function openIntervals(world: CollectorWorld, untilMs: number): Promise<string[]> {
  const problems: string[] = [];
  for (const { id } of world.specs) {
    const { intervals } = await world.coverage(id, START - 2 * DAY, untilMs - HOUR);
    for (const i of intervals)
      if (i.state !== 'complete') problems.push(`${id} is ${i.state} from ${i.from} to ${i.to}: ${i.reason}`);
  }
  return problems;
}

async function wrongTables(world: CollectorWorld): Promise<string[]> {
  const { tables, rebuilt } = await world.tablesAndRebuild();
  const [is, should] = [new Set(tables), new Set(rebuilt)];
  return [
    ...rebuilt.filter((row) => !is.has(row)).map((row) => `not indexed: ${short(row)}`),
    ...tables.filter((row) => !should.has(row)).map((row) => `indexed in excess: ${short(row)}`),
  ];
}
