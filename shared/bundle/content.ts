import { hash } from 'node:crypto';
import { formatTicks, type Ticks } from '../instant.ts';
import { SummaryBuilder } from '../indexing/summary.ts';
import type { BundleContent, EntitySummary } from './formats/format.ts';
import type { FoundRecord } from './read-records.ts';
import { RecordFile } from './record-file.ts';
import type { SourceId } from '../sources.ts';
import { FirstRows, Timeline } from './timeline.ts';
import type { Twins } from './twins.ts';

/** Sessions and addresses beyond this many are counted in the manifest, not listed: memory stays bounded. */
const MAX_ENTITIES = 20_000;

class Tally {
  readonly #entries = new Map<
    string,
    { records: number; first: Ticks | undefined; last: Ticks | undefined; summary: SummaryBuilder }
  >();
  overflow = 0;

  add(key: string, found: FoundRecord): void {
    const { ticks, operation } = found.facts;
    const entry = this.#entries.get(key) ?? {
      records: 0,
      first: undefined,
      last: undefined,
      summary: new SummaryBuilder(),
    };
    if (!this.#entries.has(key)) {
      if (this.#entries.size >= MAX_ENTITIES) {
        this.overflow++;
        return;
      }
      this.#entries.set(key, entry);
    }
    entry.records++;
    entry.summary.record(operation, found.keys, found.value);
    if (ticks === undefined) return;
    if (entry.first === undefined || ticks < entry.first) entry.first = ticks;
    if (entry.last === undefined || ticks > entry.last) entry.last = ticks;
  }

  summaries(): EntitySummary[] {
    return [...this.#entries]
      .map(([key, e]) => ({
        key,
        records: e.records,
        firstTime: e.first === undefined ? '' : formatTicks(e.first),
        lastTime: e.last === undefined ? '' : formatTicks(e.last),
        summary: e.summary.build(50),
      }))
      .sort((a, b) =>
        a.firstTime < b.firstTime ? -1 : a.firstTime > b.firstTime ? 1 : a.key < b.key ? -1 : 1,
      );
  }
}

/** Which record numbers share (source, id, operation): later ones are later versions of the same event. */
class Versions {
  readonly #latest = new Map<string, { number: number; count: number }>();
  readonly #superseded = new Set<number>();

  add(number: number, found: FoundRecord): void {
    if (found.facts.id === undefined) return;
    const name = `${found.source}\n${found.facts.operation}\n${found.facts.id}`;
    const key = hash('sha256', name, 'base64').slice(0, 22);
    const known = this.#latest.get(key);
    if (known) this.#superseded.add(known.number);
    this.#latest.set(key, { number, count: (known?.count ?? 0) + 1 });
  }

  isSuperseded(number: number): boolean {
    return this.#superseded.has(number);
  }

  counts(): Map<number, number> {
    return new Map([...this.#latest.values()].filter((v) => v.count > 1).map((v) => [v.number, v.count]));
  }
}

/** What is read once from the archive: the records on disk, and what is known of them as a whole. */
export interface Gathered {
  readonly records: RecordFile;
  readonly timeline: BundleContent['timeline'];
  /** Record numbers in time order, the latest version of each. */
  readonly order: () => Iterable<number>;
  readonly sessions: readonly EntitySummary[];
  readonly ips: readonly EntitySummary[];
  readonly count: number;
  readonly events: number;
  readonly unlisted: { readonly sessions: number; readonly ips: number };
  /** Records of the audit search that are left out, because the bundle holds the same audit record of the feed. */
  readonly twins: number;
  readonly numberOf: (id: string, source?: SourceId) => number | undefined;
  dispose(): Promise<void>;
}

/** Told of progress now and then; throws to stop the work. */
export type Heartbeat = (done: number) => Promise<void>;

const BEAT = 2000;

export interface GatherAsk {
  /** Tells which records are in the bundle already, of another source. */
  readonly twins: Twins;
  /** Ids of records whose numbers will be asked for. */
  readonly lookFor: ReadonlySet<string>;
  /** Whether formats look at the records themselves again, beyond their texts and rows of the timeline. */
  readonly again: boolean;
}

/** Reads the scope's records once, with what the formats need to know of the whole. */
export async function gather(
  found: AsyncIterable<Iterable<FoundRecord>>,
  { twins, lookFor, again }: GatherAsk,
  beat: Heartbeat,
): Promise<Gathered> {
  const records = new RecordFile({ again });
  try {
    const [sessions, ips, versions, rows] = [new Tally(), new Tally(), new Versions(), new FirstRows()];
    const numbers = new Map<string, number>();
    let left = 0;
    for await (const chunk of found)
      for (const record of chunk) {
        const { id } = record.facts;
        if (twins.isTwin(record)) {
          left++;
          // Whoever cites the search's record is shown the feed's.
          const number = id === undefined ? undefined : numbers.get(id);
          if (number !== undefined) numbers.set(`${record.source}\n${id!}`, number);
          continue;
        }
        versions.add(records.count, record);
        if (id !== undefined && lookFor.has(id)) {
          numbers.set(id, records.count);
          numbers.set(`${record.source}\n${id}`, records.count);
        }
        for (const key of record.keys.session) sessions.add(key, record);
        for (const key of record.keys.ip) ips.add(key, record);
        rows.add(record);
        // Awaited only where it has to: there are many.
        const adding = records.add(record.source, record);
        if (adding) await adding;
        if (records.count % BEAT === 0) await beat(records.count);
      }
    await records.finish();
    const order = latestInOrder(records, versions);
    const timeline = new Timeline(records, order, versions.counts(), rows);
    return {
      records,
      order: () => order,
      timeline: (part) => timeline.rows(part),
      sessions: sessions.summaries(),
      ips: ips.summaries(),
      count: records.count,
      events: order.length,
      unlisted: { sessions: sessions.overflow, ips: ips.overflow },
      twins: left,
      numberOf: (id, source) => numbers.get(source === undefined ? id : `${source}\n${id}`),
      dispose: () => records.dispose(),
    };
  } catch (error) {
    await records.dispose();
    throw error;
  }
}

const latestInOrder = (records: RecordFile, versions: Versions): Uint32Array =>
  records.inTimeOrder().filter((number) => !versions.isSuperseded(number));
