import type { Fields, GroupEvent } from './event.ts';
import { leastThings } from './measure.ts';
import { fieldsOf, type Plan } from './plan.ts';

/** A record that came, with the fields that its rule gives. */
export interface Arrival {
  readonly ref: number;
  readonly id: string;
  readonly t: number;
  readonly source: Fields;
}

/** As groups keep it. */
export const eventOf = (plan: Plan, { ref, id, t, source }: Arrival): GroupEvent => ({
  ref,
  id,
  t,
  fields: fieldsOf(plan, ref, source),
});

// More are counted, not compared: a few are sooner compared than looked up.
const MAX_COMPARED = 8;

/**
 * Events of a group that are too few for any window to hold: neither sorted nor compared, since most groups never have
 * more. What a window counts is at most what they have all together.
 */
export class Waiting {
  readonly #plan: Plan;
  /** So many things must be counted; none: something may hold whatever there is. */
  readonly #least: number;
  readonly #counted: string | undefined;
  #arrivals: Arrival[] = [];
  #things: (string | number)[] = [];
  /** At least as many as there are things. */
  #count = 0;

  constructor(plan: Plan) {
    const { correlation } = plan;
    this.#plan = plan;
    this.#least = leastThings(correlation);
    this.#counted =
      correlation.type === 'value_count' && correlation.valueFields.length === 1
        ? correlation.valueFields[0]
        : undefined;
  }

  get size(): number {
    return this.#arrivals.length;
  }

  /** May there be enough? */
  get mayHold(): boolean {
    return this.#count >= this.#least;
  }

  get lastMs(): number {
    return this.#arrivals.reduce((last, { t }) => Math.max(last, t), Number.NEGATIVE_INFINITY);
  }

  add(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    this.#tally(arrival);
  }

  /** Forgets what happened before. */
  dropBefore(t: number): void {
    if (this.#arrivals.every((arrival) => arrival.t >= t)) return;
    const kept = this.#arrivals.filter((arrival) => arrival.t >= t);
    this.#arrivals = [];
    this.#things = [];
    this.#count = 0;
    for (const arrival of kept) this.add(arrival);
  }

  /** As groups keep them. */
  events(): GroupEvent[] {
    return this.#arrivals.map((arrival) => eventOf(this.#plan, arrival));
  }

  #tally({ ref, id, source }: Arrival): void {
    if (this.mayHold) return;
    const { type } = this.#plan.correlation;
    if (type !== 'value_count') return this.#note(type === 'event_count' ? id : ref);
    if (this.#counted === undefined) return this.#note(id);
    const values = source[this.#plan.wanted[ref]!.get(this.#counted) ?? ''];
    if (values) for (const value of values) this.#note(value.toLowerCase());
  }

  #note(thing: string | number): void {
    if (this.#least <= MAX_COMPARED) {
      if (this.#things.includes(thing)) return;
      this.#things.push(thing);
    }
    this.#count++;
  }
}
