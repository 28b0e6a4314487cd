import { DEPARTMENTS, FAMILY, GIVEN, plainLetters } from './names.ts';
import type { Settings } from './options.ts';
import { OFFICES, type Office } from './places.ts';
import { Random, guidOf } from './random.ts';
import type { Involvement } from './story-record.ts';

export const DOMAIN = 'sunnyside-trading.example';
/** SharePoint and Exchange name the tenant by its first, onmicrosoft-like domain. */
export const TENANT_NAME = 'sunnysidetrading';
export const ORGANIZATION = `${TENANT_NAME}.onmicrosoft.example`;

export interface User {
  readonly index: number;
  readonly displayName: string;
  /** Lower case, as Graph shows it. */
  readonly upn: string;
  /** As the directory spells it; Exchange keeps the capitals. */
  readonly spelledUpn: string;
  readonly id: string;
  readonly puid: string;
  readonly sid: string;
  readonly mailboxGuid: string;
  readonly department: string;
  readonly office: Office;
  readonly homeIp: string;
  readonly mobileIp: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly edge: string;
  readonly outlook: string;
  readonly phone: 'iOS' | 'Android';
  /** Minutes after 06:30 UTC at which the working day starts. */
  readonly rises: number;
  readonly asActor: readonly Involvement[];
  readonly asTarget: readonly Involvement[];
}

export interface Company {
  readonly settings: Settings;
  readonly users: readonly User[];
  readonly johanna: User;
  readonly marek: User;
  /** Johanna's assistant, with delegate access to her mailbox. */
  readonly assistant: User;
  readonly admins: readonly User[];
}

/** The same few seats in every company, however small. */
const SEATS: Record<number, readonly [string, string]> = {
  1: ['Johanna', 'Lindqvist'],
  2: ['Marek', 'Dvořák'],
  3: ['Ulrike', 'Admin-Pichler'],
  4: ['Tibor', 'Kálmán'],
  5: ['Agnieszka', 'Zielińska'],
};

export function foundCompany(settings: Settings): Company {
  const taken = new Set<string>();
  const users = Array.from({ length: settings.users }, (_, index) => hire(settings, index, taken));
  const seat = (n: number): User => users[n]!;
  return {
    settings,
    users,
    johanna: seat(1),
    marek: seat(2),
    admins: [seat(3), seat(4)],
    assistant: seat(5),
  };
}

function hire(settings: Settings, index: number, taken: Set<string>): User {
  const { seed } = settings;
  const random = new Random(seed, 'user', index);
  const [given, family] = SEATS[index] ?? [
    GIVEN[index % GIVEN.length]!,
    FAMILY[(index * 7 + Math.floor(index / GIVEN.length)) % FAMILY.length]!,
  ];
  const spelledUpn = address(given, family, taken);
  const office = OFFICES[index < 6 ? index % 2 : random.whole(0, 2)]!;
  const host = () => `${random.whole(1, 254)}.${random.whole(2, 253)}`;
  return {
    index,
    displayName: `${given} ${family}`,
    upn: spelledUpn.toLowerCase(),
    spelledUpn,
    id: guidOf(seed, 'oid', index),
    puid: `1003200${guidOf(seed, 'puid', index).replaceAll('-', '').slice(0, 9).toUpperCase()}`,
    sid: `S-1-5-21-3017456221-${1180000000 + (seed % 1_000_000)}-2754019633-${1_120_000 + index * 7}`,
    mailboxGuid: guidOf(seed, 'mailbox', index),
    department: index === 3 || index === 4 ? 'IT' : DEPARTMENTS[index % DEPARTMENTS.length]!,
    office,
    homeIp:
      index % 9 === 8
        ? `2001:db8:${random.hex(2)}:${index.toString(16)}::${random.hex(1)}`
        : `${office.home}.${host()}`,
    mobileIp: `${office.mobile}.${host()}`,
    deviceId: guidOf(seed, 'device', index),
    deviceName: `SST-NB-${(1000 + index * 3).toString()}`,
    edge: `${130 + (index % 3)}.0.0.0`,
    outlook: `16.0.${17928 + (index % 4) * 103}.${20114 + index}`,
    phone: random.chance(0.6) ? 'iOS' : 'Android',
    rises: random.whole(0, 110),
    asActor: [{ user: index, role: 'actor' }],
    asTarget: [{ user: index, role: 'target' }],
  };
}

function address(given: string, family: string, taken: Set<string>): string {
  const local = `${plainLetters(given)}.${plainLetters(family)}`;
  for (let n = 1; ; n++) {
    const upn = `${local}${n === 1 ? '' : n}@${DOMAIN}`;
    if (taken.has(upn.toLowerCase())) continue;
    taken.add(upn.toLowerCase());
    return upn;
  }
}

/** The part of a OneDrive address that names its owner. */
export const oneDriveName = (user: User): string => user.upn.replaceAll(/[^a-z0-9]/g, '_');
