import { randomBytes, randomUUID } from 'node:crypto';
import type { Activity } from './activity.ts';
import type { App } from './app.ts';
import type { InvocationRequest, InvocationResponse, LogLevel, TypedData } from './core-api.ts';
import type { HostedFunction } from './functions.ts';
import { describe, type Log } from './log.ts';
import { pause } from './pause.ts';
import { retryDelayMs, triesLeft } from './retry.ts';

/** One attempt to run a function. */
export interface Invocation {
  readonly id: string;
  readonly functionName: string;
  readonly startedAt: Date;
  /** 0 for the first attempt of a retry policy. */
  readonly retryCount: number;
  endedAt?: Date;
  /** Absent while it runs. */
  ok?: boolean;
  error?: unknown;
}

const KEPT = 500;

export class FunctionTimeout extends Error {
  override readonly name = 'FunctionTimeout';
}

export interface InvokerParts {
  readonly app: App;
  readonly activity: Activity;
  readonly log: Log;
  readonly functionTimeoutMs: number;
  readonly stopping: AbortSignal;
  /** Writes what output bindings received. */
  readonly sendOutputs: (of: HostedFunction, response: InvocationResponse) => Promise<void>;
}

export interface TriggerInput {
  readonly data: TypedData;
  readonly metadata?: Readonly<Record<string, TypedData>>;
}

export class Invoker {
  readonly #parts: InvokerParts;
  /** The last few hundred, oldest first. */
  readonly invocations: Invocation[] = [];

  constructor(parts: InvokerParts) {
    this.#parts = parts;
  }

  /** Runs a function, again by its retry policy where it has one; rejects with the last error. */
  run(of: HostedFunction, input: TriggerInput): Promise<InvocationResponse> {
    return this.#parts.activity.track(() => this.#attempts(of, input));
  }

  async #attempts(of: HostedFunction, input: TriggerInput): Promise<InvocationResponse> {
    // Azure honours retry policies for timers; queues have a policy of their own, HTTP has none.
    const retry = of.type === 'timer' ? of.metadata.retryOptions : undefined;
    for (let count = 0; ; count += 1) {
      try {
        return await this.#attempt(of, input, count);
      } catch (error) {
        if (!triesLeft(retry, count)) throw error;
        await pause(retryDelayMs(retry, count), this.#parts.stopping);
        if (this.#parts.stopping.aborted) throw error;
      }
    }
  }

  async #attempt(of: HostedFunction, input: TriggerInput, retryCount: number): Promise<InvocationResponse> {
    const invocation = this.#record(of, retryCount);
    const report = (level: LogLevel, message: string) =>
      this.#parts.log({
        level,
        category: 'host',
        message,
        functionName: of.name,
        invocationId: invocation.id,
      });
    report('debug', `Executing '${of.name}'`);
    try {
      const response = await this.#withinLimit(of, invocation, requestOf(of, input, invocation));
      await this.#parts.sendOutputs(of, response);
      settle(invocation, true);
      report('information', `Executed '${of.name}' (Succeeded, ${durationOf(invocation)} ms)`);
      return response;
    } catch (error) {
      invocation.error = error;
      settle(invocation, false);
      report('error', `Executed '${of.name}' (Failed, ${durationOf(invocation)} ms) ${describe(error)}`);
      throw error;
    }
  }

  /**
   * The real host recycles the worker when a function's time is up. In one process the code cannot be
   * stopped: it is reported failed and left to run on, unheard.
   */
  async #withinLimit(of: HostedFunction, invocation: Invocation, request: InvocationRequest) {
    const limit = this.#parts.functionTimeoutMs;
    const work = this.#parts.app.invoke(of.metadata.functionId, request);
    if (limit === Infinity) return work;
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<never>((_, reject) => {
      const message = `Timeout value of ${limit} ms exceeded by function '${of.name}' (Id: '${invocation.id}').`;
      timer = setTimeout(() => reject(new FunctionTimeout(message)), limit);
    });
    return Promise.race([work, timeUp]).finally(() => clearTimeout(timer));
  }

  #record(of: HostedFunction, retryCount: number): Invocation {
    const invocation = { id: randomUUID(), functionName: of.name, startedAt: new Date(), retryCount };
    this.invocations.push(invocation);
    if (this.invocations.length > KEPT) this.invocations.shift();
    return invocation;
  }
}

function settle(invocation: Invocation, ok: boolean) {
  invocation.ok = ok;
  invocation.endedAt = new Date();
}

const durationOf = ({ startedAt, endedAt }: Invocation): number =>
  (endedAt ?? startedAt).getTime() - startedAt.getTime();

function requestOf(
  of: HostedFunction,
  input: TriggerInput,
  { id, retryCount }: Invocation,
): InvocationRequest {
  const maxRetryCount = of.metadata.retryOptions?.maxRetryCount;
  const traceParent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`;
  return {
    invocationId: id,
    inputData: [{ name: of.triggerName, data: input.data }],
    triggerMetadata: input.metadata ?? {},
    traceContext: { traceParent, traceState: '', attributes: {} },
    ...(maxRetryCount == null ? {} : { retryContext: { retryCount, maxRetryCount } }),
  };
}
