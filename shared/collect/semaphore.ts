import type { Clock } from '../clock.ts';

/** At most so many at once in this process. */
export class Semaphore {
  #free: number;
  readonly #waiting: ((ticket: (() => void) | undefined) => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  /** Resolves with a function that must be called at the end; with undefined when the wait was too long. */
  async enter(maxWaitMs: number, clock: Clock): Promise<(() => void) | undefined> {
    if (this.#free > 0) {
      this.#free--;
      return this.#ticket();
    }
    const timer = new AbortController();
    return new Promise((resolve) => {
      const waiter = (ticket: (() => void) | undefined): void => {
        timer.abort(new Error('entered'));
        resolve(ticket);
      };
      this.#waiting.push(waiter);
      clock.sleep(maxWaitMs, timer.signal).then(
        () => {
          const at = this.#waiting.indexOf(waiter);
          if (at === -1) return;
          this.#waiting.splice(at, 1);
          resolve(undefined);
        },
        () => undefined,
      );
    });
  }

  #ticket(): () => void {
    let used = false;
    return () => {
      if (used) return;
      used = true;
      const next = this.#waiting.shift();
      if (next) next(this.#ticket());
      else this.#free++;
    };
  }
}
