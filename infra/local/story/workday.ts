import type { Company, User } from './company.ts';
import type { Outbox } from './outbox.ts';
import { HOTELS, type Place } from './places.ts';
import { Random, guidOf } from './random.ts';
import { DAY, HOUR, MINUTE, isWeekend, wholeSecond } from './time.ts';

/** One of a person's ways in, with the session it lives in. */
export interface Client {
  readonly kind: 'desktop' | 'browser' | 'phone';
  readonly session: string;
  readonly ip: string;
  readonly place: Place;
  readonly userAgent: string;
  readonly os: string;
  readonly browser: string;
  readonly managed: boolean;
}

export interface WorkDay {
  readonly company: Company;
  readonly user: User;
  readonly startMs: number;
  readonly endMs: number;
  /** 1 on a full day; less at the weekend. */
  readonly load: number;
  /** The intrusion's day, for its victims: plenty of their own work beside it, in stories of any size. */
  readonly eventful: boolean;
  readonly desktop: Client;
  readonly browser: Client;
  readonly phone: Client;
  readonly random: Random;
  readonly out: Outbox;
}

/** How long an Entra session lives before a fresh sign-in: device, browser, phone. */
const LIFETIME_DAYS = { desktop: 14, browser: 2, phone: 29 };

const WEEKDAY_PRESENCE = 0.92;
const WEEKEND_PRESENCE = 0.12;
const WEEKEND_LOAD = 0.4;

/** What a day is expected to bring, relative to one person's full day. */
export const dayWeight = (dayMs: number): number =>
  isWeekend(dayMs) ? WEEKEND_PRESENCE * WEEKEND_LOAD : WEEKDAY_PRESENCE;

export function planWorkDay(
  company: Company,
  user: User,
  dayMs: number,
  out: Outbox,
  random: Random,
): WorkDay | undefined {
  const weekend = isWeekend(dayMs);
  const expected = dayMs === company.settings.intrusionDayMs && isVictim(company, user);
  if (isOnTheRoad(user, Math.floor(dayMs / DAY)) && !expected) return undefined;
  if (!random.chance(weekend ? WEEKEND_PRESENCE : WEEKDAY_PRESENCE) && !expected) return undefined;
  const startMs = dayMs + 6.5 * HOUR + user.rises * MINUTE + random.whole(0, 25) * MINUTE;
  return {
    company,
    user,
    startMs,
    random,
    out,
    endMs: startMs + 8 * HOUR + random.whole(0, 70) * MINUTE,
    load: weekend && !expected ? WEEKEND_LOAD : 1,
    eventful: expected,
    ...clientsOf(company, user, dayMs, random, !weekend && !expected),
  };
}

/** Both victims are at work on the intrusion's day, whatever the weekday. */
const isVictim = (company: Company, user: User): boolean =>
  user === company.johanna || user === company.marek;

function clientsOf(company: Company, user: User, dayMs: number, random: Random, mayTravel: boolean) {
  const day = Math.floor(dayMs / DAY);
  const hotel =
    mayTravel && isTravelling(user, day)
      ? HOTELS[(user.index + Math.floor(day / 15)) % HOTELS.length]
      : undefined;
  const place: Place = hotel ?? user.office;
  const ip = hotel?.ip ?? (random.chance(0.62) ? user.office.ip : user.homeIp);
  const client = (kind: Client['kind'], rest: Pick<Client, 'userAgent' | 'os' | 'browser'>): Client => ({
    kind,
    session: guidOf(
      company.settings.seed,
      'session',
      kind,
      user.index,
      Math.floor((day + user.index) / LIFETIME_DAYS[kind]),
    ),
    ip: kind === 'phone' && !hotel ? user.mobileIp : ip,
    place,
    managed: kind !== 'phone',
    ...rest,
  });
  return {
    desktop: client('desktop', {
      userAgent: `Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook ${user.outlook.slice(0, 10)}; Pro)`,
      os: 'Windows10',
      browser: 'Rich Client 5.2.6.0',
    }),
    browser: client('browser', {
      userAgent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${user.edge} Safari/537.36 Edg/${user.edge}`,
      os: 'Windows10',
      browser: `Edge ${user.edge}`,
    }),
    phone: client('phone', PHONES[user.phone]),
  };
}

const PHONES = {
  iOS: {
    userAgent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
    os: 'Ios 18.6',
    browser: 'Mobile Safari',
  },
  Android: {
    userAgent:
      'Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36',
    os: 'Android 15',
    browser: 'Chrome Mobile 138.0.0',
  },
};

/** A few people spend three days of every fifteen abroad, and the days before and after on the road. */
const dayOfTrip = (user: User, day: number): number =>
  user.index % 37 === 11 ? (day + user.index) % 15 : Number.NaN;
const isTravelling = (user: User, day: number): boolean => dayOfTrip(user, day) < 3;
const isOnTheRoad = (user: User, day: number): boolean => [3, 14].includes(dayOfTrip(user, day));

/** An instant of the working day: busiest in mid-morning and mid-afternoon, now and then in the evening. */
export function moment({ startMs, endMs, random }: WorkDay): number {
  const hours = endMs - startMs;
  if (random.chance(0.04)) return wholeSecond(endMs + random.unit() * 4 * HOUR);
  const centre = random.chance(0.55) ? 0.28 : 0.72;
  const position = centre + (random.unit() + random.unit() - 1) * 0.3;
  return wholeSecond(startMs + Math.min(0.99, Math.max(0.01, position)) * hours);
}
