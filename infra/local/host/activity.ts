/** Counts what is under way, so that others can wait for quiet. */
export class Activity {
  #running = 0;
  #begun = 0;
  readonly #onEnd = new Set<() => void>();

  get running(): number {
    return this.#running;
  }

  /** Grows with each piece of work begun: unchanged over a check means nothing began meanwhile. */
  get begun(): number {
    return this.#begun;
  }

  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#running += 1;
    this.#begun += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      for (const listener of this.#onEnd) listener();
    }
  }

  /** Calls `listener` whenever some work ends; returns what ends that. */
  onEnd(listener: () => void): () => void {
    this.#onEnd.add(listener);
    return () => this.#onEnd.delete(listener);
  }

  /** True when nothing runs, false when something still does after `limitMs`. */
  quiet(limitMs: number): Promise<boolean> {
    if (this.#running === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (quiet: boolean) => {
        clearTimeout(timer);
        stop();
        resolve(quiet);
      };
      const stop = this.onEnd(() => this.#running === 0 && settle(true));
      const timer = setTimeout(() => settle(false), Math.min(limitMs, 2 ** 31 - 1));
    });
  }
}
