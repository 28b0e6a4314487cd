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
