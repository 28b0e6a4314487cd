import type { Clock } from '../clock.ts';

const ENDED = new Error('ended');

/**
 * How long one request is waited for: until it is answered, then for each piece of the answer. One timer a request,
 * not one a piece: it looks now and then whether something has come since, so it may see a limit passed a little late.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #onLate: (limitMs: number) => void;
  readonly #ended = new AbortController();
  #limitMs: number;
  /** Since when it waits; undefined while a piece is worked on. */
  #sinceMs: number | undefined;

  /** Begins to wait for at most `limitMs`; `onLate` is called once, when a limit has passed. */
  constructor(clock: Clock, limitMs: number, onLate: (limitMs: number) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onLate = onLate;
    this.#sinceMs = clock.now();
    this.#run().catch(() => undefined);
  }

  /** Something has come; waits for the next, for at most this long. */
  wait(limitMs: number): void {
    this.#limitMs = limitMs;
    this.#sinceMs = this.#clock.now();
  }

  /** What came is worked on: nothing is waited for until the next `wait`. */
  rest(): void {
    this.#sinceMs = undefined;
  }

  end(): void {
    this.#ended.abort(ENDED);
  }

  async #run(): Promise<void> {
    for (let left = this.#limitMs; left > 0; left = this.#left())
      await this.#clock.sleep(left, this.#ended.signal);
    this.#onLate(this.#limitMs);
  }

  #left(): number {
    return this.#sinceMs === undefined ? this.#limitMs : this.#sinceMs + this.#limitMs - this.#clock.now();
  }
}
