import { z } from 'zod';
import type { Component } from './components.ts';
import type { FedMatch } from './evaluation.ts';
import {
  CorrelationEngine,
  parseCorrelationState,
  type CorrelationChange,
  type CorrelationHit,
  type CorrelationState,
} from './sigma/index.ts';
import type { Sighting } from './sighting.ts';

const stateSchema = z.object({
  version: z.literal(1),
  correlation: z.unknown(),
  sightings: z.array(z.custom<Sighting>()),
  hits: z.record(z.string(), z.object({ timeMs: z.number(), records: z.array(z.string()) })),
});
export type ComponentState = z.infer<typeof stateSchema>;
export const parseComponentState = (value: unknown): ComponentState => stateSchema.parse(value);

/** A correlation's hit with its records. */
export interface ResolvedHit {
  readonly hit: CorrelationHit;
  readonly records: readonly Sighting[];
  /** Hits this one takes the place of, with the times that their ids need. */
  readonly supersedes: readonly { readonly id: string; readonly timeMs: number }[];
}

export interface ResolvedChanges {
  readonly hits: readonly ResolvedHit[];
  readonly withdrawn: readonly { readonly ruleKey: string; readonly id: string; readonly timeMs: number }[];
}

const MIN_SIGHTINGS = 10_000;

/** A correlation engine together with the whereabouts of the records in it. */
export class ComponentMemory {
  readonly #engine: CorrelationEngine;
  readonly #sightings = new Map<string, Sighting>();
  readonly #hits = new Map<string, ComponentState['hits'][string]>();
  #seenMs: number;
  /** With so many sightings, those are forgotten that the engine no longer speaks of. */
  #limit = MIN_SIGHTINGS;

  constructor(component: Component, state?: ComponentState, latenessMs?: number) {
    const correlation = state && parseCorrelationState(state.correlation);
    this.#engine = new CorrelationEngine(
      component.set,
      correlation,
      latenessMs === undefined ? {} : { latenessMs },
    );
    this.#seenMs = correlation?.seenMs ?? 0;
    for (const sighting of state?.sightings ?? []) this.#sightings.set(sighting.recordId, sighting);
    for (const [id, hit] of Object.entries(state?.hits ?? {})) this.#hits.set(id, hit);
  }

  add(fed: readonly FedMatch[]): ResolvedChanges {
    for (const { sighting } of fed) {
      this.#sightings.set(sighting.recordId, sighting);
      this.#seenMs = Math.max(this.#seenMs, sighting.timeMs ?? 0);
    }
    const changes = this.#engine.add(fed.map(({ match }) => match));
    const resolved = this.#resolveAll(changes);
    if (this.#sightings.size > this.#limit) this.#forget();
    return resolved;
  }

  #resolveAll(changes: readonly CorrelationChange[]): ResolvedChanges {
    const withdrawn = changes.flatMap((change) => {
      const known = change.change === 'withdrawn' ? this.#hits.get(change.id) : undefined;
      return change.change === 'withdrawn' && known
        ? [{ ruleKey: change.ruleKey, id: change.id, timeMs: known.timeMs }]
        : [];
    });
    const hits = changes.flatMap((change) => (change.change === 'withdrawn' ? [] : [this.#resolve(change)]));
    return { hits, withdrawn };
  }

  /** Latest event time seen; 0 when none. */
  get seenMs(): number {
    return this.#seenMs;
  }

  /** How many records' whereabouts it holds. */
  get size(): number {
    return this.#sightings.size;
  }

  /** Matches too late to be correlated so far. */
  get late(): number {
    return this.#engine.dropped.late;
  }

  state(): ComponentState {
    const correlation = this.#forget();
    return {
      version: 1,
      correlation,
      sightings: [...this.#sightings.values()],
      hits: Object.fromEntries(this.#hits),
    };
  }

  /**
   * What the engine has let go need not be kept here either: no later hit can name it. Done when there are twice as many
   * sightings as the last time, so that it costs little a record, and a long run holds no more than twice what it needs.
   */
  #forget(): CorrelationState {
    const correlation = this.#engine.state();
    const { records, hits } = mentioned(correlation);
    for (const [id, { records: below }] of this.#hits)
      if (hits.has(id) || records.has(id)) for (const record of below) records.add(record);
      else this.#hits.delete(id);
    for (const id of this.#sightings.keys()) if (!records.has(id)) this.#sightings.delete(id);
    this.#limit = Math.max(MIN_SIGHTINGS, 2 * this.#sightings.size);
    return correlation;
  }

  #resolve(change: Extract<CorrelationChange, { change: 'raised' | 'revised' }>): ResolvedHit {
    const { hit } = change;
    const ids = hit.events.flatMap(({ recordId }) => this.#hits.get(recordId)?.records ?? [recordId]);
    const records = [...new Set(ids)];
    this.#hits.set(hit.id, { timeMs: hit.timeMs, records });
    return {
      hit,
      records: records.flatMap((id) => this.#sightings.get(id) ?? []),
      supersedes: change.supersedes.flatMap((id) => {
        const known = this.#hits.get(id);
        return known ? [{ id, timeMs: known.timeMs }] : [];
      }),
    };
  }
}

/** Ids of records and hits that the engine still holds; what it has let go need not be kept here either. */
function mentioned({ groups }: CorrelationState): { records: Set<string>; hits: Set<string> } {
  const records = new Set<string>();
  const hits = new Set<string>();
  for (const byKey of Object.values(groups))
    for (const group of Object.values(byKey)) {
      for (const { id } of group.events) records.add(id);
      for (const { id } of group.carry?.open?.events ?? []) records.add(id);
      for (const id of Object.keys(group.hits)) hits.add(id);
    }
  return { records, hits };
}
