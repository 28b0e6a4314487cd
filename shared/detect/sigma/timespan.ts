import { Flaw } from './faults.ts';
import { asScalar } from './tree-access.ts';
import type { Tree } from './yaml-positions.ts';

// Seconds to days are the specification's; w, M (30 days) and y (365 days) are common extensions.
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  M: 30 * 86_400_000,
  y: 365 * 86_400_000,
};

/** `90m` → milliseconds. */
export function parseTimespan(tree: Tree): number {
  const text = asScalar(tree, "'timespan'").text;
  const match = /^(\d{1,6})([smhdwMy])$/.exec(text);
  const ms = match ? Number(match[1]) * UNIT_MS[match[2]!]! : 0;
  if (!(ms > 0)) throw new Flaw(tree.at, `'${text}' is not a timespan such as 30s, 10m, 1h or 7d`);
  return ms;
}
