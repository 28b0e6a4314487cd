import { TEAMS } from './apps.ts';
import { TENANT_NAME } from './company.ts';
import { guidOf } from './random.ts';
import { zoneless } from './time.ts';
import type { Involvement } from './story-record.ts';
import { moment, type WorkDay } from './workday.ts';

const MEETINGS_AND_CHATS = 0.75;

export function teamsTraffic(day: WorkDay, rate: number): void {
  for (let n = day.random.count(MEETINGS_AND_CHATS * rate); n > 0; n--) teamsEvent(day);
}

function teamsEvent(day: WorkDay): void {
  const kind = day.random.unit();
  if (kind < 0.35)
    return post(day, 'TeamsSessionStarted', { ObjectId: 'Unknown (Unknown)', ExtraProperties: CLIENT });
  if (kind < 0.6) return post(day, 'MessageCreatedHasLink', chat(day));
  if (kind < 0.85) return post(day, 'MeetingParticipantDetail', meeting(day));
  if (kind < 0.97) return post(day, 'ReactedToMessage', { ...chat(day), MessageReactionType: 'like' });
  memberAdded(day);
}

const CLIENT = [
  { Key: 'TimeZone', Value: 'Europe/Vienna' },
  { Key: 'OsName', Value: 'windows' },
  { Key: 'OsVersion', Value: 'nt 10.0.26100' },
  { Key: 'Country', Value: 'at' },
  { Key: 'ClientName', Value: 'skypeteams' },
];

function post(day: WorkDay, operation: string, rest: object, others: readonly Involvement[] = []): void {
  const { random, user } = day;
  const atMs = moment(day);
  const id = random.guid();
  const client = random.chance(0.7) ? day.desktop : day.phone;
  const body = {
    ...(random.chance(0.4)
      ? { AppAccessContext: accessOf(client.session, atMs, random.token()) }
      : undefined),
    CreationTime: zoneless(atMs),
    Id: id,
    Operation: operation,
    OrganizationId: day.company.settings.tenantId,
    RecordType: 25,
    UserKey: user.id,
    UserType: 0,
    Version: 1,
    Workload: 'MicrosoftTeams',
    ClientIP: operation === 'MemberAdded' ? '' : client.ip,
    UserId: random.chance(0.5) ? user.spelledUpn : user.upn,
    ...rest,
  };
  const about = others.length > 0 ? [...user.asActor, ...others] : user.asActor;
  day.out.post({ source: 'ual-general', id, body, eventMs: atMs, about });
}

const accessOf = (session: string, atMs: number, token: string) => ({
  AADSessionId: session,
  ClientAppId: TEAMS.id,
  IssuedAtTime: zoneless(atMs - 2_100_000),
  UniqueTokenId: token,
});

const chat = (day: WorkDay) => ({
  ChatThreadId: `19:${day.random.hex(16)}@thread.v2`,
  CommunicationType: 'GroupChat',
  MessageId: day.random.whole(10 ** 12, 2 * 10 ** 12).toString(),
  MessageURLs: [`https://${TENANT_NAME}.sharepoint.com/sites/${day.user.department}/Shared%20Documents`],
  MessageVersion: '1',
  ExtraProperties: [],
});

function meeting(day: WorkDay) {
  const startMs = moment(day);
  return {
    ArtifactsShared: [],
    Attendees: [
      { OrganizationId: day.company.settings.tenantId, RecipientType: 'User', UserObjectId: day.user.id },
    ],
    DeviceInformation: 'Windows',
    JoinTime: zoneless(startMs),
    LeaveTime: zoneless(startMs + 1_500_000),
    MeetingDetailId: day.random.guid(),
    ItemName: 'Jour fixe – Größe & Menge',
  };
}

function memberAdded(day: WorkDay): void {
  const joined = day.random.pick(day.company.users);
  const team = day.user.department;
  post(
    day,
    'MemberAdded',
    {
      AADGroupId: guidOf('group', team),
      CommunicationType: 'Team',
      ItemName: team,
      Members: [{ DisplayName: joined.displayName, Role: 1, UPN: joined.upn }],
      TeamGuid: `19:${guidOf('team', team).replaceAll('-', '')}@thread.tacv2`,
      TeamName: team,
    },
    joined === day.user ? [] : joined.asTarget,
  );
}
