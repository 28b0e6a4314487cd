import type { QueueStore } from '../../../shared/store/stores.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface Delivery {
  readonly queue: string;
  readonly message: unknown;
  visibleMs: number;
  deliveries: number;
  taken: boolean;
}

/** What may happen to a message on its way: 1 copy is normal, 0 is lost, 2 is twice. */
export type Copies = (queue: string) => number;

const MAX_DELIVERIES = 5;
const RETRY_MS = 30_000;

/** The queues of the world, with the platform's manners: at least once, poison after five failures (host.json). */
export class WorldQueues implements QueueStore {
  readonly poison: { readonly queue: string; readonly message: unknown; readonly error: unknown }[] = [];
  copies: Copies = () => 1;
  readonly #clock: VirtualClock;
  #messages: Delivery[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  send(queue: string, messages: readonly unknown[], options: { delayMs?: number } = {}): Promise<void> {
    for (const message of messages) {
      for (let copy = this.copies(queue); copy > 0; copy--) {
        const visibleMs = this.#clock.now() + (options.delayMs ?? 0);
        const text = JSON.stringify(message);
        this.#messages.push({
          queue,
          message: JSON.parse(text) as unknown,
          visibleMs,
          deliveries: 0,
          taken: false,
        });
      }
    }
    return Promise.resolve();
  }

  get length(): number {
    return this.#messages.length;
  }

  /** Messages that are waiting, for a test to look at. */
  get waiting(): readonly Delivery[] {
    return this.#messages;
  }

  take(most: number): Delivery[] {
    const ready = this.#messages.filter((m) => !m.taken && m.visibleMs <= this.#clock.now()).slice(0, most);
    for (const m of ready) [m.taken, m.deliveries] = [true, m.deliveries + 1];
    return ready;
  }

  nextVisibleMs(): number | undefined {
    const free = this.#messages.filter((m) => !m.taken).map((m) => m.visibleMs);
    return free.length === 0 ? undefined : Math.min(...free);
  }

  done(delivery: Delivery): void {
    this.#messages = this.#messages.filter((m) => m !== delivery);
  }

  /** Back in the queue: its handler failed, or died (which the queue learns when its lease runs out). */
  back(delivery: Delivery, error: unknown): void {
    delivery.taken = false;
    delivery.visibleMs = this.#clock.now() + RETRY_MS;
    if (delivery.deliveries < MAX_DELIVERIES) return;
    this.done(delivery);
    this.poison.push({ queue: delivery.queue, message: delivery.message, error });
  }

  /** Loses every message. */
  clear(): void {
    this.#messages = [];
  }
}
