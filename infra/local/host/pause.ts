/** A wait that a stopping host cuts short. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(ms, 2 ** 31 - 1));
    signal.addEventListener('abort', end, { once: true });
  });
}

/** A sleeper that `wake` wakes early; a wake while it is up counts for its next sleep. */
export class Sleeper {
  #wake: (() => void) | undefined;
  #woken = false;

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async sleep(ms: number): Promise<'woken' | 'slept'> {
    if (!this.#woken) await this.#untilWokenOr(ms);
    const woken = this.#woken;
    this.#woken = false;
    return woken ? 'woken' : 'slept';
  }

  async #untilWokenOr(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
