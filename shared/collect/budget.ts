import type { Clock } from '../clock.ts';
import { HoldfastError } from '../errors.ts';
import type { Limit } from '../limit.ts';

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
  /** By lane, the last send time that it has reserved; those that have passed are left out. */
  readonly lanes?: Readonly<Record<string, number>>;
}

export const NONE: Reservations = { times: [], pausedMs: 0 };

/** No unit of work is so long: what is reserved farther ahead comes from a clock that is wrong. */
const HORIZON_MS = 10 * 60_000;
export const isPlausible = (atMs: number, nowMs: number): boolean => atMs <= nowMs + HORIZON_MS;

/** The next free send time, given the last ones. Pure. */
export function reserve(
  last: Reservations,
  nowMs: number,
  limit: Limit,
): { atMs: number; last: Reservations } {
  const times = last.times.filter((ms) => isPlausible(ms, nowMs));
  const oldest = times.length < limit.requests ? -Infinity : times[times.length - limit.requests]!;
  const atMs = Math.max(nowMs, last.pausedMs, oldest + limit.periodMs, times.at(-1) ?? -Infinity);
  return { atMs, last: { ...last, times: [...times, atMs].slice(-limit.requests) } };
}

/** So many send times at once, ascending. Pure. */
export function reserveBlock(
  last: Reservations,
  nowMs: number,
  limit: Limit,
  count: number,
): { times: number[]; last: Reservations } {
  const times: number[] = [];
  let state = last;
  while (times.length < count) {
    const slot = reserve(state, nowMs, limit);
    times.push(slot.atMs);
    state = slot.last;
  }
  return { times, last: state };
}

/** The service counts arrivals, we count departures: a little slack for requests that travel at different speeds. */
const SLACK_MS = 150;

/**
 * The limit for send times that are kept up to `lateMs` too late: what leaves within a period was reserved within a
 * period and that time more.
 */
export function stretched(limit: Limit, lateMs = 0): Limit {
  // The slack of short periods is a small part of them.
  const slackMs = Math.min(SLACK_MS, limit.periodMs * 0.03);
  return { requests: limit.requests, periodMs: limit.periodMs + slackMs + lateMs };
}

/** About so many send times are remembered, and may follow each other at once. */
const BURST = 20;

/** A stricter limit in short periods, that as many of make up the long one: a wide limit must not make every reservation long. */
export function paced(limit: Limit): Limit {
  const parts = Math.max(1, Math.floor(limit.requests / BURST));
  return { requests: Math.floor(limit.requests / parts), periodMs: limit.periodMs / parts };
}

export const spent = (name: string): HoldfastError =>
  new HoldfastError('deadline', `The request budget "${name}" is spent beyond this unit of work.`, {
    retryable: true,
  });

/** A budget of this process alone: for limits that are no vendor's promise (paging of audit searches). */
export class LocalBudget implements Budget {
  readonly #limit: Limit;
  readonly #clock: Clock;
  #last = NONE;

  constructor(limit: Limit, clock: Clock) {
    this.#limit = stretched(limit);
    this.#clock = clock;
  }

  async acquire(deadlineMs: number): Promise<void> {
    const slot = reserve(this.#last, this.#clock.now(), this.#limit);
    if (slot.atMs > deadlineMs) throw spent('of this process');
    this.#last = slot.last;
    await this.#clock.sleep(slot.atMs - this.#clock.now());
  }

  pause(untilMs: number): Promise<void> {
    this.#last = { ...this.#last, pausedMs: Math.max(this.#last.pausedMs, untilMs) };
    return Promise.resolve();
  }
}
