const HOUR = 3_600_000;

/** From a window's end to the last pass of its schedule, milliseconds: later than that nothing is expected. */
export const scheduleMs = (settleHours: readonly number[]): number => (settleHours.at(-1) ?? 0) * HOUR;

export interface Settlement {
  readonly settled: boolean;
  /** When the next pass is due; 0 when settled. */
  readonly dueMs: number;
}

/**
 * Whether a window that was just collected needs another pass. Late is normal: it is collected again at each hour
 * of the schedule after its end, and once more a day later as long as the last pass still brought something.
 * @param toMs the window's end  @param collectedMs when this pass began  @param added records this pass stored
 */
export function settle(
  window: { readonly toMs: number; readonly passes: number },
  collectedMs: number,
  added: number,
  settleHours: readonly number[],
): Settlement {
  const next = settleHours.find((hours) => window.toMs + hours * HOUR > collectedMs);
  if (next !== undefined) return { settled: false, dueMs: window.toMs + next * HOUR };
  // The first pass over an old window brings all of it; that is no sign of lateness.
  if (window.passes > 0 && added > 0) return { settled: false, dueMs: collectedMs + 24 * HOUR };
  return { settled: true, dueMs: 0 };
}

/** Delay before a failed window is tried again, by number of failed attempts: 1, 2, 4 … 60 minutes. */
export const retryDelayMs = (attempts: number): number =>
  Math.min(60, 2 ** Math.max(0, attempts - 1)) * 60_000;

/** Hours of the schedule that passed without a pass since the last one: this pass does for all of them. */
export function skippedHours(
  window: { readonly toMs: number; readonly passes: number; readonly collectedMs: number },
  startedMs: number,
  settleHours: readonly number[],
): number[] {
  if (window.passes === 0) return [];
  const due = settleHours.filter((hours) => {
    const atMs = window.toMs + hours * HOUR;
    return atMs > window.collectedMs && atMs <= startedMs;
  });
  return due.slice(0, -1);
}
