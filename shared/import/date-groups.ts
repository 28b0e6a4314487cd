import { dateOf, msFromTicks } from '../instant.ts';
import type { ImportedRecord } from './records.ts';

/** Records that wait to be archived, by event date, at most so many bytes of text. */
export class DateGroups {
  readonly #limit: number;
  /** Where a record without a readable time goes. */
  readonly #untimed: string;
  readonly #groups = new Map<string, { records: ImportedRecord[]; bytes: number }>();
  #bytes = 0;

  constructor(limit: number, untimed: string) {
    this.#limit = limit;
    this.#untimed = untimed;
  }

  add(record: ImportedRecord): void {
    const { ticks } = record.facts;
    const date = ticks === undefined ? this.#untimed : dateOf(msFromTicks(ticks));
    const group = this.#groups.get(date) ?? { records: [], bytes: 0 };
    this.#groups.set(date, group);
    // A copy: a record cut out of a large piece of the file would keep all of that piece in memory.
    group.records.push({ ...record, text: Buffer.from(record.text) });
    group.bytes += record.text.length;
    this.#bytes += record.text.length;
  }

  /**
   * What has to be written now. Exports of the audit log come in no order, so the largest dates go first, until half of
   * the room is free: the small ones wait for more, or every date would get a tiny segment each time.
   */
  *due(): Generator<readonly [date: string, records: readonly ImportedRecord[]]> {
    if (this.#bytes < this.#limit) return;
    const largest = [...this.#groups].sort(([a, x], [b, y]) => y.bytes - x.bytes || (a < b ? -1 : 1));
    for (const [date] of largest) {
      if (this.#bytes <= this.#limit / 2) return;
      yield this.#take(date);
    }
  }

  /** All that is left, by date. */
  *rest(): Generator<readonly [date: string, records: readonly ImportedRecord[]]> {
    for (const date of [...this.#groups.keys()].sort()) yield this.#take(date);
  }

  #take(date: string): readonly [string, readonly ImportedRecord[]] {
    const group = this.#groups.get(date)!;
    this.#groups.delete(date);
    this.#bytes -= group.bytes;
    return [date, group.records];
  }
}
