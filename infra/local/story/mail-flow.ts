import { at, type Attack } from './attacker.ts';
import { DOMAIN } from './company.ts';
import type { MailItem } from './exchange-record.ts';
import type { Involvement } from './story-record.ts';
import { SECOND, zoneless } from './time.ts';

/** Whom the mails reached, as far as mail protection says. */
export const OUTSIDE = [
  'ap@nordwind-import.example',
  'buchhaltung@alpenfracht.example',
  'accounts@delta-pallets.example',
  'faktury@moravia-foods.example',
] as const;

/** Mail protection's own record (RecordType 28): the only one that names recipients. */
export function mailFlow(attack: Attack, mail: MailItem, time: string, to: string): void {
  const { company, victim, random } = attack;
  const id = random.guid();
  const atMs = at(attack, time) + 2 * SECOND;
  const inside = to.endsWith(DOMAIN);
  const body = {
    CreationTime: zoneless(atMs),
    Id: id,
    Operation: 'TIMailData',
    OrganizationId: company.settings.tenantId,
    RecordType: 28,
    UserKey: 'ThreatIntel',
    UserType: 4,
    Version: 1,
    Workload: 'ThreatIntelligence',
    ObjectId: mail.messageId,
    UserId: 'ThreatIntel',
    AttachmentData: [{ FileName: 'Invoice_118-4471_rev.pdf', FileType: 'pdf', FileVerdict: 0 }],
    DeliveryAction: 'Delivered',
    DetectionMethod: 'URL detonation',
    DetectionType: 'Delayed',
    Directionality: inside ? 'IntraOrg' : 'Outbound',
    InternetMessageId: mail.messageId,
    MessageTime: zoneless(atMs),
    NetworkMessageId: random.guid(),
    P1Sender: victim.upn,
    P2Sender: victim.upn,
    Recipients: [to],
    SenderIp: '',
    Subject: mail.subject,
    PhishConfidenceLevel: 'Normal',
    Verdict: 'Phish',
  };
  const about: Involvement[] = [{ user: victim.index, role: 'sender' }];
  if (inside) about.push({ user: company.marek.index, role: 'recipient' });
  attack.out.post({ source: 'ual-general', id, body, eventMs: atMs, about, step: 'johanna/mail-flow' });
}
