import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../support/project.ts';

/** One line of a bench's result. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  /** Printed after the value: ' ×', ' MB', … */
  readonly unit: string;
  readonly reach?: { readonly value: number; readonly most: boolean };
  readonly note?: string;
}

export interface Measured<T> {
  readonly result: T;
  /** CPU seconds, all threads of this process. */
  readonly cpu: number;
  /** Seconds by the clock. */
  readonly wall: number;
}

/** Work that is done once, without the garbage of what was done before. */
export function measure<T>(work: () => Promise<T> | T): Promise<Measured<T>> {
  globalThis.gc?.();
  return timed(work);
}

/**
 * Work that is done again and again, as a process in service does it: each forced collection makes V8 forget part of
 * what it has learnt of the code, a tenth of a second's worth.
 */
export async function timed<T>(work: () => Promise<T> | T): Promise<Measured<T>> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  const result = await work();
  const used = process.cpuUsage(cpu);
  return { result, cpu: (used.user + used.system) / 1e6, wall: (performance.now() - wall) / 1000 };
}

/** What a deployment gives the Node worker on its command line. */
export async function deployedArguments(): Promise<string[]> {
  const template = await readFile(join(PROJECT, 'infra/azure/modules/function-app.bicep'), 'utf8');
  return /languageWorkers__node__arguments: '([^']+)'/.exec(template)![1]!.split(' ');
}
