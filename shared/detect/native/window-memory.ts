import { z } from 'zod';
import type { Sighting } from '../sighting.ts';
import type { TakenEvent, WindowEvent, WindowHit, WindowRule } from './native-rule.ts';

/** What window rules remember: rule → group → events by `once`. JSON all through. */
const stateSchema = z.object({
  version: z.literal(1),
  seenMs: z.number().nullable(),
  groups: z.record(z.string(), z.record(z.string(), z.array(z.custom<WindowEvent>()))),
});
export type WindowState = z.infer<typeof stateSchema>;
export const parseWindowState = (value: unknown): WindowState => stateSchema.parse(value);

/** How long after later events a record may still come, in event time. */
const LATENESS_MS = 72 * 3_600_000;

/** Runs window rules over records in any order. Hits are told again and again: whoever takes them knows them by id. */
export class WindowMemory {
  readonly #rules: ReadonlyMap<string, WindowRule>;
  readonly #groups = new Map<string, Map<string, Map<string, WindowEvent>>>();
  readonly #latenessMs: number;
  #seenMs: number;
  #forgottenMs = Number.NEGATIVE_INFINITY;
  #dirty = new Map<string, Set<string>>();

  constructor(rules: readonly WindowRule[], state?: WindowState, latenessMs = LATENESS_MS) {
    this.#rules = new Map(rules.map((rule) => [rule.key, rule]));
    this.#latenessMs = latenessMs;
    this.#seenMs = state?.seenMs ?? Number.NEGATIVE_INFINITY;
    for (const { key } of rules) {
      const saved = Object.entries(state?.groups[key] ?? {});
      this.#groups.set(
        key,
        new Map(saved.map(([group, events]) => [group, new Map(events.map((e) => [e.once, e]))])),
      );
    }
  }

  /** @param taken `once` with the stretch of time */
  take(rule: WindowRule, { group, once, facts }: TakenEvent, sighting: Sighting): void {
    const t = sighting.timeMs;
    const byGroup = this.#groups.get(rule.key);
    if (t === undefined || !byGroup) return;
    this.#seenMs = Math.max(this.#seenMs, t);
    let events = byGroup.get(group);
    if (!events) byGroup.set(group, (events = new Map()));
    const known = events.get(once);
    if (known && isBefore(known, t, sighting)) return;
    events.set(once, { t, once, facts, sighting });
    let dirty = this.#dirty.get(rule.key);
    if (!dirty) this.#dirty.set(rule.key, (dirty = new Set()));
    dirty.add(group);
  }

  get seenMs(): number {
    return Number.isFinite(this.#seenMs) ? this.#seenMs : 0;
  }

  /** Hits in the groups that changed. */
  settle(): { readonly rule: WindowRule; readonly group: string; readonly hit: WindowHit }[] {
    const found = [...this.#dirty].flatMap(([key, groups]) => {
      const rule = this.#rules.get(key)!;
      return [...groups].sort().flatMap((group) => {
        const known = this.#groups.get(key)!.get(group)!;
        if (known.size < (rule.silentBelow ?? 0)) return [];
        const events = [...known.values()].sort(inOrder);
        return rule.judge(events).map((hit) => ({ rule, group, hit }));
      });
    });
    this.#dirty = new Map();
    // It costs a look at every group, so it waits until there is something worth forgetting.
    if (this.#seenMs - this.#forgottenMs >= this.#latenessMs / 8) this.#forget();
    return found;
  }

  state(): WindowState {
    this.#forget();
    const groups = [...this.#groups].map(([key, byGroup]) => [
      key,
      Object.fromEntries([...byGroup].map(([group, events]) => [group, [...events.values()].sort(inOrder)])),
    ]);
    return {
      version: 1,
      seenMs: Number.isFinite(this.#seenMs) ? this.#seenMs : null,
      groups: Object.fromEntries(groups) as WindowState['groups'],
    };
  }

  #forget(): void {
    this.#forgottenMs = this.#seenMs;
    for (const [key, byGroup] of this.#groups) {
      const limit = this.#seenMs - this.#latenessMs - this.#rules.get(key)!.spanMs;
      for (const [group, events] of byGroup) {
        for (const [once, event] of events) if (event.t < limit) events.delete(once);
        if (events.size === 0) byGroup.delete(group);
      }
    }
  }
}

const inOrder = (a: WindowEvent, b: WindowEvent): number =>
  a.t - b.t || (a.sighting.recordId < b.sighting.recordId ? -1 : 1);

const isBefore = (known: WindowEvent, t: number, sighting: Sighting): boolean =>
  known.t < t || (known.t === t && known.sighting.recordId <= sighting.recordId);
