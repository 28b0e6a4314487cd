import type { CorrelatedMatch } from '../match.ts';
import type { RuleSet } from '../rule-set.ts';
import type { Fields } from './event.ts';
import { Group, type GroupChanges, type SettledHit } from './group.ts';
import type { CorrelationChange } from './hit.ts';
import { groupsOfAll, keysOf, planCorrelations, type Plan } from './plan.ts';
import {
  NOTHING_DROPPED,
  type CorrelationState,
  type Dropped,
  type GroupState,
  type HitState,
} from './state.ts';

export interface CorrelationOptions {
  /**
   * How long after later events a record may still come, in event time. Default 72 h: by then collection has looked at a
   * window four times. Infinity keeps everything, for runs over a closed range.
   */
  readonly latenessMs?: number;
  /** Events kept per group; beyond, the oldest are dropped. Default 10,000. */
  readonly maxEventsPerGroup?: number;
  /** Groups kept per correlation; beyond, those idle longest are dropped. Default 50,000. */
  readonly maxGroups?: number;
}

const DEFAULTS: Required<CorrelationOptions> = {
  latenessMs: 72 * 3_600_000,
  maxEventsPerGroup: 10_000,
  maxGroups: 50_000,
};

/**
 * Runs correlations in event time over matches that come late and out of order. The hits there are depend on the matches
 * alone, not on their order or how they were divided into calls, as long as none is older than the lateness horizon:
 * such matches are counted in `dropped` and otherwise ignored.
 */
export class CorrelationEngine {
  readonly #plans: readonly Plan[];
  readonly #options: Required<CorrelationOptions>;
  readonly #byRule = new Map<string, { plan: Plan; ref: number }[]>();
  readonly #groups = new Map<Plan, Map<string, Group>>();
  readonly #touched = new Map<Plan, Set<string>>();
  #dropped: { -readonly [K in keyof Dropped]: number };
  #seenMs: number;
  #watermarkMs: number;
  #forgottenMs = Number.NEGATIVE_INFINITY;

  /** `state`: what `state()` gave, perhaps in another process. Correlations edited since then start afresh. */
  constructor(ruleSet: RuleSet, state?: CorrelationState, options: CorrelationOptions = {}) {
    this.#plans = planCorrelations(ruleSet);
    this.#options = { ...DEFAULTS, ...options };
    this.#dropped = { ...(state?.dropped ?? NOTHING_DROPPED) };
    this.#seenMs = state?.seenMs ?? Number.NEGATIVE_INFINITY;
    this.#watermarkMs = state?.watermarkMs ?? Number.NEGATIVE_INFINITY;
    for (const plan of this.#plans) {
      const saved = Object.entries(state?.groups[plan.stateKey] ?? {});
      this.#groups.set(plan, new Map(saved.map(([key, group]) => [key, new Group(plan, key, group)])));
      this.#touched.set(plan, new Set());
      plan.refKeys.forEach((key, ref) =>
        this.#byRule.set(key, [...(this.#byRule.get(key) ?? []), { plan, ref }]),
      );
    }
  }

  /** Takes matches in any order, any number of times; answers what changed, correlations below first. */
  add(matches: Iterable<CorrelatedMatch>): CorrelationChange[] {
    for (const match of matches) this.#take(match);
    const changes = this.#settle();
    if (Number.isFinite(this.#options.latenessMs)) this.advance(this.#seenMs - this.#options.latenessMs);
    return changes;
  }

  /** Works out every group: after states were merged. */
  settle(): CorrelationChange[] {
    for (const [plan, groups] of this.#groups)
      for (const key of groups.keys()) this.#touched.get(plan)!.add(key);
    return this.#settle();
  }

  /** Makes everything before `watermarkMs` final. `add` does so by itself, by the lateness horizon. */
  advance(watermarkMs: number): void {
    if (!(watermarkMs > this.#watermarkMs)) return;
    this.#watermarkMs = watermarkMs;
    // Forgetting costs a look at every group, so it waits until there is something worth forgetting.
    if (watermarkMs - this.#forgottenMs >= this.#options.latenessMs / 3) this.#forget();
  }

  /** Drops what no window can reach any more. Without it results would be the same, only larger to keep. */
  #forget(): void {
    if (!(this.#watermarkMs > this.#forgottenMs)) return;
    this.#forgottenMs = this.#watermarkMs;
    for (const groups of this.#groups.values())
      for (const [key, group] of groups) {
        group.advance(this.#watermarkMs);
        if (group.isSpent) groups.delete(key);
      }
  }

  get dropped(): Dropped {
    return { ...this.#dropped };
  }

  /** JSON all through; see `parseCorrelationState` for reading it back. */
  state(): CorrelationState {
    this.#forget();
    const groups = this.#plans.map((plan) => [plan.stateKey, this.#groupStates(plan)] as const);
    return {
      version: 1,
      seenMs: finiteOrNull(this.#seenMs),
      watermarkMs: finiteOrNull(this.#watermarkMs),
      dropped: this.dropped,
      groups: Object.fromEntries(groups),
    };
  }

  #groupStates(plan: Plan): Record<string, GroupState> {
    const sorted = [...this.#groups.get(plan)!].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([key, group]) => [key, group.state()]));
  }

  #take(match: CorrelatedMatch): void {
    const routes = this.#byRule.get(match.ruleKey);
    if (!routes) return;
    const { timeMs, recordId, correlate = {} } = match;
    if (timeMs === undefined) this.#dropped.untimed++;
    else if (timeMs < this.#watermarkMs) this.#dropped.late++;
    else {
      this.#seenMs = Math.max(this.#seenMs, timeMs);
      for (const { plan, ref } of routes) this.#place(plan, ref, recordId, timeMs, correlate);
    }
  }

  #place(plan: Plan, ref: number, id: string, t: number, source: Fields): void {
    const keys = keysOf(plan, ref, source);
    if (keys.length === 0) this.#dropped.ungrouped++;
    for (const key of keys)
      if (this.#groupFor(plan, key).take({ ref, id, t, source }, this.#options.maxEventsPerGroup))
        this.#touched.get(plan)!.add(key);
  }

  #groupFor(plan: Plan, key: string): Group {
    const groups = this.#groups.get(plan)!;
    const known = groups.get(key);
    if (known) return known;
    const group = new Group(plan, key);
    groups.set(key, group);
    return group;
  }

  #settle(): CorrelationChange[] {
    const changes: CorrelationChange[] = [];
    for (const plan of this.#plans) {
      const touched = this.#touched.get(plan)!;
      for (const key of [...touched].sort()) changes.push(...this.#settleGroup(plan, key));
      touched.clear();
      this.#limitGroups(plan);
    }
    return changes;
  }

  #settleGroup(plan: Plan, key: string): CorrelationChange[] {
    const group = this.#groupFor(plan, key);
    this.#dropped.overflow += group.trim(this.#options.maxEventsPerGroup);
    const changes = group.settle();
    for (const gone of changes.withdrawn) this.#untell(plan, gone.id, gone.told);
    for (const settled of [...changes.raised, ...changes.revised, ...changes.standing])
      this.#tell(plan, group, settled);
    return plan.reports ? reported(plan, changes) : [];
  }

  /** A hit is an event of the correlations built on this one, at the time of its tip. */
  #tell(plan: Plan, group: Group, { hit, tip, told }: SettledHit): void {
    if (!tip || plan.uppers.length === 0) return;
    const sources = tip.map((event) => event.fields);
    const now: Record<string, string[]> = {};
    for (const { plan: upper, ref } of plan.uppers)
      for (const [key, fields] of groupsOfAll(upper, ref, sources)) {
        (now[upper.stateKey] ??= []).push(key);
        const event = { ref, id: hit.id, t: hit.timeMs, fields };
        if (this.#groupFor(upper, key).events.put(event)) this.#touched.get(upper)!.add(key);
      }
    this.#untell(plan, hit.id, told, now);
    group.told(hit.id, now);
  }

  /** Takes a hit back from groups that were told of it and, after late records, should not have been. */
  #untell(plan: Plan, id: string, told: HitState['told'], except: HitState['told'] = {}): void {
    for (const { plan: upper, ref } of plan.uppers)
      for (const key of told[upper.stateKey] ?? []) {
        if (except[upper.stateKey]?.includes(key)) continue;
        if (this.#groups.get(upper)!.get(key)?.events.remove(ref, id)) this.#touched.get(upper)!.add(key);
      }
  }

  #limitGroups(plan: Plan): void {
    const groups = this.#groups.get(plan)!;
    const excess = groups.size - this.#options.maxGroups;
    if (excess <= 0) return;
    const idlest = [...groups]
      .sort(([a, x], [b, y]) => x.lastMs - y.lastMs || (a < b ? -1 : 1))
      .slice(0, excess);
    for (const [key, group] of idlest) {
      this.#dropped.overflow += group.events.sorted.length;
      groups.delete(key);
    }
  }
}

function reported(plan: Plan, { raised, revised, withdrawn }: GroupChanges): CorrelationChange[] {
  const supersedes = withdrawn.map(({ id }) => id);
  const ruleKey = plan.correlation.key;
  return [
    ...withdrawn.map(({ id }) => ({ change: 'withdrawn', id, ruleKey }) as const),
    ...raised.map(({ hit }) => ({ change: 'raised', hit, supersedes }) as const),
    ...revised.map(({ hit }) => ({ change: 'revised', hit, supersedes: [] }) as const),
  ];
}

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
