import type { Activity } from './activity.ts';
import type { TypedData } from './core-api.ts';
import type { TimerFunction } from './functions.ts';
import type { Invoker } from './invocations.ts';
import type { Log } from './log.ts';
import { parseSchedule, type Schedule } from './ncrontab.ts';

export interface TimerTriggerParts {
  readonly of: TimerFunction;
  readonly invoker: Invoker;
  readonly activity: Activity;
  readonly log: Log;
  readonly stopping: AbortSignal;
}

/** setTimeout's own limit; a longer wait is made of several. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
const NEVER = '0001-01-01T00:00:00';

/**
 * A timer. Runs never overlap: an occurrence that falls into a run is skipped, as in Azure; a run asked
 * for by hand waits for its turn (the real host would run it alongside).
 */
export class TimerTrigger {
  readonly schedule: Schedule;
  readonly #parts: TimerTriggerParts;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #last: Date | undefined;

  constructor(parts: TimerTriggerParts) {
    this.#parts = parts;
    try {
      this.schedule = parseSchedule(parts.of.schedule);
    } catch (error) {
      throw new Error(`The '${parts.of.name}' function is in error: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  get name(): string {
    return this.#parts.of.name;
  }

  get disabled(): boolean {
    return this.#parts.of.disabled;
  }

  start(): void {
    if (this.#parts.of.runOnStartup) void this.run().catch(() => {});
    this.#await(this.schedule.next(new Date()));
    this.#parts.stopping.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  /** Runs once the runs before it have ended; rejects with the function's error. */
  run(): Promise<void> {
    this.#waiting += 1;
    const before = this.#turn;
    const turn = this.#parts.activity.track(async () => {
      await before;
      await this.#runNow().finally(() => (this.#waiting -= 1));
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #runNow(): Promise<void> {
    if (this.#parts.stopping.aborted) throw new Error(`The host is stopping: '${this.name}' is not run.`);
    const data = this.#input();
    this.#last = new Date();
    await this.#parts.invoker.run(this.#parts.of, { data });
  }

  #await(due: Date | null) {
    if (due === null || this.#parts.stopping.aborted) return;
    const wait = due.getTime() - Date.now();
    if (wait > LONGEST_WAIT_MS) this.#timer = setTimeout(() => this.#await(due), LONGEST_WAIT_MS);
    else this.#timer = setTimeout(() => this.#tick(due), Math.max(0, wait));
  }

  #tick(due: Date) {
    // setTimeout may be a little early: the next occurrence is sought after this one, not after now.
    const now = new Date(Math.max(due.getTime(), Date.now()));
    if (this.#waiting > 0) this.#skip();
    // The invoker has logged the error; a timer's next occurrence is its retry.
    else void this.run().catch(() => {});
    this.#await(this.schedule.next(now));
  }

  #skip() {
    const message = 'An occurrence fell into a run of the same timer and was skipped.';
    this.#parts.log({ level: 'debug', category: 'host', message, functionName: this.name });
  }

  #input(): TypedData {
    const last = this.#last?.toISOString() ?? NEVER;
    const next = this.schedule.next(new Date())?.toISOString() ?? NEVER;
    const status = { Last: last, Next: next, LastUpdated: last };
    return {
      json: JSON.stringify({ Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue: false }),
    };
  }
}
