/** Runs the task over all items, so many at a time. The first fault ends it, after those under way have ended. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let fault: { error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < items.length && !fault) {
      try {
        await task(items[next++]!);
      } catch (error) {
        fault ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  if (fault) throw fault.error;
}

/**
 * Results in order, the next ones already under way: so many are begun, then none until no more than a quarter of them is left,
 * since it is the waking of threads and sockets that costs.
 */
export async function* ahead<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  task: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const under: Promise<R>[] = [];
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let ended = false;
  const begin = async (): Promise<void> => {
    while (!ended && under.length < width) {
      const next = await source.next();
      if (next.done === true) {
        ended = true;
        return;
      }
      const one = task(next.value);
      // It is awaited in its turn; a failure before then must not count as unhandled.
      one.catch(() => undefined);
      under.push(one);
    }
  };
  try {
    for (;;) {
      if (under.length <= Math.ceil(width / 4)) await begin();
      if (under.length === 0) return;
      yield await under.shift()!;
    }
  } finally {
    await source.return?.();
  }
}
