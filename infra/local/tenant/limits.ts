import type { Switches } from './switches.ts';

export type LimitName = 'graphReports' | 'identityProtection' | 'feed' | 'auditSubmissions';

export interface Quota {
  readonly requests: number;
  readonly perMs: number;
}

export interface LimitUse {
  readonly allowed: number;
  readonly refused: number;
  /** The most requests that were allowed within any one window. */
  readonly peak: number;
}

const SECOND = 1000;

// https://learn.microsoft.com/graph/throttling-limits and the Management API's reference (2,000 a minute).
const DEFAULTS: Record<LimitName, Quota> = {
  graphReports: { requests: 5, perMs: 10 * SECOND },
  identityProtection: { requests: 1, perMs: SECOND },
  feed: { requests: 2000, perMs: 60 * SECOND },
  auditSubmissions: { requests: 200, perMs: 24 * 3600 * SECOND },
};

/** The vendor's request quotas, each a sliding window. */
export class Limits {
  readonly #windows: Record<LimitName, SlidingWindow>;

  constructor(nowMs: () => number, switches: Switches) {
    const make = (quota: Quota) => new SlidingWindow(quota, nowMs, switches);
    this.#windows = {
      graphReports: make(DEFAULTS.graphReports),
      identityProtection: make(DEFAULTS.identityProtection),
      feed: make(DEFAULTS.feed),
      auditSubmissions: make(DEFAULTS.auditSubmissions),
    };
  }

  /** Sets a quota; `false` lifts it. */
  set(name: LimitName, quota: Quota | false): void {
    this.#windows[name].quota = quota;
  }

  /** Undefined when the request may pass, else the milliseconds until one would. */
  admit(name: LimitName): number | undefined {
    return this.#windows[name].admit();
  }

  use(): Record<LimitName, LimitUse> {
    const { graphReports, identityProtection, feed, auditSubmissions } = this.#windows;
    return {
      graphReports: graphReports.use(),
      identityProtection: identityProtection.use(),
      feed: feed.use(),
      auditSubmissions: auditSubmissions.use(),
    };
  }
}

class SlidingWindow {
  quota: Quota | false;
  readonly #nowMs: () => number;
  readonly #switches: Switches;
  readonly #counted: number[] = [];
  readonly #recent: number[] = [];
  #allowed = 0;
  #refused = 0;
  #peak = 0;

  constructor(quota: Quota, nowMs: () => number, switches: Switches) {
    this.quota = quota;
    this.#nowMs = nowMs;
    this.#switches = switches;
  }

  admit(): number | undefined {
    const now = this.#nowMs();
    if (this.quota === false) return void this.#allowed++;
    const { requests, perMs } = this.quota;
    while (now - this.#counted[0]! >= perMs) this.#counted.shift();
    const full = this.#counted.length >= requests;
    if (!full || this.#switches.refusedCount) this.#counted.push(now);
    if (!full) return this.#allow(now, perMs);
    this.#refused++;
    return this.#counted.at(-requests)! + perMs - now;
  }

  use(): LimitUse {
    return { allowed: this.#allowed, refused: this.#refused, peak: this.#peak };
  }

  #allow(now: number, perMs: number): undefined {
    while (now - this.#recent[0]! >= perMs) this.#recent.shift();
    this.#recent.push(now);
    this.#peak = Math.max(this.#peak, this.#recent.length);
    this.#allowed++;
  }
}
