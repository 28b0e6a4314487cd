import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { readonly type: 'minor' }) => void;
let collect: Collect | undefined;

/**
 * Gives memory back now. V8 lets the garbage of buffers grow as long as the machine has memory; a bundle makes
 * hundreds of megabytes of it in passing, and a Functions instance has 512 MB for everything that runs in it. Asked
 * for between pieces of work only: it stops the process for some ten milliseconds.
 * @param what `young`: only what was made lately, which takes a millisecond or two
 */
export function releaseMemory(what: 'all' | 'young' = 'all'): void {
  collect ??= exposed();
  if (what === 'all') collect();
  else collect({ type: 'minor' });
}

function exposed(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}

/** Bytes of buffers after which it is worth asking. */
const WORTH = 16 * 1024 * 1024;
/** Buffers that lived a while are only found among all: looked for each so many times. */
const ALL = 8;

/** Counts bytes of buffers that were needed for a moment, and gives memory back each time they have become many. */
export class MemoryMeter {
  #bytes = 0;
  #times = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < WORTH) return;
    this.#bytes = 0;
    releaseMemory(++this.#times % ALL === 0 ? 'all' : 'young');
  }
}
