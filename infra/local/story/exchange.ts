import type { User } from './company.ts';
import {
  affectedItem,
  cmdletRecord,
  folderOf,
  itemOf,
  mailAccess,
  mailboxRecord,
  type MailboxFacts,
} from './exchange-record.ts';
import { outlook, phoneMail, shapedIp, webMail, withPort, type MailClient } from './mail-client.ts';
import { drawItem, messageId, serverName } from './mail-words.ts';
import type { Involvement } from './story-record.ts';
import { moment, type WorkDay } from './workday.ts';

const MAILBOX = 2.9;
const DELEGATE = 0.5;

/** Share of a kind of record that carries a session id (measured on real tenants: DETECTIONS §3). */
const LINKED = { read: 0.17, write: 0.6 };

export function mailTraffic(day: WorkDay, rate: number): void {
  const { random, company, user } = day;
  for (let n = random.count(MAILBOX * rate); n > 0; n--) mailbox(day, user);
  if (user === company.assistant)
    for (let n = random.count(DELEGATE * Math.max(1, rate)); n > 0; n--) mailbox(day, company.johanna);
  if (random.chance(0.004)) harmlessRule(day);
}

function mailbox(day: WorkDay, owner: User): void {
  const kind = day.random.unit();
  if (kind < 0.45) return readMail(day, owner);
  if (kind < 0.53) return syncFolder(day, owner);
  if (kind < 0.72) return singleItem(day, owner, 'Send', 'Drafts');
  if (kind < 0.8) return singleItem(day, owner, 'Create', day.random.chance(0.5) ? 'Drafts' : 'Calendar');
  if (kind < 0.86) return updateItem(day, owner);
  severalItems(day, owner, kind < 0.93 ? 'MoveToDeletedItems' : kind < 0.985 ? 'SoftDelete' : 'HardDelete');
}

function clientOf(day: WorkDay): MailClient {
  const kind = day.random.unit();
  if (kind < 0.74) return outlook(day.desktop, day.user.outlook);
  return kind < 0.88 ? phoneMail(day.phone, day.user.phone) : webMail(day.browser);
}

function facts(
  day: WorkDay,
  owner: User,
  operation: string,
  recordType: MailboxFacts['recordType'],
  linkedShare: number,
): MailboxFacts {
  const { random } = day;
  const client = clientOf(day);
  return {
    tenantId: day.company.settings.tenantId,
    id: random.guid(),
    atMs: moment(day),
    operation,
    recordType,
    actor: day.user,
    owner,
    client,
    ip: shapedIp(client.ip, random),
    server: serverName(random),
    token: random.token(),
    linked: random.chance(linkedShare) ? random.pick(['top', 'context', 'both'] as const) : 'none',
  };
}

function post(day: WorkDay, f: MailboxFacts, rest: object): void {
  const about: readonly Involvement[] =
    f.actor === f.owner ? f.actor.asActor : [...f.actor.asActor, { user: f.owner.index, role: 'owner' }];
  day.out.post({
    source: 'ual-exchange',
    id: f.id,
    body: { ...mailboxRecord(f), ...rest },
    eventMs: f.atMs,
    about,
  });
}

function readMail(day: WorkDay, owner: User): void {
  const f = facts(day, owner, 'MailItemsAccessed', 50, LINKED.read);
  const count = day.random.whole(1, 4);
  const items = Array.from({ length: count }, () => ({
    InternetMessageId: messageId(day.random),
    SizeInBytes: day.random.whole(8_000, 90_000),
  }));
  const folder = folderOf(owner, day.random.chance(0.8) ? 'Inbox' : 'Sent Items');
  post(day, f, {
    OperationProperties: mailAccess('Bind'),
    Folders: [{ FolderItems: items, ...folder }],
    OperationCount: count,
  });
}

function syncFolder(day: WorkDay, owner: User): void {
  const f = facts(day, owner, 'MailItemsAccessed', 2, LINKED.read);
  const folder = folderOf(owner, 'Inbox');
  post(day, f, {
    OperationProperties: mailAccess('Sync'),
    Item: { Id: folder.Id, ParentFolder: { ...folder, Name: 'Inbox' } },
    OperationCount: 1,
  });
}

function singleItem(day: WorkDay, owner: User, operation: string, path: string): void {
  const f = facts(day, owner, operation, 2, LINKED.write);
  post(day, f, { Item: itemOf(drawItem(day.random), folderOf(owner, path)) });
}

function updateItem(day: WorkDay, owner: User): void {
  const f = facts(day, owner, 'Update', 2, LINKED.write);
  post(day, f, {
    Item: itemOf(drawItem(day.random), folderOf(owner, 'Drafts')),
    ModifiedProperties: ['RecipientCollection'],
  });
}

function severalItems(day: WorkDay, owner: User, operation: string): void {
  const f = facts(day, owner, operation, 3, LINKED.write);
  const folder = folderOf(owner, day.random.chance(0.75) ? 'Inbox' : 'Deleted Items');
  const affected = Array.from({ length: day.random.whole(1, 3) }, () =>
    affectedItem(drawItem(day.random), folder),
  );
  post(day, f, {
    AffectedItems: affected,
    CrossMailboxOperation: false,
    Folder: folder,
    ...(operation === 'MoveToDeletedItems' ? { DestFolder: folderOf(owner, 'Deleted Items') } : undefined),
  });
}

const RULES = [
  ['Newsletters', 'MoveToFolder', 'Newsletters', 'SubjectContainsWords', 'newsletter;unsubscribe'],
  ['ERP notices', 'MoveToFolder', 'ERP', 'From', 'erp-noreply@sunnyside-trading.example'],
  ['Reklamácie', 'ApplyCategory', 'Quality', 'SubjectContainsWords', 'reklamácia;complaint'],
] as const;

/** People tidy their mailboxes: rules that neither hide nor forward anything. */
function harmlessRule(day: WorkDay): void {
  const { random, user } = day;
  const [name, action, value, condition, words] = random.pick(RULES);
  const client = webMail(day.browser);
  const id = random.guid();
  const atMs = moment(day);
  const body = cmdletRecord({
    tenantId: day.company.settings.tenantId,
    id,
    atMs,
    operation: random.chance(0.8) ? 'New-InboxRule' : 'Set-InboxRule',
    actor: user,
    objectId: `${user.mailboxGuid}\\${random.whole(10 ** 9, 2 ** 32)}${random.whole(10 ** 9, 2 ** 32)}`.slice(
      0,
      56,
    ),
    parameters: [
      ['AlwaysDeleteOutlookRulesBlob', 'False'],
      ['Force', 'False'],
      ['Name', name],
      [action, value],
      [condition, words],
      ['StopProcessingRules', 'True'],
    ],
    client,
    ip: withPort(client.ip, random.whole(1025, 64_000)),
    server: serverName(random),
    token: random.token(),
  });
  day.out.post({ source: 'ual-exchange', id, body, eventMs: atMs, about: user.asActor });
}
