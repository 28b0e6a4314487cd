import type { Clock } from '../../../shared/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Milliseconds of looking for a sign of life in vain after which the next timer is due: nothing else can happen. */
const QUIET_MS = 2;
/** The same while an answer is awaited: longer, since it comes through the kernel's hands. */
const QUIET_IN_FLIGHT_MS = 150;
/**
 * What one look counts for at most. A process that does not get its share of a busy machine stands still itself, for
 * longer than any of these limits: what it waits for may lie there when it goes on, and is only found by looking.
 */
const LOOK_MS = 0.5;

/**
 * Time that passes only while everybody sleeps. The simulated tenant and every collector share one; days go by in
 * milliseconds, and a request that is never answered times out at once.
 */
export class VirtualClock implements Clock {
  readonly #quietMs: number;
  #now: number;
  #order = 0;
  #timers: Timer[] = [];
  #inFlight = 0;
  #signs = 0;

  /** `quietMs`: 0 where nothing comes through the kernel's hands, so that a turn of the loop without work is quiet. */
  constructor(nowMs: number, quietMs = QUIET_MS) {
    this.#now = nowMs;
    this.#quietMs = quietMs;
  }

  now(): number {
    return this.#now;
  }

  /** Moves time on (or back: a clock that was set), firing what is due on the way. */
  advance(ms: number): void {
    const target = this.#now + ms;
    for (let next = this.#next(); next && next.atMs <= target; next = this.#next()) this.#fire(next);
    this.#now = target;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sign();
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (!(ms > 0)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#timers = this.#timers.filter((t) => t !== timer);
        reject(signal!.reason as Error);
      };
      const fire = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const timer = { atMs: this.#now + ms, order: this.#order++, fire };
      this.#timers.push(timer);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Something happened: the next timer is not due yet. */
  sign(): void {
    this.#signs++;
  }

  /** An answer is awaited until the returned function is called. */
  awaiting(): () => void {
    this.#inFlight++;
    this.sign();
    let over = false;
    return () => {
      if (!over) this.#inFlight--;
      over = true;
      this.sign();
    };
  }

  /** Awaits the work, and lets time pass whenever all of it sleeps. */
  async drive<T>(work: Promise<T>): Promise<T> {
    const state = { done: false };
    const finished = work.finally(() => (state.done = true));
    finished.catch(() => undefined);
    let [seen, quiet, lookedAt] = [-1, 0, performance.now()];
    while (!state.done) {
      await new Promise((resolve) => setImmediate(resolve));
      const now = performance.now();
      quiet = seen === this.#signs ? quiet + Math.min(now - lookedAt, LOOK_MS) : 0;
      [seen, lookedAt] = [this.#signs, now];
      const next = this.#next();
      if (next && !state.done && quiet >= (this.#inFlight > 0 ? QUIET_IN_FLIGHT_MS : this.#quietMs))
        this.#fire(next);
    }
    return finished;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers)
      if (!next || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order))
        next = timer;
    return next;
  }

  #fire(timer: Timer): void {
    this.#timers = this.#timers.filter((t) => t !== timer);
    this.#now = Math.max(this.#now, timer.atMs);
    this.sign();
    timer.fire();
  }
}
