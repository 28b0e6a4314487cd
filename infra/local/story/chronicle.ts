import { administrationTraffic } from './administration.ts';
import { foundCompany, type Company, type User } from './company.ts';
import { dataLossTraffic } from './dlp.ts';
import { mailTraffic } from './exchange.ts';
import { dayRandom, intrusion } from './intrusion.ts';
import { settle, type Settings, type StoryOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import { Random } from './random.ts';
import { serviceTraffic } from './services.ts';
import { fileTraffic } from './sharepoint.ts';
import { signInTraffic } from './signins.ts';
import type { StoryRecord } from './story-record.ts';
import { teamsTraffic } from './teams.ts';
import { DAY } from './time.ts';
import { dayWeight, planWorkDay } from './workday.ts';
import { workloadTraffic } from './workloads.ts';

/** Records a full working day of one person brings, and a day of all services, at rate 1 (counted, not derived). */
const PER_PERSON_DAY = 9.4;
const PER_SERVICE_DAY = 205;

/** Every record with what the story knows of it: day by day, within a day person by person, not sorted by time. */
export function* chronicle(o: StoryOptions): Generator<StoryRecord> {
  const company = foundCompany(settle(o));
  const { firstDayMs, days, nowMs, intrusionDayMs } = company.settings;
  const rate = rateOf(company.settings);
  for (let dayMs = firstDayMs; dayMs < firstDayMs + days * DAY; dayMs += DAY) {
    const truncated = dayMs + 2 * DAY > nowMs;
    if (dayMs === intrusionDayMs) yield* upTo(nowMs, intrusion(company), truncated);
    yield* upTo(nowMs, programs(company, dayMs, rate), truncated);
    for (const user of company.users) yield* upTo(nowMs, personsDay(company, user, dayMs, rate), truncated);
  }
}

function* upTo(nowMs: number, records: readonly StoryRecord[], truncated: boolean): Generator<StoryRecord> {
  for (const record of records) if (!truncated || record.eventMs <= nowMs) yield record;
}

function rateOf({ firstDayMs, days, users, records, nowMs }: Settings): number {
  let personDays = 0;
  let serviceDays = 0;
  for (let dayMs = firstDayMs; dayMs < firstDayMs + days * DAY; dayMs += DAY) {
    // The present day counts half, whatever the hour: as it goes on, records are added and none changes.
    const elapsed = dayMs + DAY > nowMs ? 0.5 : 1;
    personDays += dayWeight(dayMs) * elapsed;
    serviceDays += elapsed;
  }
  return Math.max(0, records - 130) / (personDays * users * PER_PERSON_DAY + serviceDays * PER_SERVICE_DAY);
}

function personsDay(company: Company, user: User, dayMs: number, rate: number): readonly StoryRecord[] {
  const random = dayRandom(company, user.index, dayMs);
  const out = new Outbox(random);
  const day = planWorkDay(company, user, dayMs, out, random);
  if (!day) return out.records;
  const busy = day.eventful ? Math.max(rate, 1) * 4 : rate * day.load;
  signInTraffic(day, busy);
  mailTraffic(day, busy);
  fileTraffic(day, busy);
  teamsTraffic(day, busy);
  return out.records;
}

function programs(company: Company, dayMs: number, rate: number): readonly StoryRecord[] {
  const random = new Random(company.settings.seed, 'programs', dayMs);
  const out = new Outbox(random);
  workloadTraffic(company, dayMs, out, random, rate);
  dataLossTraffic(company, dayMs, out, random, rate);
  serviceTraffic(company, dayMs, out, random, rate);
  administrationTraffic(company, dayMs, out, random, rate);
  return out.records;
}
