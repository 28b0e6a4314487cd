import { KINDS } from './cost/count.ts';
import { measureDay, type MeasuredDay } from './cost/day.ts';
import { month } from './cost/model.ts';
import { writePage } from './cost/page.ts';
import type { Figure } from './figure.ts';

/** What the story is asked for; how many a user really makes in the measured working day is counted. */
const PER_USER = 100;
const MEASURED = [30, 300] as const;
const SHOWN = [300, 30_000] as const;

/** Storage operations by kind, counted against Azurite, and what a month costs at two tenant sizes. */
export async function benchCost(): Promise<Figure[]> {
  const [small, large] = [
    await measureDay(MEASURED[0], MEASURED[0] * PER_USER),
    await measureDay(MEASURED[1], MEASURED[1] * PER_USER),
  ];
  const perUser = large.records / large.users;
  const months = SHOWN.map((users) => month([small, large], users, perUser));
  writePage([small, large], months);
  return [
    ...dayFigures(small),
    ...dayFigures(large),
    ...months.map((m) => ({
      what: `cost of a month, ${m.users} users, ${Math.round(perUser)} records each a day`,
      value: m.cost.total,
      unit: ' USD',
      note: `operations ${m.cost.operations.toFixed(2)}, functions ${m.cost.functions.toFixed(2)}, capacity after a year ${m.cost.capacity.toFixed(2)}`,
    })),
  ];
}

const dayFigures = (d: MeasuredDay): Figure[] => [
  {
    what: `storage operations in a day, ${d.users} users`,
    value: KINDS.reduce((n, kind) => n + d.counted.operations[kind], 0),
    unit: '',
    note: KINDS.map((kind) => `${kind} ${d.counted.operations[kind]}`).join(', '),
  },
  { what: `records newly archived in that day, ${d.users} users`, value: d.records, unit: '' },
];
