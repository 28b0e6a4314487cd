import { DOMAIN, ORGANIZATION, type Company } from './company.ts';
import { messageId, serverName } from './mail-words.ts';
import type { Outbox } from './outbox.ts';
import { guidOf, type Random } from './random.ts';
import { DAY, HOUR, ticks, wholeSecond, zoneless } from './time.ts';

const EXCHANGE_UPKEEP = 12;
const GROUP_MAIL = 2;
const PROVISIONING = 16;
const ALERTS = 0.4;

/** What Microsoft's own services write: no person acts. */
export function serviceTraffic(
  company: Company,
  dayMs: number,
  out: Outbox,
  random: Random,
  rate: number,
): void {
  for (let n = random.count(EXCHANGE_UPKEEP * rate); n > 0; n--) exchangeUpkeep(company, out, random, dayMs);
  for (let n = random.count(GROUP_MAIL * rate); n > 0; n--) groupMailbox(company, out, random, dayMs);
  for (let n = random.count(PROVISIONING * rate); n > 0; n--) provisioned(company, out, random, dayMs);
  for (let n = random.count(ALERTS * rate); n > 0; n--) serviceAlert(company, out, random, dayMs);
}

const anyTime = (dayMs: number, random: Random): number => wholeSecond(dayMs + random.whole(0, DAY - 1000));

/** Cmdlets the Exchange service runs on itself: UserType 3, ExternalAccess true, no address. */
function exchangeUpkeep(company: Company, out: Outbox, random: Random, dayMs: number): void {
  const atMs = anyTime(dayMs, random);
  const id = random.guid();
  const host = `EURPR04A00${random.whole(1, 9)}.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/${ORGANIZATION}`;
  const system = 'NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)';
  const body = {
    CreationTime: zoneless(atMs),
    Id: id,
    Operation: random.pick([
      'Set-Mailbox',
      'Set-Mailbox',
      'Set-MailboxPlan',
      'Set-AdminAuditLogConfig',
      'Add-MailboxPermission',
      'Set-TransportConfig',
    ]),
    OrganizationId: company.settings.tenantId,
    RecordType: 1,
    ResultStatus: 'True',
    UserKey: system,
    UserType: 3,
    Version: 1,
    Workload: 'Exchange',
    ObjectId: `${host}/DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}`,
    UserId: system,
    AppId: '',
    ClientAppId: '',
    ExternalAccess: true,
    OrganizationName: ORGANIZATION,
    OriginatingServer: serverName(random).trimEnd(),
    Parameters: [
      { Name: 'DomainController', Value: '' },
      { Name: 'Identity', Value: host },
    ],
  };
  out.post({ source: 'ual-exchange', id, body, eventMs: atMs, about: [] });
}

/** Exchange greets a team's mailbox: the local system account from the loopback address. */
function groupMailbox(company: Company, out: Outbox, random: Random, dayMs: number): void {
  const atMs = anyTime(dayMs, random);
  const id = random.guid();
  const team = random.pick(['Sales', 'Logistics', 'Finance']);
  const body = {
    CreationTime: zoneless(atMs),
    Id: id,
    Operation: 'Create',
    OrganizationId: company.settings.tenantId,
    RecordType: 2,
    ResultStatus: 'Succeeded',
    UserKey: 'S-1-5-18',
    UserType: 2,
    Version: 1,
    Workload: 'Exchange',
    ClientIP: '::1',
    UserId: 'S-1-5-18',
    ClientIPAddress: '::1',
    ClientInfoString: 'Client=WebServices;Action=ConfigureGroupMailbox',
    ExternalAccess: true,
    InternalLogonType: 1,
    LogonType: 1,
    LogonUserSid: 'S-1-5-18',
    MailboxGuid: guidOf('group-mailbox', team),
    MailboxOwnerMasterAccountSid: 'S-1-5-10',
    MailboxOwnerSid: 'S-1-5-21-3017456221-1180000000-2754019633-900017',
    MailboxOwnerUPN: `${team}@${DOMAIN}`,
    OrganizationName: ORGANIZATION,
    OriginatingServer: serverName(random),
    Item: {
      Id: `RgAAAACk${random.base64(56)}AAJ`,
      InternetMessageId: messageId(random),
      IsRecord: false,
      Subject: `The ${team} group is ready`,
    },
  };
  out.post({ source: 'ual-exchange', id, body, eventMs: atMs, about: [] });
}

/** HR's people flow into the travel portal. */
function provisioned(company: Company, out: Outbox, random: Random, dayMs: number): void {
  const user = random.pick(company.users);
  const atMs = dayMs + 2 * HOUR + random.whole(0, 20 * HOUR);
  const id = random.guid();
  const step = (name: string, provisioningStepType: string) => ({
    name,
    provisioningStepType,
    status: 'success',
    description: `${name} of '${user.upn}'`,
    details: {},
  });
  const body = {
    id,
    activityDateTime: ticks(atMs, random.whole(0, 9999)),
    tenantId: company.settings.tenantId,
    jobId: `TravelPortal.${company.settings.tenantId.replaceAll('-', '')}.${guidOf('job')}`,
    cycleId: guidOf('cycle', dayMs),
    changeId: random.guid(),
    provisioningAction: 'update',
    durationInMilliseconds: random.whole(200, 4000),
    provisioningStatusInfo: { status: random.chance(0.04) ? 'skipped' : 'success', errorInformation: null },
    provisioningSteps: [
      step('EntryImportUpdate', 'import'),
      step('EntrySynchronizationScoping', 'scoping'),
      step('EntryExportUpdate', 'export'),
    ],
    modifiedProperties: [{ displayName: 'department', oldValue: null, newValue: user.department }],
    servicePrincipal: { id: guidOf('sp', 'Travel portal'), displayName: 'Travel portal' },
    sourceSystem: { id: guidOf('system', 'entra'), displayName: 'Microsoft Entra ID', details: {} },
    targetSystem: {
      id: guidOf('system', 'travel'),
      displayName: 'Travel portal',
      details: { ApplicationId: guidOf('app', 'travel') },
    },
    initiatedBy: { id: '', displayName: 'Azure AD Provisioning Service', initiatorType: 'system' },
    sourceIdentity: {
      id: user.id,
      displayName: user.displayName,
      identityType: 'User',
      details: { id: user.id, UserPrincipalName: user.upn },
    },
    targetIdentity: { id: guidOf('travel', user.index), displayName: '', identityType: 'User', details: {} },
  };
  out.post({ source: 'provisioning', id, body, eventMs: atMs, about: user.asTarget });
}

/** An alert of the compliance centre about the service itself; its details are JSON in a string. */
function serviceAlert(company: Company, out: Outbox, random: Random, dayMs: number): void {
  const atMs = anyTime(dayMs, random);
  const id = random.guid();
  const alertId = random.guid();
  const body = {
    CreationTime: zoneless(atMs),
    Id: id,
    Operation: 'AlertTriggered',
    OrganizationId: company.settings.tenantId,
    RecordType: 40,
    ResultStatus: 'Succeeded',
    UserKey: 'SecurityComplianceAlerts',
    UserType: 4,
    Version: 1,
    Workload: 'SecurityComplianceCenter',
    ObjectId: alertId,
    UserId: 'SecurityComplianceAlerts',
    AlertId: alertId,
    AlertLinks: [],
    AlertType: 'System',
    Category: 'MailFlow',
    Comments: 'New alert',
    Data: JSON.stringify({
      f3u: ORGANIZATION,
      ts: `${zoneless(atMs)}.0000000Z`,
      op: 'MailQueueDelayed',
      mlc: '0',
    }),
    Name: 'Messages have been delayed',
    PolicyId: 'cff5c3f8-0e7e-4b0f-9b2e-1d7a5c60f4b2',
    Severity: 'Low',
    Source: 'Office 365 Security & Compliance',
    Status: 'Active',
  };
  out.post({ source: 'ual-general', id, body, eventMs: atMs, about: [] });
}
