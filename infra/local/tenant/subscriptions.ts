import { ApiError } from './answers.ts';
import { CONTENT_TYPES } from './records.ts';
import type { ContentType } from './records.ts';
import type { Switches } from './switches.ts';

interface Subscription {
  status: 'enabled' | 'stopped' | 'disabled';
  /** First and latest start. */
  readonly firstMs: number;
  startedMs: number;
  stoppedMs?: number;
  /** Content that became available meanwhile is lost for good. */
  readonly lost: { readonly fromMs: number; readonly toMs: number }[];
}

/** Which content types are subscribed, and what a stop has lost. */
export class Subscriptions {
  readonly #byType = new Map<ContentType, Subscription>();
  readonly #switches: Switches;
  readonly #nowMs: () => number;

  constructor(switches: Switches, nowMs: () => number) {
    this.#switches = switches;
    this.#nowMs = nowMs;
  }

  start(type: ContentType): void {
    const now = this.#nowMs();
    const present = this.#byType.get(type);
    // Undocumented, reported by every collector: starting twice is an error that means success.
    if (present?.status === 'enabled')
      throw new ApiError(400, 'AF20024', 'The subscription is already enabled. No property change.');
    if (!present) {
      this.#byType.set(type, { status: 'enabled', firstMs: now, startedMs: now, lost: [] });
      return;
    }
    present.lost.push({ fromMs: present.stoppedMs!, toMs: now });
    present.status = 'enabled';
    present.startedMs = now;
  }

  /** `admin` leaves the subscription visible as disabled. */
  stop(type: ContentType, by: 'client' | 'admin'): void {
    const present = this.check(type);
    present.status = by === 'admin' ? 'disabled' : 'stopped';
    present.stoppedMs = this.#nowMs();
  }

  list(): { contentType: ContentType; status: string; webhook: null }[] {
    return [...this.#byType]
      .filter(([, { status }]) => status !== 'stopped')
      .map(([contentType, { status }]) => ({ contentType, status, webhook: null }));
  }

  /** Refuses calls on a type that is not subscribed. */
  check(type: ContentType): Subscription {
    const present = this.#byType.get(type);
    if (present?.status === 'disabled')
      throw new ApiError(400, 'AF20023', 'The subscription was disabled by a tenant admin.');
    if (present?.status !== 'enabled')
      throw new ApiError(400, 'AF20022', 'No subscription found for the specified content type.');
    return present;
  }

  /** Whether content created at `createdMs` can be listed now. */
  offers(type: ContentType, createdMs: number): boolean {
    const present = this.#byType.get(type)!;
    const { firstContentDelayMs, backfillMs } = this.#switches.feed;
    const now = this.#nowMs();
    if (createdMs > now || now < present.firstMs + firstContentDelayMs) return false;
    if (createdMs < present.firstMs - backfillMs) return false;
    return !present.lost.some(({ fromMs, toMs }) => createdMs >= fromMs && createdMs < toMs);
  }
}

export const ALL_CONTENT_TYPES = Object.keys(CONTENT_TYPES) as ContentType[];
