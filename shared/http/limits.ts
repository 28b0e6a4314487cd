import type { CallLimits } from '../config-access.ts';
import { HoldfastError } from '../errors.ts';

/**
 * What one caller may cost this process: calls in a minute, and expensive calls (bundles, detections, imports) at once.
 * Each instance counts for itself; the platform's `maximumInstanceCount` bounds their sum.
 */

const MINUTE = 60_000;
/** Callers remembered; beyond it the longest idle go first, so a flood of names cannot fill memory. */
const REMEMBERED = 1000;

interface Account {
  /** Tokens left, as of `atMs`. */
  calls: number;
  expensive: number;
  atMs: number;
  running: number;
}

export class CallerLimits {
  readonly #limits: CallLimits;
  readonly #accounts = new Map<string, Account>();

  constructor(limits: CallLimits) {
    this.#limits = limits;
  }

  /** Admits a call, or throws `busy` with the time to wait. The returned function must be called when it is over. */
  enter(caller: string, expensive: boolean, nowMs: number): () => void {
    const account = this.#account(caller, nowMs);
    if (account.calls < 1) throw tooMany('Too many calls.', (1 - account.calls) / this.#limits.perMinute);
    if (expensive && account.expensive < 1)
      throw tooMany('Too many expensive calls.', (1 - account.expensive) / this.#limits.expensivePerMinute);
    if (expensive && account.running >= this.#limits.concurrent)
      throw tooMany(`More than ${this.#limits.concurrent} expensive calls at once.`, 5 / 60);
    account.calls--;
    if (!expensive) return () => undefined;
    account.expensive--;
    account.running++;
    let over = false;
    return () => {
      if (!over) account.running--;
      over = true;
    };
  }

  /** Token buckets: a minute's worth can be spent at once, then they fill evenly. */
  #account(caller: string, nowMs: number): Account {
    const { perMinute, expensivePerMinute } = this.#limits;
    const known = this.#accounts.get(caller);
    const account = known ?? { calls: perMinute, expensive: expensivePerMinute, atMs: nowMs, running: 0 };
    const minutes = Math.max(0, nowMs - account.atMs) / MINUTE;
    account.calls = Math.min(perMinute, account.calls + minutes * perMinute);
    account.expensive = Math.min(expensivePerMinute, account.expensive + minutes * expensivePerMinute);
    account.atMs = nowMs;
    // Last used, last in the map.
    this.#accounts.delete(caller);
    this.#accounts.set(caller, account);
    this.#forget();
    return account;
  }

  #forget(): void {
    for (const [name, { running }] of this.#accounts) {
      if (this.#accounts.size <= REMEMBERED) return;
      if (running === 0) this.#accounts.delete(name);
    }
  }
}

const tooMany = (message: string, minutes: number): HoldfastError =>
  new HoldfastError('busy', message, {
    retryable: true,
    retryAfterMs: Math.max(1000, Math.ceil(minutes * 60) * 1000),
    remedy:
      'Wait as long as Retry-After says. LIMIT_PER_MINUTE, LIMIT_EXPENSIVE_PER_MINUTE and LIMIT_CONCURRENT set the limits.',
  });

const DAY = 86_400_000;

/**
 * Refuses a span longer than the caller's role may ask for. Ends that cannot be read are left to the handler, which
 * says what is wrong with them.
 */
export function checkSpan(span: { fromMs: number; toMs: number }, days: number): void {
  if (span.toMs - span.fromMs <= days * DAY) return;
  throw new HoldfastError(
    'invalid-request',
    `The span is longer than the ${days} days that your role may ask for.`,
    {
      field: 'from',
      remedy: 'Ask for a shorter span; LIMIT_SPAN_DAYS sets the limit of each role.',
    },
  );
}
