import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { HoldfastError } from '../errors.ts';
import { KeyedMutex } from '../mutex.ts';
import type { TableStore } from '../store/stores.ts';

/** So many requests in any period of this length. */
export interface Limit {
  readonly requests: number;
  readonly periodMs: number;
}

export interface Budget {
  /** Resolves when one request may be sent. Throws `deadline` when that would be after `deadlineMs`. */
  acquire(deadlineMs: number): Promise<void>;
  /** The vendor says to wait: no request of any instance before then. */
  pause(untilMs: number): Promise<void>;
}

export interface Reservations {
  /** The last reserved send times, ascending; some may lie ahead. */
  readonly times: readonly number[];
  /** Nothing is sent before this instant: the vendor asked for it. */
  readonly pausedMs: number;
}

const NONE: Reservations = { times: [], pausedMs: 0 };

/** The service counts arrivals, we count departures: a little slack for requests that travel at different speeds. */
const SLACK_MS = 150;
/** The slack of short periods is a small part of them. */
const slackOf = (limit: Limit): number => Math.min(SLACK_MS, limit.periodMs * 0.03);

/** The next free send time, given the last ones. Pure. */
export function reserve(
  last: Reservations,
  nowMs: number,
  limit: Limit,
): { atMs: number; last: Reservations } {
  const { times, pausedMs } = last;
  const oldest = times.length < limit.requests ? -Infinity : times[times.length - limit.requests]!;
  const atMs = Math.max(nowMs, pausedMs, oldest + limit.periodMs + slackOf(limit), times.at(-1) ?? -Infinity);
  return { atMs, last: { times: [...times, atMs].slice(-limit.requests), pausedMs } };
}

/** The same rate with a short list of times: a relaxed limit must not make every reservation long. */
export function compact(limit: Limit): Limit {
  const factor = Math.max(1, limit.requests / 20);
  return { requests: Math.max(1, Math.floor(limit.requests / factor)), periodMs: limit.periodMs / factor };
}

const TABLE = 'budgets';
const ROW = 'log';

/**
 * A budget shared by all instances through one table row: each reserves its next send time there (compare and
 * swap), then waits for it. An instance that dies wastes the slots it had reserved, nothing more.
 */
export class SharedBudget implements Budget {
  readonly #name: string;
  readonly #limit: Limit;
  readonly #tables: TableStore;
  readonly #clock: Clock;
  readonly #mutex = new KeyedMutex();

  constructor(name: string, limit: Limit, deps: { tables: TableStore; clock: Clock }) {
    this.#name = name;
    this.#limit = compact(limit);
    this.#tables = deps.tables;
    this.#clock = deps.clock;
  }

  async acquire(deadlineMs: number): Promise<void> {
    const atMs = await this.#mutex.run('reserve', () => this.#update((last) => this.#slot(last, deadlineMs)));
    await this.#clock.sleep(atMs - this.#clock.now());
  }

  async pause(untilMs: number): Promise<void> {
    await this.#mutex.run('reserve', () =>
      this.#update((last) => ({ atMs: 0, last: { ...last, pausedMs: Math.max(last.pausedMs, untilMs) } })),
    );
  }

  #slot(last: Reservations, deadlineMs: number): { atMs: number; last: Reservations } {
    const slot = reserve(last, this.#clock.now(), this.#limit);
    if (slot.atMs <= deadlineMs) return slot;
    throw new HoldfastError(
      'deadline',
      `The request budget "${this.#name}" is spent beyond this unit of work.`,
      { retryable: true },
    );
  }

  async #update(change: (last: Reservations) => { atMs: number; last: Reservations }): Promise<number> {
    for (;;) {
      const row = await this.#tables.get(TABLE, this.#name, ROW);
      const next = change(parseReservations(row?.cells['state']));
      const write = { row: ROW, cells: { state: JSON.stringify(next.last) } };
      const done = row
        ? (await this.#tables.replace(TABLE, this.#name, write, row.etag)) === 'replaced'
        : (await this.#tables.insert(TABLE, this.#name, write)) === 'created';
      if (done) return next.atMs;
      await this.#clock.sleep(5 + (this.#clock.now() % 20));
    }
  }
}

const schema = z.object({ times: z.array(z.number()), pausedMs: z.number() });

/** A row that cannot be read is treated as none: the budget is a courtesy to the vendor, no evidence. */
function parseReservations(text: unknown): Reservations {
  try {
    return schema.parse(JSON.parse(String(text)));
  } catch {
    return NONE;
  }
}

/** A budget of this process alone: for limits so wide that sharing them costs more than it saves (the feed). */
export class LocalBudget implements Budget {
  readonly #limit: Limit;
  readonly #clock: Clock;
  #last: Reservations = NONE;

  constructor(limit: Limit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  async acquire(deadlineMs: number): Promise<void> {
    const slot = reserve(this.#last, this.#clock.now(), this.#limit);
    if (slot.atMs > deadlineMs)
      throw new HoldfastError('deadline', 'The request budget is spent beyond this unit of work.', {
        retryable: true,
      });
    this.#last = slot.last;
    await this.#clock.sleep(slot.atMs - this.#clock.now());
  }

  pause(untilMs: number): Promise<void> {
    this.#last = { ...this.#last, pausedMs: Math.max(this.#last.pausedMs, untilMs) };
    return Promise.resolve();
  }
}
