import { timelineRow, type TimelineRow } from './describe.ts';
import { ROWS_AT_A_TIME, type TimelinePart } from './formats/format.ts';
import type { FoundRecord } from './read-records.ts';
import type { RecordFile } from './record-file.ts';

/** Timelines of so many rows are kept: several formats go through them. */
const KEPT_ROWS = 10_000;

/** Rows made while the records are read, when each is at hand; by record number, and none once they are many. */
export class FirstRows {
  #rows: TimelineRow[] | undefined = [];

  add(record: FoundRecord): void {
    if (this.#rows?.length === KEPT_ROWS) this.#rows = undefined;
    this.#rows?.push(timelineRow(record.source, record, 1));
  }

  get(number: number): TimelineRow | undefined {
    return this.#rows?.[number];
  }
}

/** The bundle's events in time order, each by its latest version. */
export class Timeline {
  readonly #records: RecordFile;
  readonly #order: Uint32Array;
  /** Of records with several versions, how many. */
  readonly #versions: ReadonlyMap<number, number>;
  readonly #known: FirstRows;

  constructor(
    records: RecordFile,
    order: Uint32Array,
    versions: ReadonlyMap<number, number>,
    known: FirstRows,
  ) {
    this.#records = records;
    this.#order = order;
    this.#versions = versions;
    this.#known = known;
  }

  async *rows({ skip = 0, take = this.#order.length }: TimelinePart = {}): AsyncIterable<TimelineRow[]> {
    const order = this.#order.subarray(skip, skip + take);
    for (let from = 0; from < order.length; from += ROWS_AT_A_TIME) {
      const rows: TimelineRow[] = [];
      for (const number of order.subarray(from, from + ROWS_AT_A_TIME)) {
        const row =
          this.#known.get(number) ??
          timelineRow(this.#records.sourceOf(number), await this.#records.record(number), 1);
        const versions = this.#versions.get(number) ?? 1;
        rows.push(versions === 1 ? row : { ...row, versions });
      }
      yield rows;
    }
  }
}
