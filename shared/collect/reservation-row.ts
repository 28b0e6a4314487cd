import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { TableStore } from '../store/stores.ts';
import { NONE, type Reservations } from './budget.ts';

const TABLE = 'budgets';

const schema = z.object({
  times: z.array(z.number()),
  pausedMs: z.number(),
  lanes: z.record(z.string(), z.number()).optional(),
});

/** What a change makes of the reservations; without `last` nothing is written. */
export interface Change<T> {
  readonly result: T;
  readonly last?: Reservations;
}

export interface RowDeps {
  readonly tables: TableStore;
  readonly clock: Clock;
  /** In [0, 1), so that instances do not come back in step. */
  readonly random?: () => number;
}

/** The reservations of all instances: one row of table `budgets`, changed by compare-and-swap. */
export class ReservationRow {
  readonly #partition: string;
  readonly #row: string;
  readonly #d: RowDeps;

  constructor(partition: string, row: string, deps: RowDeps) {
    this.#partition = partition;
    this.#row = row;
    this.#d = deps;
  }

  async read(): Promise<Reservations> {
    return parse((await this.#d.tables.get(TABLE, this.#partition, this.#row))?.cells['state']);
  }

  /** Reads, changes and writes until no other instance came in between. What `change` throws leaves the row as it is. */
  async update<T>(change: (last: Reservations) => Change<T>): Promise<T> {
    const { tables, clock, random = Math.random } = this.#d;
    for (;;) {
      const row = await tables.get(TABLE, this.#partition, this.#row);
      const { result, last } = change(parse(row?.cells['state']));
      if (!last) return result;
      const write = { row: this.#row, cells: { state: JSON.stringify(last) } };
      const done = row
        ? (await tables.replace(TABLE, this.#partition, write, row.etag)) === 'replaced'
        : (await tables.insert(TABLE, this.#partition, write)) === 'created';
      if (done) return result;
      await clock.sleep(5 + random() * 20);
    }
  }

  pause(untilMs: number): Promise<void> {
    return this.update((last) =>
      untilMs <= last.pausedMs
        ? { result: undefined }
        : { result: undefined, last: { ...last, pausedMs: untilMs } },
    );
  }
}

/** A row that cannot be read is treated as none: the budget is a courtesy to the vendor, no evidence. */
function parse(text: unknown): Reservations {
  try {
    const { times, pausedMs, lanes } = schema.parse(JSON.parse(String(text)));
    return { times, pausedMs, ...(lanes && { lanes }) };
  } catch {
    return NONE;
  }
}
