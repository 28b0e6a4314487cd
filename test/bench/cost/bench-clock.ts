import { systemClock } from '../../../shared/clock.ts';
import { VirtualClock } from '../../support/collector-world/virtual-clock.ts';

/** Longer waits are time limits, which real storage may not be told have passed; shorter ones are budgets. */
const LIMIT_MS = 60_000;
const FASTER = 100;

/** Days pass when told to; meanwhile real time does, since real storage takes it. Waits for budgets are cut short. */
export class BenchClock extends VirtualClock {
  #aheadMs = 0;
  readonly #startMs: number;
  readonly #real = performance.now();

  constructor(startMs: number) {
    super(startMs);
    this.#startMs = startMs;
  }

  override now(): number {
    return Math.floor(this.#startMs + this.#aheadMs + performance.now() - this.#real);
  }

  override advance(ms: number): void {
    this.#aheadMs += ms;
  }

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms < LIMIT_MS ? ms / FASTER : ms, signal);
  }
}
