import type { DirectoryChange, Target } from './directory-change.ts';
import type { Settings } from './options.ts';
import { guidOf, type Random } from './random.ts';
import { zoneless } from './time.ts';

const ACTING_APP = '18ed3507-a475-4ccb-b669-d66bc9f2a36e';

/** The unified audit log's form of a directory change (RecordType 8): ids in typed lists, JSON in strings, CR LF in values. */
export function entraRecord(settings: Settings, random: Random, change: DirectoryChange, id: string) {
  const { tenantId } = settings;
  const { actor } = change;
  const human = 'user' in actor ? actor : undefined;
  const [target] = change.targets as [Target, ...Target[]];
  const userId =
    human?.user.spelledUpn ?? `ServicePrincipal_${'app' in actor ? actor.servicePrincipalId : ''}`;
  return {
    CreationTime: zoneless(change.atMs),
    Id: id,
    Operation: operationOf(change.activity),
    OrganizationId: tenantId,
    RecordType: 8,
    ResultStatus: 'Success',
    UserKey: human ? `${human.user.puid}@${human.user.upn.split('@')[1]!}` : 'Not Available',
    UserType: human ? 0 : 4,
    Version: 1,
    Workload: 'AzureActiveDirectory',
    ClientIP: human?.ip ?? null,
    ObjectId: objectIdOf(target),
    UserId: userId,
    AzureActiveDirectoryEventType: 1,
    ExtendedProperties: extendedProperties(change, target, random, tenantId),
    ModifiedProperties: modifiedProperties(target),
    Actor: human
      ? humanIds(human.user.spelledUpn, human.user.puid, human.user.id)
      : appIds('app' in actor ? actor : undefined),
    ActorContextId: tenantId,
    ActorIpAddress: human?.ip ?? '',
    InterSystemsId: change.correlationId,
    IntraSystemId: guidOf(change.correlationId, change.activity),
    SupportTicketId: '',
    Target: targetIds(target),
    TargetContextId: tenantId,
  };
}

/** "Add application." has a full stop; the certificate update has an en dash and a trailing blank instead. */
const operationOf = (activity: string): string =>
  activity.includes(' – ') ? `${activity} ` : `${activity}.`;

const humanIds = (upn: string, puid: string, id: string) => [
  { ID: upn, Type: 5 },
  { ID: puid, Type: 3 },
  { ID: ACTING_APP, Type: 2 },
  { ID: `User_${id}`, Type: 2 },
  { ID: id, Type: 2 },
  { ID: 'User', Type: 2 },
];

const appIds = (actor: { app: string; servicePrincipalId: string } | undefined) => [
  { ID: actor?.app ?? '', Type: 1 },
  { ID: `ServicePrincipal_${actor?.servicePrincipalId ?? ''}`, Type: 2 },
  { ID: actor?.servicePrincipalId ?? '', Type: 2 },
  { ID: 'ServicePrincipal', Type: 2 },
];

function objectIdOf(target: Target): string {
  if (target.user) return target.user.spelledUpn;
  return target.type === 'ServicePrincipal' ? (target.appId ?? target.id) : 'Not Available';
}

const targetIds = (target: Target) => [
  { ID: `${target.type}_${target.id}`, Type: 2 },
  { ID: target.id, Type: 2 },
  { ID: target.type, Type: 2 },
  ...(target.user
    ? [
        { ID: target.user.spelledUpn, Type: 5 },
        { ID: target.user.puid, Type: 3 },
      ]
    : [{ ID: target.name, Type: 1 }]),
  ...(target.appId === undefined
    ? []
    : [
        { ID: target.appId, Type: 2 },
        { ID: target.appId, Type: 4 },
      ]),
];

const pretty = (value: unknown): string => {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2).replaceAll('\n', '\r\n');
};

function modifiedProperties({ changes = [], appId }: Target) {
  const properties = changes.map(([Name, from, to]) => ({
    Name,
    NewValue: pretty(to),
    OldValue: pretty(from),
  }));
  if (changes.length > 0)
    properties.push({
      Name: 'Included Updated Properties',
      NewValue: changes.map(([name]) => name).join(', '),
      OldValue: '',
    });
  if (appId !== undefined)
    properties.push({ Name: 'TargetId.ServicePrincipalNames', NewValue: appId, OldValue: '' });
  return properties;
}

function extendedProperties(change: DirectoryChange, target: Target, random: Random, tenantId: string) {
  const human = 'user' in change.actor ? change.actor : undefined;
  const property = (Name: string, Value: string) => ({ Name, Value });
  return [
    property('resultType', 'Success'),
    property('auditEventCategory', change.category),
    property('nCloud', '<null>'),
    property('actorContextId', tenantId),
    ...(human
      ? [
          property('actorObjectId', human.user.id),
          property('actorObjectClass', 'User'),
          property('actorUPN', human.user.spelledUpn),
          property('actorAppID', ACTING_APP),
          property('actorPUID', human.user.puid),
        ]
      : [property('actorObjectClass', 'ServicePrincipal')]),
    property('teamName', 'MSODS.'),
    property('targetContextId', tenantId),
    property('targetObjectId', target.id),
    property('extendedAuditEventCategory', target.type),
    property('targetName', target.user?.spelledUpn ?? target.name),
    property('targetIncludedUpdatedProperties', JSON.stringify((target.changes ?? []).map(([name]) => name))),
    property('correlationId', change.correlationId),
    property('version', '2'),
    property('additionalDetails', JSON.stringify({ 'User-Agent': human?.userAgent ?? 'EvoSTS' })),
    property('env_ver', '2.1'),
    property('env_name', '#Ifx.AuditSchema#IfxMsods.AuditCommonEvent'),
    property('env_time', `${zoneless(change.atMs)}.${random.whole(1_000_000, 9_999_999)}Z`),
    property('env_seqNum', random.whole(10_000_000, 49_999_999).toString()),
    property('env_appId', 'restdirectoryservice'),
    property('env_cloud_name', 'MSO-AM5R'),
  ];
}
