import type { Duration, RetryOptions } from './core-api.ts';

/** https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages#retry-policies */
export function triesLeft(retry: RetryOptions | null | undefined, done: number): retry is RetryOptions {
  if (!retry) return false;
  const most = retry.maxRetryCount ?? 0;
  return most === -1 || done < most;
}

/** Before retry number `count` + 1, milliseconds. */
export function retryDelayMs(retry: RetryOptions, count: number): number {
  if (retry.retryStrategy !== 'exponentialBackoff') return milliseconds(retry.delayInterval);
  const most = milliseconds(retry.maximumInterval);
  return Math.min(most, milliseconds(retry.minimumInterval) * 2 ** count);
}

const milliseconds = (duration: Duration | null | undefined): number =>
  (duration?.seconds ?? 0) * 1000 + (duration?.nanos ?? 0) / 1e6;
