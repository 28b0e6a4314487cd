import type { Clock } from '../clock.ts';
import { KeyedMutex } from '../mutex.ts';
import { isPlausible, spent, type Budget } from './budget.ts';

export interface Reserved {
  /** Ascending; none when it is the other lanes' turn. */
  readonly times: readonly number[];
  /** When this lane may reserve again. */
  readonly openMs: number;
}

export interface LaneDeps {
  /** Of the budget, for messages. */
  readonly name: string;
  readonly terms: { readonly permits: number; readonly validMs: number; readonly leadMs: number };
  readonly clock: Clock;
  readonly random: () => number;
  readonly reserve: (count: number, deadlineMs: number) => Promise<Reserved>;
  /** Whether a request reserved for that time may be sent now. */
  readonly stands: (atMs: number) => Promise<boolean>;
  readonly pause: (untilMs: number) => Promise<void>;
}

/**
 * What one process reserves for one lane: blocks of send times, as many at a time as there are requests waiting, and a
 * little more as long as all are used.
 */
export class BudgetLane implements Budget {
  readonly #d: LaneDeps;
  readonly #mutex = new KeyedMutex();
  /** Reserved and given to no request yet, ascending. */
  #permits: number[] = [];
  #openMs = -Infinity;
  #waiting = 0;
  #last = { size: 0, endMs: -Infinity, lost: 0 };
  /** Since the last block: it was another's turn. */
  #queued = false;
  /** Send times were lost lately: growth is slow. */
  #careful = false;

  constructor(deps: LaneDeps) {
    this.#d = deps;
  }

  pause(untilMs: number): Promise<void> {
    return this.#d.pause(untilMs);
  }

  async acquire(deadlineMs: number): Promise<void> {
    for (;;) {
      const atMs = await this.#permit(deadlineMs);
      const waitMs = atMs - this.#d.clock.now();
      // No timer is more exact.
      if (waitMs >= 1) await this.#d.clock.sleep(waitMs);
      if (await this.#d.stands(atMs)) return;
    }
  }

  async #permit(deadlineMs: number): Promise<number> {
    this.#waiting++;
    try {
      for (;;) {
        const atMs = await this.#mutex.run('permits', () => this.#take(deadlineMs));
        if (atMs !== undefined) return atMs;
        if (this.#openMs > deadlineMs) throw spent(this.#d.name);
        await this.#d.clock.sleep(this.#openMs - this.#d.clock.now() + this.#jitterMs());
      }
    } finally {
      this.#waiting--;
    }
  }

  /** Instances that wait for the same turn do not come all at once: most find that the first of them has taken it. */
  #jitterMs(): number {
    return this.#d.random() * 0.8 * this.#d.terms.leadMs;
  }

  /** Undefined when it is another lane's turn. */
  async #take(deadlineMs: number): Promise<number | undefined> {
    this.#dropStale();
    if (this.#permits.length === 0) {
      const nowMs = this.#d.clock.now();
      const open = this.#openMs <= nowMs || !isPlausible(this.#openMs, nowMs);
      if (open) await this.#reserve(nowMs, deadlineMs);
      this.#queued ||= this.#permits.length === 0;
    }
    if (this.#permits.length > 0 && this.#permits[0]! > deadlineMs) throw spent(this.#d.name);
    return this.#permits.shift();
  }

  /** Those that are too late to be used, and those of a clock that has been set back. */
  #dropStale(): void {
    const nowMs = this.#d.clock.now();
    const fresh = this.#permits.filter((ms) => ms + this.#d.terms.validMs >= nowMs && isPlausible(ms, nowMs));
    this.#last.lost += this.#permits.length - fresh.length;
    this.#permits = fresh;
  }

  async #reserve(nowMs: number, deadlineMs: number): Promise<void> {
    const { times, openMs } = await this.#d.reserve(this.#count(nowMs), deadlineMs);
    this.#openMs = openMs;
    if (times.length === 0) return;
    this.#permits = [...times];
    this.#last = { size: times.length, endMs: times.at(-1)!, lost: 0 };
    this.#queued = false;
  }

  /** As many as are waiting; where there is always work, more: as many as could be used. */
  #count(nowMs: number): number {
    const { size, endMs, lost } = this.#last;
    const { permits, validMs } = this.#d.terms;
    const goesOn = this.#queued || nowMs <= endMs + 2 * validMs;
    this.#careful = goesOn && (this.#careful || lost > 0);
    const more = lost > 0 ? size - lost : this.#careful ? size + 1 : Math.ceil(size * 1.25);
    return Math.min(permits, Math.max(this.#waiting, goesOn ? more : 1));
  }
}
