import { digest } from '../identity.ts';
import { EventList, type GroupEvent } from './event.ts';
import { foldEpisodes, type Carry } from './episodes.ts';
import { hitId, hitOf, type CorrelationHit } from './hit.ts';
import type { Plan } from './plan.ts';
import type { GroupState, HitState } from './state.ts';

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

/** Events of one correlation with the same group-by values. */
export class Group {
  readonly events: EventList;
  readonly #plan: Plan;
  readonly #key: string;
  readonly #hits: Map<string, HitState>;
  #carry: Carry | undefined;

  constructor(plan: Plan, key: string, state?: GroupState) {
    this.#plan = plan;
    this.#key = key;
    this.events = new EventList(state?.events);
    this.#hits = new Map(Object.entries(state?.hits ?? {}));
    this.#carry = state?.carry;
  }

  /** Drops the oldest events beyond `limit`; answers how many. */
  trim(limit: number): number {
    const excess = Math.max(0, this.events.sorted.length - limit);
    this.events.dropFirst(excess);
    return excess;
  }

  /** Works the group out anew and compares with what was said of it. */
  settle(): GroupChanges {
    const { episodes, tips } = foldEpisodes(this.#plan.correlation, this.events.sorted, this.#carry);
    const raised: SettledHit[] = [];
    const revised: SettledHit[] = [];
    const standing: SettledHit[] = [];
    const gone = new Map(this.#hits);
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
    return { raised, revised, standing, withdrawn: [...gone].map(([id, { told }]) => ({ id, told })) };
  }

  /** Notes to which groups above a hit was passed on. */
  told(id: string, told: HitState['told']): void {
    const hit = this.#hits.get(id);
    if (hit) this.#hits.set(id, { ...hit, told });
  }

  /** Makes instants before `upTo` final and forgets what no later window can reach. */
  advance(upTo: number): void {
    const { timespanMs } = this.#plan.correlation;
    const { episodes, open } = foldEpisodes(this.#plan.correlation, this.events.sorted, this.#carry, upTo);
    const last = open ? episodes.at(-1) : undefined;
    const reachable = last && upTo - last.last <= timespanMs ? last : undefined;
    this.#carry = { upTo, ...(reachable ? { open: reachable } : {}) };
    const keep = this.events.sorted.findIndex((event) => event.t >= upTo - timespanMs);
    this.events.dropFirst(keep < 0 ? this.events.sorted.length : keep);
    const openId = reachable && hitId(this.#plan, this.#key, reachable.tip);
    for (const [id, hit] of this.#hits) if (hit.tip < upTo && id !== openId) this.#hits.delete(id);
  }

  /** Nothing here can matter any more. */
  get isSpent(): boolean {
    return this.events.sorted.length === 0 && !this.#carry?.open && this.#hits.size === 0;
  }

  get lastMs(): number {
    return this.events.sorted.at(-1)?.t ?? this.#carry?.open?.last ?? Number.NEGATIVE_INFINITY;
  }

  state(): GroupState {
    const hits = Object.fromEntries([...this.#hits].sort(([a], [b]) => (a < b ? -1 : 1)));
    return {
      events: [...this.events.sorted],
      hits,
      ...(this.#carry ? { carry: this.#carry as NonNullable<GroupState['carry']> } : {}),
    };
  }
}
