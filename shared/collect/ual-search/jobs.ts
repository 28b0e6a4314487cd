import { stamp } from '../../layout.ts';
import type { Clock } from '../../clock.ts';
import type { StoredRow, TableStore } from '../../store/stores.ts';
import { joinText, splitText } from '../../store/long-text.ts';
import type { Interval } from '../spec.ts';
import { VERSIONS, type Version } from './audit-query.ts';
import { parseComparison, type Comparison } from './comparison.ts';

/** Queries under way, and what waits for its day's reconciliation: working state, no evidence. Lost rows are asked anew. */
export interface Job extends Interval {
  readonly query: string;
  readonly version: Version;
  readonly submittedMs: number;
}

const TABLE = 'budgets';
const LEASE = 'lease';
const VERSION = 'version';
const HOUR = 3_600_000;
/** The version that answered is asked first for so long; then both are probed again. */
const VERSION_MS = 24 * HOUR;

export class JobTable {
  readonly #tables: TableStore;
  readonly #partition: string;

  constructor(tables: TableStore, tenant: string) {
    this.#tables = tables;
    this.#partition = `${tenant}|ual-search`;
  }

  async jobs(): Promise<Job[]> {
    const jobs: Job[] = [];
    for await (const row of this.#tables.query(TABLE, this.#partition, { from: 'job|', to: 'job|~' })) {
      const { fromMs, toMs, query, version, submittedMs } = row.cells;
      jobs.push({
        fromMs: Number(fromMs),
        toMs: Number(toMs),
        query: String(query),
        version: version === 'beta' ? 'beta' : 'v1.0',
        submittedMs: Number(submittedMs),
      });
    }
    return jobs;
  }

  async put(job: Job): Promise<void> {
    await this.#tables.upsert(TABLE, this.#partition, [
      { row: `job|${stamp(job.fromMs)}`, cells: { ...job } },
    ]);
  }

  async remove(job: Interval): Promise<void> {
    await this.#tables.remove(TABLE, this.#partition, [`job|${stamp(job.fromMs)}`]);
  }

  /** What a window's search compared; kept until all windows of its day are through. */
  async putComparison(window: Interval, comparison: Comparison): Promise<void> {
    const cells = {
      fromMs: window.fromMs,
      toMs: window.toMs,
      ...splitText('comparison', JSON.stringify(comparison)),
    };
    await this.#tables.upsert(TABLE, this.#partition, [{ row: `seen|${stamp(window.fromMs)}`, cells }]);
  }

  async comparisons(): Promise<(Interval & { readonly row: string; readonly comparison: Comparison })[]> {
    const found = [];
    for await (const { row, cells } of this.#tables.query(TABLE, this.#partition, {
      from: 'seen|',
      to: 'seen|~',
    }))
      found.push({
        row,
        fromMs: Number(cells['fromMs']),
        toMs: Number(cells['toMs']),
        comparison: parseComparison(joinText('comparison', cells)),
      });
    return found;
  }

  async removeRows(rows: readonly string[]): Promise<void> {
    await this.#tables.remove(TABLE, this.#partition, rows);
  }

  /** API versions in the order in which to try them. */
  async versions(nowMs: number): Promise<readonly Version[]> {
    const row = await this.#tables.get(TABLE, this.#partition, VERSION);
    const fresh = row && nowMs - Number(row.cells['atMs']) < VERSION_MS;
    return fresh && row.cells['version'] === 'beta' ? [...VERSIONS].reverse() : VERSIONS;
  }

  async answered(version: Version, nowMs: number): Promise<void> {
    const known = (await this.versions(nowMs))[0];
    if (known === version) return;
    await this.#tables.upsert(TABLE, this.#partition, [{ row: VERSION, cells: { version, atMs: nowMs } }]);
  }

  /** One worker per tenant; a dead one's claim ends by itself. Undefined when another is at work. */
  async claim(clock: Clock, holdMs: number): Promise<(() => Promise<void>) | undefined> {
    const row = await this.#tables.get(TABLE, this.#partition, LEASE);
    if (row && Number(row.cells['untilMs']) > clock.now()) return undefined;
    const owner = `${clock.now()}-${Math.random()}`;
    const write = { row: LEASE, cells: { untilMs: clock.now() + holdMs, owner } };
    const done = row
      ? (await this.#tables.replace(TABLE, this.#partition, write, row.etag)) === 'replaced'
      : (await this.#tables.insert(TABLE, this.#partition, write)) === 'created';
    return done ? () => this.#release(owner) : undefined;
  }

  async #release(owner: string): Promise<void> {
    const row: StoredRow | undefined = await this.#tables.get(TABLE, this.#partition, LEASE);
    if (row?.cells['owner'] !== owner) return;
    await this.#tables.replace(
      TABLE,
      this.#partition,
      { row: LEASE, cells: { untilMs: 0, owner: '' } },
      row.etag,
    );
  }
}
