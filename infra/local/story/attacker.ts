import type { Company, User } from './company.ts';
import { webMail, type MailClient } from './mail-client.ts';
import type { Outbox } from './outbox.ts';
import type { Place } from './places.ts';
import { Random, guidOf } from './random.ts';
import { clockTime } from './time.ts';
import type { Client } from './workday.ts';

/** From the reference deck: one address without a city, one in Saarland. */
export const ATTACKER_IPS = ['2a0b:f4c2:1::1', '54.36.108.162'] as const;
export const ATTACKER_USER_AGENT = 'Mozilla/5.0 (Windows NT 10.0; rv:109.0) Gecko/20100101 Firefox/115.0';

const [EXIT_NODE, RENTED_SERVER] = ATTACKER_IPS;

const UNITED_STATES: Place = {
  city: '',
  state: '',
  country: 'US',
  latitude: 37.751,
  longitude: -97.822,
  asn: 208323,
};
const SAARBRUECKEN: Place = {
  city: 'Saarbruecken',
  state: 'Saarland',
  country: 'DE',
  latitude: 49.2354,
  longitude: 6.98165,
  asn: 16276,
};

/** One account taken over: whose, when, under which session. */
export interface Attack {
  readonly company: Company;
  readonly out: Outbox;
  readonly random: Random;
  readonly victim: User;
  readonly session: string;
  readonly dayMs: number;
}

export const attackOn = (company: Company, victim: User, out: Outbox): Attack => ({
  company,
  out,
  victim,
  random: new Random(company.settings.seed, 'attack', victim.index),
  session: attackSession(company, victim),
  dayMs: company.settings.intrusionDayMs,
});

export const attackSession = (company: Company, victim: User): string =>
  guidOf(company.settings.seed, 'attacker-session', victim.index);

/** The instant of a clock time on the intrusion's day. */
export const at = (attack: Attack, time: string): number => attack.dayMs + clockTime(time);

const browser = (session: string, ip: string, place: Place): Client => ({
  kind: 'browser',
  session,
  ip,
  place,
  userAgent: ATTACKER_USER_AGENT,
  os: 'Windows10',
  browser: 'Firefox 115.0',
  managed: false,
});

export const fromExitNode = (attack: Attack): Client => browser(attack.session, EXIT_NODE, UNITED_STATES);
export const fromServer = (attack: Attack): Client => browser(attack.session, RENTED_SERVER, SAARBRUECKEN);
export const webMailFrom = (client: Client): MailClient => webMail(client);
