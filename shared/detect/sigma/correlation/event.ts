/** Field name → the values it has. */
export type Fields = Readonly<Record<string, readonly string[]>>;

/** What a correlation keeps of a record (or of another correlation's hit). JSON all through. */
export interface GroupEvent {
  /** Index of the referenced rule in the correlation's `rules`. */
  readonly ref: number;
  /** Record id, or id of the hit. */
  readonly id: string;
  /** Event time, milliseconds since the epoch. */
  readonly t: number;
  readonly fields: Fields;
}

/** Events in the order in which windows see them: time, then order of the rules, then id. */
export const compareEvents = (a: GroupEvent, b: GroupEvent): number =>
  a.t - b.t || a.ref - b.ref || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Told of every event that joins or leaves a list. */
export interface EventTally {
  add(event: GroupEvent): void;
  remove(event: GroupEvent): void;
}

/** Sorted events, each record once. */
export class EventList {
  readonly #sorted: GroupEvent[] = [];
  /** By reference, then by id. */
  readonly #byId: (Map<string, GroupEvent> | undefined)[] = [];
  readonly #tally: EventTally | undefined;
  #changedFrom = Number.NEGATIVE_INFINITY;

  constructor(events: readonly GroupEvent[] = [], tally?: EventTally) {
    this.#tally = tally;
    for (const event of events) this.insert(event);
  }

  get sorted(): readonly GroupEvent[] {
    return this.#sorted;
  }

  /**
   * Adds a record's event; answers whether anything changed. A record seen again, perhaps in a later version, is kept
   * once: of two versions the same one is kept, whichever came first.
   */
  insert(event: GroupEvent): boolean {
    const known = this.#byId[event.ref]?.get(event.id);
    return known && versionOf(known) >= versionOf(event) ? false : this.#put(event, known);
  }

  /** Adds an event in place of what was known under its id; answers whether anything changed. */
  put(event: GroupEvent): boolean {
    const known = this.#byId[event.ref]?.get(event.id);
    return known && versionOf(known) === versionOf(event) ? false : this.#put(event, known);
  }

  #put(event: GroupEvent, known: GroupEvent | undefined): boolean {
    if (known) this.remove(event.ref, event.id);
    (this.#byId[event.ref] ??= new Map<string, GroupEvent>()).set(event.id, event);
    this.#changedFrom = Math.min(this.#changedFrom, event.t);
    const last = this.#sorted.at(-1);
    // Most records come in order.
    if (last === undefined || compareEvents(last, event) < 0) this.#sorted.push(event);
    else this.#sorted.splice(this.#positionOf(event), 0, event);
    this.#tally?.add(event);
    return true;
  }

  remove(ref: number, id: string): boolean {
    const known = this.#byId[ref]?.get(id);
    if (!known) return false;
    this.#byId[ref]!.delete(id);
    this.#changedFrom = Math.min(this.#changedFrom, known.t);
    this.#sorted.splice(this.#positionOf(known), 1);
    this.#tally?.remove(known);
    return true;
  }

  /** Time from which on anything changed since this was last asked; infinity when nothing did. */
  takeChange(): number {
    const from = this.#changedFrom;
    this.#changedFrom = Number.POSITIVE_INFINITY;
    return from;
  }

  /** Drops the first `count` events. Whoever calls it knows whether that changes anything. */
  dropFirst(count: number): void {
    if (count === 0) return;
    for (const event of this.#sorted.splice(0, count)) {
      this.#byId[event.ref]!.delete(event.id);
      this.#tally?.remove(event);
    }
  }

  /** Index of the first event that is not before this one. */
  #positionOf(event: GroupEvent): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareEvents(this.#sorted[middle]!, event) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const versionOf = (event: GroupEvent): string => JSON.stringify([event.t, event.fields]);
