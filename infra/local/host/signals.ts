/**
 * On SIGINT or SIGTERM stops cleanly and exits 0, whether or not all work ended in its time: the queue
 * redelivers what did not. A second signal ends the process at once.
 */
export function stopOnSignals(stop: () => Promise<unknown>): void {
  let asked = false;
  const onSignal = () => {
    if (asked) process.exit(130);
    asked = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
}
