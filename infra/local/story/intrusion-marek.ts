import { EXCHANGE, ONE_OUTLOOK_WEB } from './apps.ts';
import { at, attackOn, fromExitNode, fromServer, type Attack } from './attacker.ts';
import { folderOf, mailAccess, mailboxRecord, type MailboxFacts } from './exchange-record.ts';
import { invoiceMails } from './intrusion-mail.ts';
import { inboxRule, readMessages, syncInbox } from './mailbox-acts.ts';
import { detected, landing, refresh } from './intrusion-signins.ts';
import { outlook } from './mail-client.ts';
import { MAREKS_RULE } from './rules.ts';
import { serverName } from './mail-words.ts';
import { zoneless } from './time.ts';
import type { WorkDay } from './workday.ts';

/** Marek gets the invoice mail first, reads it in his own Outlook, opens its link in the afternoon, and is next. */
export function baitMarek(attack: Attack, own: WorkDay): void {
  const { company, random, victim } = attack;
  const johannas = attackOn(company, company.johanna, attack.out);
  const client = outlook(own.desktop, victim.outlook);
  const f: MailboxFacts = {
    tenantId: company.settings.tenantId,
    id: random.guid(),
    atMs: at(attack, '09:12:07'),
    operation: 'MailItemsAccessed',
    recordType: 50,
    actor: victim,
    owner: victim,
    client,
    ip: client.ip,
    server: serverName(random),
    token: random.token(),
    linked: 'both',
  };
  const items = [{ InternetMessageId: invoiceMails(johannas)[0]!.messageId, SizeInBytes: 32_480 }];
  const Folders = [{ FolderItems: items, ...folderOf(victim, 'Inbox') }];
  const body = { ...mailboxRecord(f), OperationProperties: mailAccess('Bind'), Folders, OperationCount: 1 };
  attack.out.post({
    source: 'ual-exchange',
    id: f.id,
    body,
    eventMs: f.atMs,
    about: victim.asActor,
    step: 'marek/invoice-read',
  });
  clickLink(attack, own);
}

function clickLink(attack: Attack, own: WorkDay): void {
  const { company, random, victim } = attack;
  const id = random.guid();
  const atMs = at(attack, '15:19:44');
  const body = {
    CreationTime: zoneless(atMs),
    Id: id,
    Operation: 'TIUrlClickData',
    OrganizationId: company.settings.tenantId,
    RecordType: 41,
    UserKey: victim.id,
    UserType: 0,
    Version: 1,
    Workload: 'ThreatIntelligence',
    UserId: victim.upn,
    AppName: 'Mail',
    AppVersion: '0.0.0000',
    EventDeepLink: '',
    SourceId: random.guid(),
    TimeOfClick: zoneless(atMs),
    Url: 'https://login.sunnyside-invoices.example/r/118-4471',
    UrlClickAction: 0,
    UserIp: own.browser.ip,
    SourceWorkload: 'Mail',
  };
  attack.out.post({
    source: 'ual-general',
    id,
    body,
    eventMs: atMs,
    about: victim.asActor,
    step: 'marek/link-clicked',
  });
}

/** 15:21 to 15:41: the same pattern under a session of its own. */
export function takeOverMarek(attack: Attack): void {
  const exit = fromExitNode(attack);
  const server = fromServer(attack);
  const first = landing(attack, 'marek/aitm-landing', server, ['15:21:48', '15:22:10', '15:22:31']);
  refresh(attack, 'marek/token-refresh', '15:24:05', exit, [ONE_OUTLOOK_WEB, EXCHANGE]);
  detected(attack, 'marek/risk', first, 'attackerinTheMiddle');
  inboxRule(attack, {
    step: 'marek/hiding-rule',
    time: '15:27:02',
    operation: 'New-InboxRule',
    rule: MAREKS_RULE,
    client: server,
  });
  readMessages(attack, { step: 'marek/mail-read', time: '15:30:12', client: exit }, 5);
  syncInbox(attack, { step: 'marek/mail-read', time: '15:33:40', client: exit });
  readMessages(attack, { step: 'marek/mail-read', time: '15:41:09', client: server, linked: 'context' }, 3);
}
