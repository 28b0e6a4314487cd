import type { Condition } from '../ast.ts';
import type { GroupEvent } from './event.ts';

/**
 * How many of the rules occur one after the other in the order in which the correlation lists them. Events of the same
 * instant are in order: audit logs have whole seconds, and what happened within one is not known. `window` is sorted.
 */
export function longestChain(window: readonly GroupEvent[]): number {
  // Longest chain that ends with an event of each rule.
  const best = new Map<number, number>();
  for (const { ref } of window) {
    const before = [...best].filter(([other]) => other < ref).map(([, length]) => length);
    best.set(ref, Math.max(best.get(ref) ?? 0, Math.max(0, ...before) + 1));
  }
  return Math.max(0, ...best.values());
}

/**
 * The earliest time by which an extended condition is fulfilled in order, or undefined. `a and b`: b at or after a;
 * `a or b`: whichever is earlier; `not a`: no a at all in the window.
 */
export function sequenceEnd(
  condition: Condition,
  window: readonly GroupEvent[],
  refs: ReadonlyMap<string, number>,
  after = Number.NEGATIVE_INFINITY,
): number | undefined {
  if (condition.kind === 'name') {
    const ref = refs.get(condition.name);
    return window.find((event) => event.ref === ref && event.t >= after)?.t;
  }
  if (condition.kind === 'not')
    return sequenceEnd(condition.of, window, refs) === undefined ? after : undefined;
  if (condition.kind === 'and') return inTurn(condition.of, window, refs, after);
  const ends = condition.of
    .map((part) => sequenceEnd(part, window, refs, after))
    .filter((end) => end !== undefined);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

function inTurn(
  parts: readonly Condition[],
  window: readonly GroupEvent[],
  refs: ReadonlyMap<string, number>,
  after: number,
): number | undefined {
  let time: number | undefined = after;
  for (const part of parts) {
    time = sequenceEnd(part, window, refs, time);
    if (time === undefined) return undefined;
  }
  return time;
}
