import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { HoldfastError } from '../../errors.ts';
import type { TableStore } from '../../store/stores.ts';
import { reserve, type Budget, type Limit, type Reservations } from '../budget.ts';

const DAY = 86_400_000;

/** Of the vendor's 200 submissions in any 24 hours; the rest is left to the investigators. */
export const SUBMISSIONS: Limit = { requests: 150, periodMs: DAY };

const TABLE = 'budgets';
const ROW = 'submissions';
const schema = z.object({ times: z.array(z.number()), pausedMs: z.number() });

/**
 * The daily budget of submissions, shared by all instances through one row. Unlike `SharedBudget` it does not spread
 * the day's number over the day: a new deployment may hand in its back-fill at once.
 */
export class SubmissionBudget implements Budget {
  readonly #partition: string;
  readonly #tables: TableStore;
  readonly #clock: Clock;

  constructor(tenant: string, deps: { readonly tables: TableStore; readonly clock: Clock }) {
    this.#partition = `${tenant}|ual-search`;
    this.#tables = deps.tables;
    this.#clock = deps.clock;
  }

  /** Throws `deadline` when the day's number is used up. */
  async acquire(deadlineMs: number): Promise<void> {
    const atMs = await this.#update((last) => {
      const slot = reserve(last, this.#clock.now(), SUBMISSIONS);
      if (slot.atMs <= deadlineMs) return slot;
      const next = new Date(slot.atMs).toISOString();
      throw new HoldfastError('deadline', `The next audit query can be submitted at ${next}.`, {
        retryable: true,
      });
    });
    await this.#clock.sleep(atMs - this.#clock.now());
  }

  async pause(untilMs: number): Promise<void> {
    await this.#update((last) => ({
      atMs: 0,
      last: { ...last, pausedMs: Math.max(last.pausedMs, untilMs) },
    }));
  }

  async #update(change: (last: Reservations) => { atMs: number; last: Reservations }): Promise<number> {
    for (;;) {
      const row = await this.#tables.get(TABLE, this.#partition, ROW);
      const next = change(
        row ? schema.parse(JSON.parse(String(row.cells['state']))) : { times: [], pausedMs: 0 },
      );
      const write = { row: ROW, cells: { state: JSON.stringify(next.last) } };
      const done = row
        ? (await this.#tables.replace(TABLE, this.#partition, write, row.etag)) === 'replaced'
        : (await this.#tables.insert(TABLE, this.#partition, write)) === 'created';
      if (done) return next.atMs;
      await this.#clock.sleep(5 + Math.random() * 20);
    }
  }
}
