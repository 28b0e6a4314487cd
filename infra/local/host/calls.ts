import type { ChildProcess } from 'node:child_process';
import type { Host } from './host.ts';
import { describe } from './log.ts';

/** What a parent may ask of a host in a child process, over Node's own channel between the two. */
interface Call {
  readonly id: number;
  readonly method: 'idle' | 'runTimer';
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly error?: string;
}

/** The child's side. Does nothing where no parent opened a channel. */
export function answerCalls(host: Host): void {
  process.on('message', (call: Call) => {
    void answer(host, call).then((reply) => process.send?.(reply));
  });
}

async function answer(host: Host, { id, method, argument }: Call): Promise<Answer> {
  try {
    if (method === 'idle') await host.idle(argument as number | undefined);
    else await host.runTimer(String(argument));
    return { id };
  } catch (error) {
    return { id, error: describe(error) };
  }
}

export type Caller = (method: Call['method'], argument?: unknown) => Promise<void>;

/** The parent's side; a call fails when the child ends before it answers. */
export function callerOf(child: ChildProcess): Caller {
  const waiting = new Map<number, (error?: Error) => void>();
  let last = 0;
  child.on('message', ({ id, error }: Answer) =>
    waiting.get(id)?.(error === undefined ? undefined : new Error(error)),
  );
  child.on('exit', () =>
    waiting.forEach((settle) => settle(new Error('The host ended before it answered.'))),
  );
  return (method, argument) =>
    new Promise((resolve, reject) => {
      const id = (last += 1);
      waiting.set(id, (error) => {
        waiting.delete(id);
        if (error) reject(error);
        else resolve();
      });
      child.send({ id, method, argument } satisfies Call, (error) => error && waiting.get(id)?.(error));
    });
}
