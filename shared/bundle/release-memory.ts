import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Gives memory back now. V8 lets the garbage of buffers grow as long as the machine has memory; a bundle makes
 * hundreds of megabytes of it in passing, and a Functions instance has 512 MB for everything that runs in it. Asked
 * for between pieces of work only: it stops the process for some ten milliseconds.
 */
export function releaseMemory(): void {
  collect ??= exposed();
  collect();
}

function exposed(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** Bytes of buffers after which it is worth looking, and what the process may hold by then without more ado. */
const WORTH = 8 * 1024 * 1024;
const MUCH = 72 * 1024 * 1024;

/** A bundle that uses no more than this is over before it matters, and does without. */
export const SMALL = 128 * 1024 * 1024;

/** Counts bytes of buffers that were needed for a moment, and gives memory back when much has become held. */
export class MemoryMeter {
  #bytes: number;

  /** @param free bytes that may be used before anything is given back */
  constructor(free = 0) {
    this.#bytes = -free;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < WORTH) return;
    this.#bytes = 0;
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    if (heapUsed + arrayBuffers > MUCH) releaseMemory();
  }
}
