import prices from './prices.json' with { type: 'json' };
import { KINDS, type Kind } from './count.ts';
import type { MeasuredDay } from './day.ts';

/** A month of one tenant size, in the unit each item is billed in, and in money. */
export interface Month {
  readonly users: number;
  readonly records: number;
  /** Measured at this size, or carried on along the line through the measured sizes. */
  readonly measured: boolean;
  readonly operations: Readonly<Record<Kind, number>>;
  readonly archiveGb: number;
  readonly tableGb: number;
  readonly runs: number;
  readonly gbSeconds: number;
  readonly cost: {
    readonly operations: number;
    readonly functions: number;
    readonly capacity: number;
    readonly total: number;
  };
}

/** Working days weigh as measured; the story has quiet weekends, so this is a little high. */
const DAYS = 30;
const MEMORY_GB = 2;
const GB = 1e9;
/** Months of evidence kept when the capacity is priced: hot, cool from 30, cold from 90 days (the template's defaults). */
const KEPT_MONTHS = 12;

/** A straight line through two measured days: what a day costs anyway, and what a record adds. */
export function along(
  a: number,
  b: number,
  days: readonly [MeasuredDay, MeasuredDay],
  records: number,
): number {
  const slope = (b - a) / (days[1].records - days[0].records);
  return Math.max(0, a + slope * (records - days[0].records));
}

export function month(
  days: readonly [MeasuredDay, MeasuredDay],
  users: number,
  recordsPerUser: number,
): Month {
  const exact = days.find((d) => d.users === users);
  const perDay = exact?.records ?? users * recordsPerUser;
  const of = (get: (d: MeasuredDay) => number): number =>
    DAYS * (exact ? get(exact) : along(get(days[0]), get(days[1]), days, perDay));
  const operations = Object.fromEntries(KINDS.map((k) => [k, of((d) => d.counted.operations[k])])) as Record<
    Kind,
    number
  >;
  const use = {
    archiveGb: of((d) => d.counted.blobBytes) / GB,
    tableGb: of((d) => d.counted.tableBytes) / GB,
    runs: of((d) => d.runs),
    gbSeconds: of((d) => d.cpuSeconds) * MEMORY_GB,
  };
  return {
    users,
    records: perDay * DAYS,
    measured: exact !== undefined,
    operations,
    ...use,
    cost: costOf(operations, use),
  };
}

function costOf(
  operations: Readonly<Record<Kind, number>>,
  use: { archiveGb: number; tableGb: number; runs: number; gbSeconds: number },
): Month['cost'] {
  const tiers = 1 * prices.hotGbMonth + 2 * prices.coolGbMonth + (KEPT_MONTHS - 3) * prices.coldGbMonth;
  const capacity = use.archiveGb * tiers + use.tableGb * KEPT_MONTHS * prices.tableGbMonth;
  const byKind = KINDS.reduce((sum, k) => sum + (operations[k] / 10_000) * prices.per10000[k], 0);
  // Each blob changes its tier twice in its life.
  const lifecycle = ((2 * operations['blob write']) / 10_000) * prices.tierChangePer10000;
  const functions =
    Math.max(0, use.gbSeconds - prices.functionFreeGbSeconds) * prices.functionGbSecond +
    (use.runs / 1e6) * prices.functionMillionRuns;
  return {
    operations: byKind + lifecycle,
    functions,
    capacity,
    total: byKind + lifecycle + functions + capacity,
  };
}

export { prices };
