import type { Clock } from '../../clock.ts';
import { HoldfastError } from '../../errors.ts';
import type { Limit } from '../../limit.ts';
import { reserve, stretched, type Budget } from '../budget.ts';
import { ReservationRow, type RowDeps } from '../reservation-row.ts';

const DAY = 86_400_000;

/** Of the vendor's 200 submissions in any 24 hours; the rest is left to the investigators. */
export const SUBMISSIONS: Limit = { requests: 150, periodMs: DAY };

/**
 * The daily budget of submissions, shared by all instances through one row. Unlike `SharedBudget` it does not spread
 * the day's number over the day: a new deployment may hand in its back-fill at once.
 */
export class SubmissionBudget implements Budget {
  readonly #row: ReservationRow;
  readonly #clock: Clock;

  constructor(tenant: string, deps: RowDeps) {
    this.#row = new ReservationRow(`${tenant}|ual-search`, 'submissions', deps);
    this.#clock = deps.clock;
  }

  /** Throws `deadline` when the day's number is used up. */
  async acquire(deadlineMs: number): Promise<void> {
    const atMs = await this.#row.update((last) => {
      const slot = reserve(last, this.#clock.now(), stretched(SUBMISSIONS));
      if (slot.atMs <= deadlineMs) return { result: slot.atMs, last: slot.last };
      const next = new Date(slot.atMs).toISOString();
      throw new HoldfastError('deadline', `The next audit query can be submitted at ${next}.`, {
        retryable: true,
      });
    });
    await this.#clock.sleep(atMs - this.#clock.now());
  }

  pause(untilMs: number): Promise<void> {
    return this.#row.pause(untilMs);
  }
}
