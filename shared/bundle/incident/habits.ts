import { aliasesOf, slicesOf } from '../../indexing/query.ts';
import { mergeSummaries } from '../../indexing/summary.ts';
import type { TableStore } from '../../store/stores.ts';
import { personOf, type Person } from '../../detect/pivot/session/people.ts';
import type { Habits } from '../../detect/pivot/session/verdict.ts';
import type { Scope } from '../scope.ts';
import { DAY_MS, dateRange } from '../span.ts';

/** Days before the question's start that tell what is usual for a user. */
export const HABIT_DAYS = 30;

export async function peopleOf(scope: Scope, tables: TableStore): Promise<Person[]> {
  const people: Person[] = [];
  for (const key of scope.entities.user) {
    if (people.some((p) => p.keys.includes(key))) continue;
    people.push(personOf(key, await aliasesOf(tables, scope.tenant, key)));
  }
  return people;
}

/** What the index says of each person's addresses, countries and clients before the question's start. */
export async function habitsOf(
  scope: Scope,
  people: readonly Person[],
  tables: TableStore,
): Promise<Record<string, Habits>> {
  const found: Record<string, Habits> = {};
  const { from, to } = dateRange(scope.fromMs - HABIT_DAYS * DAY_MS, scope.fromMs);
  for (const person of people) {
    const summaries = [];
    let records = 0;
    for (const key of person.keys) {
      for await (const slice of slicesOf(tables, scope.tenant, 'user', key, from, to)) {
        if (slice.lastTime !== '' && Date.parse(slice.lastTime) >= scope.fromMs) continue;
        summaries.push(slice.summary);
        records += slice.records;
      }
    }
    const { ips, countries, userAgents } = mergeSummaries(summaries, 2000);
    found[person.name] = { ips, countries, agents: userAgents, records, days: HABIT_DAYS };
  }
  return found;
}
