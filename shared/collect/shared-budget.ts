import type { Clock } from '../clock.ts';
import type { Limit } from '../limit.ts';
import { BudgetLane, type Reserved } from './budget-lane.ts';
import { isPlausible, paced, reserveBlock, spent, stretched, type Budget } from './budget.ts';
import { ReservationRow, type Change, type RowDeps } from './reservation-row.ts';

/** How send times are handed out. */
export interface Terms {
  /** The most that one lane reserves at a time. */
  readonly permits: number;
  /** How long after its time a request may still be sent; 0: however late it is. */
  readonly validMs: number;
  /** A lane reserves anew when what it has reserved ends within this time; until then it is the others' turn. */
  readonly leadMs: number;
}

/** Each request reserves its own send time: for small limits. */
const SINGLE: Terms = { permits: 1, validMs: 0, leadMs: Infinity };

/** Blocks of send times, of up to a thirtieth of the limit: for limits so wide that a row's change per request is too much. */
export const inBlocks = ({ requests, periodMs }: Limit): Terms => ({
  permits: Math.max(1, Math.floor(requests / 30)),
  validMs: periodMs / 60,
  leadMs: periodMs / 60,
});

/** No storage is expected to take longer for a reservation. */
const MOST_TAKEN_MS = 5000;

/** An instance that goes by what it read so long ago looks again whether the vendor has asked one of the others to wait. */
const HEARD_MS = 2000;

/**
 * A budget shared by all instances through one table row: each reserves its next send times there (compare and swap),
 * then waits for them. Send times that are not used in time are lost, so an instance that dies wastes what it had
 * reserved, nothing more. Lanes take turns: what one asks for, however many instances ask, delays another's next turn by
 * a block at most.
 */
export class SharedBudget implements Budget {
  readonly #name: string;
  readonly #limit: Limit;
  readonly #terms: Terms;
  readonly #row: ReservationRow;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #lanes = new Map<string, BudgetLane>();
  #pausedMs = 0;
  #heardMs = -Infinity;
  #hearing: Promise<void> | undefined;
  /** What storage takes for a reservation: one that is made for now would be too late where that is long. */
  #takesMs = 0;

  constructor(name: string, limit: Limit, deps: RowDeps, terms: Terms = SINGLE) {
    this.#name = name;
    this.#limit = paced(stretched(limit, terms.validMs));
    this.#terms = terms;
    this.#row = new ReservationRow(name, 'log', deps);
    this.#clock = deps.clock;
    this.#random = deps.random ?? Math.random;
  }

  /** One of those that the budget is shared fairly between, e.g. a source. */
  lane(name: string): Budget {
    const found = this.#lanes.get(name) ?? this.#makeLane(name);
    this.#lanes.set(name, found);
    return found;
  }

  #makeLane(lane: string): BudgetLane {
    return new BudgetLane({
      name: this.#name,
      terms: this.#terms,
      clock: this.#clock,
      random: this.#random,
      reserve: (count, deadlineMs) => this.#reserve(lane, count, deadlineMs),
      stands: (atMs) => this.#stands(atMs),
      pause: (untilMs) => this.pause(untilMs),
    });
  }

  acquire(deadlineMs: number): Promise<void> {
    return this.lane('all').acquire(deadlineMs);
  }

  async pause(untilMs: number): Promise<void> {
    if (untilMs <= this.#pausedMs) return;
    this.#pausedMs = untilMs;
    await this.#row.pause(untilMs);
  }

  async #reserve(lane: string, count: number, deadlineMs: number): Promise<Reserved> {
    let madeMs = 0;
    const reserved = await this.#row.update((last): Change<Reserved> => {
      const nowMs = this.#clock.now();
      this.#heard(last.pausedMs, nowMs);
      const lanes = Object.entries(last.lanes ?? {}).filter(([, ms]) => ms > nowMs && isPlausible(ms, nowMs));
      const openMs = (Object.fromEntries(lanes)[lane] ?? -Infinity) - this.#terms.leadMs;
      if (openMs > nowMs) return { result: { times: [], openMs } };
      // A pause of our own may not be in the row yet: this brings it there.
      const known = { ...last, pausedMs: this.#pausedMs };
      const block = reserveBlock(known, nowMs + this.#takesMs, this.#limit, count);
      if (block.times[0]! > deadlineMs) throw spent(this.#name);
      const endMs = block.times.at(-1)!;
      madeMs = nowMs;
      const turns =
        this.#terms.permits > 1 ? { lanes: { ...Object.fromEntries(lanes), [lane]: endMs } } : undefined;
      return {
        result: { times: block.times, openMs: endMs - this.#terms.leadMs },
        last: { ...block.last, ...turns },
      };
    });
    if (madeMs > 0 && this.#terms.validMs > 0) this.#took(this.#clock.now() - madeMs);
    return reserved;
  }

  /** Slow at once, quick again by and by. */
  #took(ms: number): void {
    this.#takesMs = Math.min(MOST_TAKEN_MS, Math.max(ms, 0.75 * this.#takesMs));
  }

  /** Whether a request reserved for that time may be sent now. */
  async #stands(atMs: number): Promise<boolean> {
    if (Math.abs(this.#clock.now() - this.#heardMs) > HEARD_MS) await (this.#hearing ??= this.#hear());
    const { validMs } = this.#terms;
    return atMs >= this.#pausedMs && (validMs === 0 || this.#clock.now() <= atMs + validMs);
  }

  async #hear(): Promise<void> {
    try {
      const { pausedMs } = await this.#row.read();
      this.#heard(pausedMs, this.#clock.now());
    } finally {
      this.#hearing = undefined;
    }
  }

  #heard(pausedMs: number, nowMs: number): void {
    this.#pausedMs = Math.max(this.#pausedMs, pausedMs);
    this.#heardMs = nowMs;
  }
}
