import { guidOf, type Random } from './random.ts';
import { changeDirectory, type DirectoryChange, type HumanActor, type Target } from './directory-change.ts';
import type { Company, User } from './company.ts';
import type { Outbox } from './outbox.ts';
import { DAY, HOUR, MINUTE, SECOND, isWeekend } from './time.ts';
import { DEPARTMENTS } from './names.ts';

const EDGE_UA =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0';

const TASKS = 12;

/** A day of the administrators' and the directory's own ordinary work. */
export function administrationTraffic(
  company: Company,
  dayMs: number,
  out: Outbox,
  random: Random,
  rate: number,
): void {
  const quiet = isWeekend(dayMs) ? 0.15 : 1;
  for (let n = random.count(TASKS * quiet * rate); n > 0; n--) task(company, out, random, dayMs);
  if (!isWeekend(dayMs) && random.chance(0.25)) welcome(company, out, random, dayMs);
  if (Math.floor(dayMs / DAY) % 11 === 4) registerApplication(company, out, random, dayMs + 9 * HOUR);
}

const change = (company: Company, out: Outbox, random: Random, facts: DirectoryChange): void =>
  changeDirectory(out, company.settings, random, facts);

function administrator(company: Company, random: Random, dayMs: number): HumanActor {
  const user = random.pick(company.admins);
  return {
    user,
    ip: user.office.ip,
    userAgent: EDGE_UA,
    ...(random.chance(0.6)
      ? { session: guidOf(company.settings.seed, 'admin', user.index, dayMs), deviceId: user.deviceId }
      : undefined),
  };
}

const userTarget = (user: User, changes?: Target['changes']): Target => ({
  type: 'User',
  id: user.id,
  name: user.displayName,
  user,
  ...(changes ? { changes } : undefined),
});

function task(company: Company, out: Outbox, random: Random, dayMs: number): void {
  const someone = random.pick(company.users);
  const base = { atMs: dayMs + 7 * HOUR + random.whole(0, 9 * HOUR), correlationId: random.guid() };
  const byAdmin = { ...base, actor: administrator(company, random, dayMs) };
  const kind = random.unit();
  if (kind < 0.4) return change(company, out, random, { ...byAdmin, ...updateOf(someone, random) });
  if (kind < 0.65) return change(company, out, random, { ...byAdmin, ...membershipOf(someone, random) });
  if (kind < 0.9)
    return change(company, out, random, {
      ...base,
      ...updateOf(someone, random),
      actor: { app: 'Microsoft Substrate Management', servicePrincipalId: SUBSTRATE },
    });
  change(company, out, random, { ...byAdmin, ...resetOf(someone) });
}

const SUBSTRATE = 'd2f6cde4-07ac-4c1d-9f01-6f6c2b0b8d11';

const updateOf = (user: User, random: Random) =>
  ({
    activity: 'Update user',
    category: 'UserManagement',
    service: 'Core Directory',
    kind: 'Update',
    targets: [
      userTarget(user, [
        [
          'TelephoneNumber',
          [`+43 1 555 ${random.whole(1000, 9999)}`],
          [`+43 1 555 ${random.whole(1000, 9999)}`],
        ],
      ]),
    ],
  }) as const;

function membershipOf(user: User, random: Random) {
  const name = random.pick(DEPARTMENTS);
  const group: Target = { type: 'Group', id: guidOf('group', name), name };
  const changes = [
    ['Group.ObjectID', undefined, group.id],
    ['Group.DisplayName', undefined, name],
  ] as const;
  return {
    activity: random.chance(0.7) ? 'Add member to group' : 'Remove member from group',
    category: 'GroupManagement',
    service: 'Core Directory',
    kind: 'Assign',
    targets: [userTarget(user, changes), group],
  } as const;
}

const resetOf = (user: User) =>
  ({
    activity: 'Reset user password',
    category: 'UserManagement',
    service: 'Core Directory',
    kind: 'Update',
    targets: [userTarget(user)],
  }) as const;

/** A new colleague registers the authenticator app and a device, at the office. Never one of the victims. */
function welcome(company: Company, out: Outbox, random: Random, dayMs: number): void {
  const user = company.users[random.whole(6, company.users.length - 1)]!;
  const atMs = dayMs + 8 * HOUR + random.whole(0, 2 * HOUR);
  const actor = { user, ip: user.office.ip, userAgent: EDGE_UA };
  const security = {
    category: 'UserManagement',
    service: 'Authentication Methods',
    kind: 'Update',
    actor,
  } as const;
  const method = { ...security, targets: [userTarget(user)], correlationId: random.guid() };
  change(company, out, random, {
    ...method,
    atMs,
    activity: 'User started security info registration',
    reason: 'User started the registration for Authenticator App',
  });
  change(company, out, random, {
    ...method,
    atMs: atMs + 95 * SECOND,
    activity: 'User registered security info',
    reason: 'User registered Authenticator App with Notification and Code',
  });
  registerDevice(company, out, random, user, atMs + 12 * MINUTE);
}

function registerDevice(company: Company, out: Outbox, random: Random, user: User, atMs: number): void {
  const device: Target = { type: 'Device', id: random.guid(), name: user.deviceName };
  const common = {
    atMs,
    category: 'Device',
    kind: 'Register',
    correlationId: random.guid(),
    actor: { app: 'Device Registration Service', servicePrincipalId: 'aa6f1c40-3f5d-4a6f-8f8e-4b9a3f1f5c22' },
  } as const;
  const who = userTarget(user);
  const service = 'Core Directory';
  change(company, out, random, {
    ...common,
    service,
    activity: 'Add registered owner to device',
    targets: [who, device],
  });
  change(company, out, random, {
    ...common,
    service: 'Device Registration Service',
    activity: 'Register device',
    targets: [device, who],
  });
}

const PROJECTS = ['Freight tracker', 'Warehouse dashboard', 'Tariff lookup', 'Supplier portal'] as const;

/** IT registers an application of its own: one tenant, an https reply address, no consent for everybody's mail. */
function registerApplication(company: Company, out: Outbox, random: Random, atMs: number): void {
  const name = random.pick(PROJECTS);
  const actor = administrator(company, random, atMs);
  const common = {
    atMs,
    category: 'ApplicationManagement',
    service: 'Core Directory',
    kind: 'Add',
    actor,
    correlationId: random.guid(),
  } as const;
  const appId = random.guid();
  const host = name.toLowerCase().replaceAll(' ', '-');
  const application: Target = {
    type: 'Application',
    id: random.guid(),
    name,
    changes: [
      ['AppId', [], [appId]],
      ['AvailableToOtherTenants', [], [false]],
      ['DisplayName', [], [name]],
      [
        'AppAddress',
        [],
        [
          {
            AddressType: 0,
            Address: `https://${host}.sunnyside-trading.example/signin`,
            ReplyAddressClientType: 1,
          },
        ],
      ],
    ],
  };
  change(company, out, random, { ...common, activity: 'Add application', targets: [application] });
  const principal: Target = {
    type: 'ServicePrincipal',
    id: random.guid(),
    name,
    appId,
    changes: [
      ['AccountEnabled', [], [true]],
      ['DisplayName', [], [name]],
    ],
  };
  change(company, out, random, {
    ...common,
    atMs: atMs + 2 * SECOND,
    activity: 'Add service principal',
    targets: [principal],
  });
}
