import type { SigmaCorrelation } from '../ast.ts';
import type { GroupEvent } from './event.ts';
import { measureFor } from './measure.ts';

/**
 * A stretch of time in which a correlation held. At every instant with an event, the window of the timespan that ends
 * there is looked at. Consecutive instants at which it satisfies the condition, no further apart than the timespan, are
 * one episode: a burst is one hit, however long. The first of them, the tip, is the episode's identity.
 */
export interface Episode {
  /** First instant at which the condition held. */
  readonly tip: number;
  /** Time of the first event in the window at the tip. */
  readonly from: number;
  /** Last instant at which it held. */
  readonly last: number;
  /** What was counted at the tip. */
  readonly value: number;
  /** Events in the episode. */
  readonly count: number;
  /** The first of them. */
  readonly events: readonly GroupEvent[];
}

export const MAX_EPISODE_EVENTS = 100;

/** What is final: instants before `upTo` will see no further event. */
export interface Carry {
  readonly upTo: number;
  /** The episode that was under way at the last final instant. */
  readonly open?: Episode;
}

export interface Folded {
  /** Episodes with an instant that is not final yet, in order; the last may still be under way. */
  readonly episodes: readonly Episode[];
  /** Is the last of them under way at the last instant? */
  readonly open: boolean;
  /** The window at each new episode's tip, by tip: what other correlations are told of it. */
  readonly tips: ReadonlyMap<number, readonly GroupEvent[]>;
}

/**
 * Works out the episodes of one group. `events` are sorted and reach back one timespan before `carry.upTo`. Instants at
 * or after `until` are left out.
 */
export function foldEpisodes(
  correlation: SigmaCorrelation,
  events: readonly GroupEvent[],
  carry: Carry | undefined,
  until = Number.POSITIVE_INFINITY,
): Folded {
  const measure = measureFor(correlation);
  const folder = new EpisodeFolder(correlation.timespanMs, carry?.open);
  const final = carry?.upTo ?? Number.NEGATIVE_INFINITY;
  let from = firstAtOrAfter(events, final - correlation.timespanMs);
  for (let to = from; to < events.length && events[to]!.t < until;) {
    const now = events[to]!.t;
    const start = to;
    while (to < events.length && events[to]!.t === now) measure.add(events[to++]!);
    while (events[from]!.t < now - correlation.timespanMs) measure.remove(events[from++]!);
    if (now < final) continue;
    const { holds, value } = measure.verdict(events, from, to);
    if (holds) folder.hold(now, value, events, { from, start, to });
    else folder.fail();
  }
  return folder.result();
}

/** Index of the first event that is not earlier than `t`. */
export function firstAtOrAfter(events: readonly GroupEvent[], t: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events[middle]!.t < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Span {
  /** First event of the window. */
  readonly from: number;
  /** First event of this instant. */
  readonly start: number;
  /** Behind its last. */
  readonly to: number;
}

class EpisodeFolder {
  readonly #timespan: number;
  readonly #done: Episode[] = [];
  readonly #tips = new Map<number, readonly GroupEvent[]>();
  #open: Episode | undefined;

  constructor(timespan: number, open: Episode | undefined) {
    this.#timespan = timespan;
    this.#open = open;
  }

  hold(now: number, value: number, events: readonly GroupEvent[], { from, start, to }: Span): void {
    const open = this.#open;
    if (open && now - open.last <= this.#timespan) {
      const room = MAX_EPISODE_EVENTS - open.events.length;
      const more =
        room > 0 ? [...open.events, ...events.slice(start, Math.min(to, start + room))] : open.events;
      this.#open = { ...open, last: now, count: open.count + to - start, events: more };
      return;
    }
    this.fail();
    const window = events.slice(from, to);
    const shown = window.slice(0, MAX_EPISODE_EVENTS);
    this.#open = { tip: now, from: window[0]!.t, last: now, value, count: window.length, events: shown };
    this.#tips.set(now, window);
  }

  fail(): void {
    if (this.#open) this.#done.push(this.#open);
    this.#open = undefined;
  }

  result(): Folded {
    const open = this.#open !== undefined;
    return { episodes: this.#open ? [...this.#done, this.#open] : this.#done, open, tips: this.#tips };
  }
}
