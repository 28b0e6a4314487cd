import type { Company, User } from './company.ts';
import { messageId } from './mail-words.ts';
import type { Outbox } from './outbox.ts';
import { guidOf, type Random } from './random.ts';
import { oneDrive } from './sharepoint-record.ts';
import { DAY, HOUR, MINUTE, wholeSecond, zoneless } from './time.ts';

const MATCHES = 4;

const POLICY_DETAILS = [
  {
    PolicyId: 'f6c4a3e0-2b7d-4d0e-9f57-3a1c8e2d6b10',
    PolicyName: 'Bank details',
    Rules: [
      {
        Actions: ['NotifyUser'],
        ActionParameters: [],
        ConditionsMatched: {
          SensitiveInformation: [
            { Confidence: 85, Count: 3, SensitiveType: 'e7dc4711-11b7-4cb0-b88b-2c394a771f0e' },
          ],
        },
        RuleId: '0d6b1f3c-8a54-4f0e-8c1a-5f9d2e7b4a77',
        RuleMode: 'Enable',
        RuleName: 'IBAN, small numbers',
        Severity: 'Low',
      },
    ],
  },
];

/** What the data-loss rules noticed: in OneDrive (RecordType 11) and in mail (13). An agent is the actor, a person the subject. */
export function dataLossTraffic(
  company: Company,
  dayMs: number,
  out: Outbox,
  random: Random,
  rate: number,
): void {
  for (let n = random.count(MATCHES * rate); n > 0; n--)
    (random.chance(0.6) ? fileMatch : mailMatch)(company, out, random, dayMs);
  if (Math.floor(dayMs / DAY) % 7 === 3) withdrawnMatch(company, out, random, dayMs);
}

function fileMatch(company: Company, out: Outbox, random: Random, dayMs: number): void {
  const user = random.pick(company.users);
  const atMs = wholeSecond(dayMs + 8 * HOUR + random.whole(0, 8 * HOUR));
  const id = random.guid();
  const body = dlpMatch(company, user, atMs, id, 'DlpRuleMatch', random.guid());
  out.post({ source: 'ual-dlp', id, body, eventMs: atMs, about: user.asTarget });
}

function mailMatch(company: Company, out: Outbox, random: Random, dayMs: number): void {
  const user = random.pick(company.users);
  const atMs = wholeSecond(dayMs + 8 * HOUR + random.whole(0, 8 * HOUR));
  const id = random.guid();
  const message = messageId(random);
  const body = {
    CreationTime: zoneless(atMs),
    Id: id,
    Operation: 'DlpRuleMatch',
    OrganizationId: company.settings.tenantId,
    RecordType: 13,
    UserKey: '1153801116545789462',
    UserType: 4,
    Version: 1,
    Workload: 'Exchange',
    ObjectId: message,
    UserId: 'DlpAgent',
    ExchangeMetaData: {
      BCC: [],
      CC: [],
      FileSize: random.whole(8000, 90_000),
      From: user.upn,
      MessageID: message,
      RecipientCount: 1,
      Sent: zoneless(atMs - 1000),
      Subject: 'Bankverbindung für die Anzahlung',
      To: ['buchhaltung@alpenfracht.example'],
      UniqueID: random.guid(),
    },
    IncidentId: random.guid(),
    PolicyDetails: POLICY_DETAILS,
    SensitiveInfoDetectionIsIncluded: false,
  };
  out.post({ source: 'ual-dlp', id, body, eventMs: atMs, about: user.asTarget });
}

/** A match later withdrawn keeps its Id: two records, one id, different content, both true. */
function withdrawnMatch(company: Company, out: Outbox, random: Random, dayMs: number): void {
  const user = company.users[6 + (Math.floor(dayMs / DAY) % (company.users.length - 6))]!;
  const atMs = wholeSecond(dayMs + 10 * HOUR);
  const id = random.guid();
  const incident = random.guid();
  const match = (operation: string) => dlpMatch(company, user, atMs, id, operation, incident);
  const common = { source: 'ual-dlp', id, eventMs: atMs, about: user.asTarget } as const;
  out.post({ ...common, body: match('DlpRuleMatch'), afterMs: 70 * MINUTE });
  out.post({ ...common, body: match('DlpRuleUndo'), afterMs: 130 * MINUTE, version: 2 });
}

function dlpMatch(
  company: Company,
  user: User,
  atMs: number,
  id: string,
  operation: string,
  incident: string,
) {
  const files = oneDrive(user);
  const name = 'Customer accounts.xlsx';
  return {
    CreationTime: zoneless(atMs),
    Id: id,
    Operation: operation,
    OrganizationId: company.settings.tenantId,
    RecordType: 11,
    UserKey: 'DlpPolicyEventBasedAssistantOneDriveForBusiness',
    UserType: 4,
    Version: 1,
    Workload: 'OneDrive',
    ObjectId: guidOf('item', files.siteUrl, name),
    UserId: 'DlpPolicyEventBasedAssistantOneDriveForBusiness',
    IncidentId: incident,
    PolicyDetails: POLICY_DETAILS,
    SensitiveInfoDetectionIsIncluded: false,
    SharePointMetaData: {
      FileName: name,
      FileOwner: user.displayName,
      FilePathUrl: `${files.siteUrl}Documents/Customer%20accounts.xlsx`,
      From: user.upn.toUpperCase(),
      ItemCreationTime: zoneless(atMs - DAY),
      ItemLastModifiedTime: zoneless(atMs - 90_000),
      SiteCollectionGuid: files.site,
      SiteCollectionUrl: files.siteUrl,
      UniqueID: guidOf('item', files.siteUrl, name),
    },
  };
}
