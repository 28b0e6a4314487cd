import { at, webMailFrom, type Attack } from './attacker.ts';
import { cmdletRecord, folderOf, mailAccess, mailboxRecord, type MailboxFacts } from './exchange-record.ts';
import { withPort } from './mail-client.ts';
import { messageId, serverName } from './mail-words.ts';
import type { HostileRule } from './rules.ts';
import type { Client } from './workday.ts';

interface MailboxAct {
  readonly step: string;
  readonly time: string;
  readonly operation: string;
  readonly recordType: MailboxFacts['recordType'];
  readonly client: Client;
  readonly ip?: string;
  readonly linked?: MailboxFacts['linked'];
  readonly token?: string;
  readonly againAfterMs?: number;
  readonly rest: object;
}

export function act(attack: Attack, a: MailboxAct): void {
  const { random, victim, out } = attack;
  const client = webMailFrom(a.client);
  const f: MailboxFacts = {
    tenantId: attack.company.settings.tenantId,
    id: random.guid(),
    atMs: at(attack, a.time),
    operation: a.operation,
    recordType: a.recordType,
    actor: victim,
    owner: victim,
    client,
    ip: a.ip ?? client.ip,
    server: serverName(random),
    token: a.token ?? random.token(),
    linked: a.linked ?? 'both',
  };
  out.post({
    source: 'ual-exchange',
    id: f.id,
    body: { ...mailboxRecord(f), ...a.rest },
    eventMs: f.atMs,
    about: victim.asActor,
    step: a.step,
    ...(a.againAfterMs === undefined ? undefined : { againAfterMs: a.againAfterMs }),
  });
}

type Access = Pick<MailboxAct, 'step' | 'time' | 'client'> & Partial<MailboxAct>;

export function readMessages(attack: Attack, access: Access, count: number): void {
  const { random, victim } = attack;
  const items = Array.from({ length: count }, () => ({
    InternetMessageId: messageId(random),
    SizeInBytes: random.whole(8_000, 90_000),
  }));
  const Folders = [{ FolderItems: items, ...folderOf(victim, 'Inbox') }];
  act(attack, {
    operation: 'MailItemsAccessed',
    recordType: 50,
    rest: { OperationProperties: mailAccess('Bind'), Folders, OperationCount: count },
    ...access,
  });
}

export function syncInbox(attack: Attack, access: Access): void {
  const folder = folderOf(attack.victim, 'Inbox');
  const Item = { Id: folder.Id, ParentFolder: { ...folder, Name: 'Inbox' } };
  act(attack, {
    operation: 'MailItemsAccessed',
    recordType: 2,
    rest: { OperationProperties: mailAccess('Sync'), Item, OperationCount: 1 },
    ...access,
  });
}

export interface RuleAct {
  readonly step: string;
  readonly time: string;
  readonly operation: 'New-InboxRule' | 'Remove-InboxRule';
  readonly rule: HostileRule;
  readonly client: Client;
}

export function inboxRule(attack: Attack, { step, time, operation, rule, client }: RuleAct): void {
  const { random, victim, out } = attack;
  const id = random.guid();
  const atMs = at(attack, time);
  const identity: readonly [string, string] = ['Identity', `${victim.mailboxGuid}\\${rule.id}`];
  const body = cmdletRecord({
    tenantId: attack.company.settings.tenantId,
    id,
    atMs,
    operation,
    actor: victim,
    objectId: operation === 'New-InboxRule' ? victim.mailboxGuid : identity[1],
    parameters: [
      ['AlwaysDeleteOutlookRulesBlob', 'False'],
      ['Force', 'False'],
      ...(operation === 'New-InboxRule' ? rule.parameters : [identity]),
    ],
    client: webMailFrom(client),
    ip: withPort(client.ip, random.whole(10_000, 60_000)),
    server: serverName(random),
    token: random.token(),
  });
  out.post({ source: 'ual-exchange', id, body, eventMs: atMs, about: victim.asActor, step });
}
