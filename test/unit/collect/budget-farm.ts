import { Limits } from '../../../infra/local/tenant/limits.ts';
import { between, seeded, type Random } from '../../../infra/local/tenant/seeded.ts';
import type { Switches } from '../../../infra/local/tenant/switches.ts';
import type { Clock } from '../../../shared/clock.ts';
import { inBlocks, SharedBudget } from '../../../shared/collect/shared-budget.ts';
import { isHoldfastError } from '../../../shared/errors.ts';
import type { Limit } from '../../../shared/limit.ts';
import { MemoryTables } from '../../../shared/store/memory.ts';
import type { TableStore } from '../../../shared/store/stores.ts';
import { VirtualClock } from '../../support/collector-world/virtual-clock.ts';

/** Requests at a time, by source: what one instance has to do. */
export type Workload = Readonly<Record<string, number>>;

export interface FarmOptions {
  readonly seed: number;
  readonly limit: Limit;
  readonly instances: readonly Workload[];
  readonly seconds: number;
  /** Milliseconds that the service takes for an answer, at least and at most. */
  readonly answerMs?: readonly [number, number];
  /** Milliseconds between requests of one worker; none by default. */
  readonly restMs?: readonly [number, number];
  /** How much an instance's clock is ahead. */
  readonly skewMs?: readonly number[];
  /** How often, in [0, 1], a process stands still for up to three seconds where it waits for its turn. */
  readonly stalls?: number;
  /** Milliseconds that a message takes to storage, and back. */
  readonly storageMs?: readonly [number, number];
}

export interface Sent {
  readonly instance: number;
  readonly lane: string;
  readonly atMs: number;
  readonly refused: boolean;
}

/** Instances that share one budget through storage with delays, and a service that counts what arrives; in virtual time. */
export class BudgetFarm {
  readonly clock = new VirtualClock(Date.UTC(2026, 10, 24), 0);
  readonly tables = new MemoryTables();
  readonly limits: Limits;
  readonly sent: Sent[] = [];
  readonly operations: string[] = [];
  /** Instances that are dead: nothing of theirs goes on. */
  readonly dead = new Set<number>();
  readonly budgets: readonly SharedBudget[];
  readonly #o: FarmOptions;
  readonly #random: Random;
  readonly #endMs: number;

  constructor(options: FarmOptions) {
    this.#o = options;
    this.#random = seeded(options.seed);
    this.#endMs = this.clock.now() + options.seconds * 1000;
    this.limits = new Limits(() => this.clock.now(), { refusedCount: false } as Switches);
    const { requests, periodMs } = options.limit;
    this.limits.set('feed', { requests, perMs: periodMs });
    this.budgets = options.instances.map((_, i) => {
      const clock = this.#stalling(this.#clockOf(i));
      const deps = { tables: this.#slow(clock), clock, random: this.#random };
      return new SharedBudget('feed', options.limit, deps, inBlocks(options.limit));
    });
  }

  #clockOf(instance: number): Clock {
    const skewMs = this.#o.skewMs?.[instance] ?? 0;
    return {
      now: () => this.clock.now() + skewMs,
      sleep: async (ms, signal) => {
        if (!this.dead.has(instance)) await this.clock.sleep(ms, signal);
        if (this.dead.has(instance)) await new Promise(() => undefined);
      },
    };
  }

  #stalling(clock: Clock): Clock {
    const stall = (): number => (this.#random() < (this.#o.stalls ?? 0) ? between(this.#random, 0, 3000) : 0);
    return { now: () => clock.now(), sleep: (ms, signal) => clock.sleep(Math.max(0, ms) + stall(), signal) };
  }

  /** Storage that takes its time, before an operation and after it. */
  #slow(clock: Clock): TableStore {
    const way = (): number => between(this.#random, ...(this.#o.storageMs ?? ([1, 20] as const)));
    const through = <A extends unknown[], T>(name: string, call: (...a: A) => Promise<T>) => {
      return async (...args: A): Promise<T> => {
        await clock.sleep(way());
        this.operations.push(name);
        const result = await call(...args);
        await clock.sleep(way());
        return result;
      };
    };
    return Object.assign(Object.create(this.tables) as TableStore, {
      get: through('get', this.tables.get.bind(this.tables)),
      insert: through('insert', this.tables.insert.bind(this.tables)),
      replace: through('replace', this.tables.replace.bind(this.tables)),
    });
  }

  /** Lets all instances work until the time is over; `at` happens meanwhile, by seconds since the start. */
  async run(at: Readonly<Record<number, () => unknown>> = {}): Promise<void> {
    const workers = this.#o.instances.flatMap((load, instance) =>
      Object.entries(load).flatMap(([lane, width]) =>
        Array.from({ length: width }, () => this.#work(instance, lane)),
      ),
    );
    const events = Object.entries(at).map(async ([second, act]) => {
      await this.clock.sleep(Number(second) * 1000);
      await act();
    });
    // Dead workers never end: the time does.
    const over = this.clock.sleep(this.#endMs + 60_000 - this.clock.now());
    await this.clock.drive(Promise.race([Promise.all([...workers, ...events]), over]));
  }

  async #work(instance: number, lane: string): Promise<void> {
    const budget = this.budgets[instance]!.lane(lane);
    const clock = this.#clockOf(instance);
    const rest = this.#o.restMs ?? [0, 0];
    while (this.clock.now() < this.#endMs) {
      try {
        await budget.acquire(this.#endMs + (this.#o.skewMs?.[instance] ?? 0));
      } catch (error) {
        if (isHoldfastError(error, 'deadline')) return;
        throw error;
      }
      await clock.sleep(between(this.#random, 0, 100));
      const waitMs = this.limits.admit('feed');
      this.sent.push({ instance, lane, atMs: this.clock.now(), refused: waitMs !== undefined });
      await clock.sleep(between(this.#random, ...(this.#o.answerMs ?? [50, 400])));
      if (waitMs !== undefined) await budget.pause(clock.now() + waitMs);
      await clock.sleep(between(this.#random, ...rest));
    }
  }

  /** Requests of a source, or of an instance, from one second to another. */
  count(where: Partial<Pick<Sent, 'instance' | 'lane'>>, fromSecond = 0, toSecond = Infinity): number {
    const startMs = this.#endMs - this.#o.seconds * 1000;
    return this.sent.filter(
      (s) =>
        (where.instance ?? s.instance) === s.instance &&
        (where.lane ?? s.lane) === s.lane &&
        s.atMs >= startMs + fromSecond * 1000 &&
        s.atMs < startMs + toSecond * 1000,
    ).length;
  }

  /** The most requests that arrived within any one period of the limit. */
  peak(): number {
    const times = this.sent.map((s) => s.atMs).sort((a, b) => a - b);
    let [most, from] = [0, 0];
    times.forEach((atMs, i) => {
      while (times[from]! <= atMs - this.#o.limit.periodMs) from++;
      most = Math.max(most, i - from + 1);
    });
    return most;
  }
}
