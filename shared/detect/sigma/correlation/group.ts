import { digest } from '../identity.ts';
import { EventList, type GroupEvent } from './event.ts';
import { firstAtOrAfter, foldEpisodes, type Carry, type Folded } from './episodes.ts';
import { hitId, hitOf, type CorrelationHit } from './hit.ts';
import { Ceiling } from './measure.ts';
import type { Plan } from './plan.ts';
import type { GroupState, HitState } from './state.ts';
import { eventOf, Waiting, type Arrival } from './waiting.ts';

/** What settling a group found different from what was said before. */
export interface GroupChanges {
  readonly raised: readonly SettledHit[];
  readonly revised: readonly SettledHit[];
  /** Hits as they were; the events behind them may have other fields. */
  readonly standing: readonly SettledHit[];
  readonly withdrawn: readonly { readonly id: string; readonly told: HitState['told'] }[];
}

export interface SettledHit {
  readonly hit: CorrelationHit;
  /** The window at the tip, for correlations above; undefined when the tip is final and they know already. */
  readonly tip: readonly GroupEvent[] | undefined;
  readonly told: HitState['told'];
}

/**
 * Where working out may begin again when nothing before `carry.upTo` changed: most records come nearly in order. Kept in
 * memory only.
 */
interface Checkpoint {
  readonly carry: Carry | undefined;
  /** Hits that ended before. */
  readonly ended: ReadonlySet<string>;
}

const NONE_ENDED: ReadonlySet<string> = new Set();
// Records up to this much out of order do not make a group be worked out from its beginning.
const MAX_JITTER_MS = 600_000;
// Smaller groups are worked out as fast as a checkpoint is made.
const MIN_EVENTS = 64;

const NO_CHANGES: GroupChanges = { raised: [], revised: [], standing: [], withdrawn: [] };
const NO_EPISODES: Folded = { episodes: [], open: false, tips: new Map() };

/** Events of one correlation with the same group-by values. */
export class Group {
  #events: EventList | undefined;
  /** As long as they are too few. */
  #waiting: Waiting | undefined;
  readonly #plan: Plan;
  readonly #key: string;
  readonly #hits: Map<string, HitState>;
  readonly #ceiling: Ceiling;
  #carry: Carry | undefined;
  #checkpoint: Checkpoint | undefined;

  constructor(plan: Plan, key: string, state?: GroupState) {
    this.#plan = plan;
    this.#key = key;
    this.#ceiling = new Ceiling(plan.correlation);
    if (state) this.#events = new EventList(state.events, this.#ceiling);
    else this.#waiting = new Waiting(plan);
    this.#hits = new Map(Object.entries(state?.hits ?? {}));
    this.#carry = state?.carry;
  }

  get events(): EventList {
    if (this.#events) return this.#events;
    const events = this.#waiting?.events();
    this.#waiting = undefined;
    return (this.#events = new EventList(events, this.#ceiling));
  }

  /** Adds a record; answers whether there is something to settle. Each record counts once, however often it comes. */
  take(arrival: Arrival, limit: number): boolean {
    const waiting = this.#waiting;
    if (!waiting) return this.events.insert(eventOf(this.#plan, arrival));
    waiting.add(arrival);
    if (!waiting.mayHold && waiting.size <= limit) return false;
    return this.events.sorted.length > 0;
  }

  /** When there are more than `limit` events, drops the oldest tenth of what is allowed; answers how many. */
  trim(limit: number): number {
    const size = this.events.sorted.length;
    if (size <= limit) return 0;
    const excess = size - Math.ceil(limit * 0.9);
    this.events.dropFirst(excess);
    this.#checkpoint = undefined;
    return excess;
  }

  /** Works out what may have changed and compares it with what was said before. */
  settle(): GroupChanges {
    const start = this.#startingPoint();
    const { episodes, tips } = this.#fold(start.carry);
    if (episodes.length === 0 && this.#hits.size === 0) {
      this.#checkpoint = this.#nextCheckpoint(start);
      return NO_CHANGES;
    }
    const raised: SettledHit[] = [];
    const revised: SettledHit[] = [];
    const standing: SettledHit[] = [];
    const gone = new Map([...this.#hits].filter(([id]) => !start.ended.has(id)));
    for (const episode of episodes) {
      const hit = hitOf(this.#plan, this.#key, episode);
      const known = this.#hits.get(hit.id);
      const state = { tip: episode.tip, digest: digest([hit]), told: known?.told ?? {} };
      gone.delete(hit.id);
      this.#hits.set(hit.id, state);
      const settled = { hit, tip: tips.get(episode.tip), told: state.told };
      if (!known) raised.push(settled);
      else (known.digest === state.digest ? standing : revised).push(settled);
    }
    for (const id of gone.keys()) this.#hits.delete(id);
    this.#checkpoint = this.#nextCheckpoint(start);
    return { raised, revised, standing, withdrawn: [...gone].map(([id, { told }]) => ({ id, told })) };
  }

  #fold(carry: Carry | undefined, until?: number): Folded {
    if (!carry?.open && !this.#ceiling.canHold) return NO_EPISODES;
    return foldEpisodes(this.#plan.correlation, this.events.sorted, carry, until);
  }

  #startingPoint(): Checkpoint {
    const changedFrom = this.events.takeChange();
    const checkpoint = this.#checkpoint;
    if (checkpoint?.carry && changedFrom >= checkpoint.carry.upTo) return checkpoint;
    return { carry: this.#carry, ended: NONE_ENDED };
  }

  #nextCheckpoint(start: Checkpoint): Checkpoint | undefined {
    const { sorted } = this.events;
    const last = sorted.at(-1);
    if (!last || sorted.length < MIN_EVENTS || !this.#ceiling.canHold) return undefined;
    const upTo = last.t - Math.min(this.#plan.correlation.timespanMs, MAX_JITTER_MS);
    if (start.carry && upTo <= start.carry.upTo) return start;
    const { episodes, open } = this.#fold(start.carry, upTo);
    const under = open ? episodes.at(-1) : undefined;
    const ended = (under ? episodes.slice(0, -1) : episodes).map(({ tip }) =>
      hitId(this.#plan, this.#key, tip),
    );
    return { carry: { upTo, ...(under ? { open: under } : {}) }, ended: new Set([...start.ended, ...ended]) };
  }

  /** Notes to which groups above a hit was passed on. */
  told(id: string, told: HitState['told']): void {
    const hit = this.#hits.get(id);
    if (hit) this.#hits.set(id, { ...hit, told });
  }

  /** Makes instants before `upTo` final and forgets what no later window can reach. */
  advance(upTo: number): void {
    const { timespanMs } = this.#plan.correlation;
    if (this.#waiting) {
      this.#waiting.dropBefore(upTo - timespanMs);
      this.#carry = { upTo };
      return;
    }
    const { episodes, open } = this.#fold(this.#carry, upTo);
    const last = open ? episodes.at(-1) : undefined;
    const reachable = last && upTo - last.last <= timespanMs ? last : undefined;
    this.#carry = { upTo, ...(reachable ? { open: reachable } : {}) };
    this.events.dropFirst(firstAtOrAfter(this.events.sorted, upTo - timespanMs));
    this.#checkpoint = undefined;
    const openId = reachable && hitId(this.#plan, this.#key, reachable.tip);
    for (const [id, hit] of this.#hits) if (hit.tip < upTo && id !== openId) this.#hits.delete(id);
  }

  /** Nothing here can matter any more. */
  get isSpent(): boolean {
    if (this.#waiting) return this.#waiting.size === 0;
    return this.events.sorted.length === 0 && !this.#carry?.open && this.#hits.size === 0;
  }

  get lastMs(): number {
    if (this.#waiting) return this.#waiting.lastMs;
    return this.events.sorted.at(-1)?.t ?? this.#carry?.open?.last ?? Number.NEGATIVE_INFINITY;
  }

  state(): GroupState {
    const hits = Object.fromEntries([...this.#hits].sort(([a], [b]) => (a < b ? -1 : 1)));
    const { sorted } = this.#waiting ? new EventList(this.#waiting.events()) : this.events;
    return {
      events: [...sorted],
      hits,
      ...(this.#carry ? { carry: this.#carry as NonNullable<GroupState['carry']> } : {}),
    };
  }
}
