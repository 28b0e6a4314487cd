import { fromExitNode, fromServer, type Attack } from './attacker.ts';
import { affectedItem, folderOf, itemOf, type MailItem } from './exchange-record.ts';
import { withPort } from './mail-client.ts';
import { OUTSIDE, mailFlow } from './mail-flow.ts';
import { itemId, messageId } from './mail-words.ts';
import { act, inboxRule, readMessages, syncInbox } from './mailbox-acts.ts';
import { Random } from './random.ts';
import { HIDING_RULE, INVOICE, SECOND_RULE } from './rules.ts';
import { MINUTE } from './time.ts';

const RECIPIENTS = 22;

/** The mails of 05:03: their identities are fixed, so that mail flow, deletion and reading can name them. */
export function invoiceMails(attack: Attack): readonly MailItem[] {
  const random = new Random(attack.company.settings.seed, 'invoice');
  return Array.from({ length: RECIPIENTS }, () => ({
    id: itemId(random),
    messageId: messageId(random),
    subject: INVOICE,
    size: random.whole(31_000, 34_000),
    attachments: 'Invoice_118-4471_rev.pdf (27114b)',
  }));
}

/**
 * 04:58 to 05:06, nine hours before the sign-ins: the deck's clock times put mail and files first. The session was
 * already in the intruder's hands then (its cookie, captured by the same page: no sign-in of it was ever logged,
 * a hole the vendor admits), and the sign-ins at 13:50 re-authenticate the same session.
 */
export function mailBeforeDawn(attack: Attack): void {
  const exit = fromExitNode(attack);
  const server = fromServer(attack);
  const read = 'johanna/mail-read';
  const token = attack.random.token();
  readMessages(attack, { step: read, time: '04:58:21', client: exit, token }, 6);
  // Not every read record carries the session id; this one hangs on its token alone.
  readMessages(
    attack,
    { step: read, time: '05:00:24', client: exit, token, linked: 'none', ip: `[${exit.ip}]` },
    9,
  );
  syncInbox(attack, { step: read, time: '05:00:50', client: server, ip: `::ffff:${server.ip}` });
  rules(attack);
  send(attack);
  deleteTraces(attack);
}

function rules(attack: Attack): void {
  const server = fromServer(attack);
  const operation = 'New-InboxRule';
  inboxRule(attack, {
    step: 'johanna/hiding-rule',
    time: '05:01:14',
    operation,
    rule: HIDING_RULE,
    client: server,
  });
  const folder = folderOf(attack.victim, 'Inbox');
  const organizer: MailItem = {
    id: itemId(attack.random),
    messageId: messageId(attack.random),
    subject: 'Outlook Rules Organizer',
    size: 0,
  };
  act(attack, {
    step: 'johanna/rule-trace-deleted',
    time: '05:01:14',
    operation: 'HardDelete',
    recordType: 3,
    client: server,
    linked: 'top',
    rest: { AffectedItems: [affectedItem(organizer, folder)], CrossMailboxOperation: false, Folder: folder },
  });
  inboxRule(attack, {
    step: 'johanna/second-rule',
    time: '05:01:54',
    operation,
    rule: SECOND_RULE,
    client: fromExitNode(attack),
  });
}

function send(attack: Attack): void {
  const drafts = folderOf(attack.victim, 'Drafts');
  const client = fromServer(attack);
  const mails = invoiceMails(attack);
  act(attack, {
    step: 'johanna/mail-sent',
    time: '05:02:41',
    operation: 'Create',
    recordType: 2,
    client,
    rest: { Item: itemOf(mails[0]!, drafts) },
  });
  mails.forEach((mail, n) => {
    const time = `05:03:${(2 + Math.floor(n * 2.5)).toString().padStart(2, '0')}`;
    act(attack, {
      step: 'johanna/mail-sent',
      time,
      operation: 'Send',
      recordType: 2,
      client,
      rest: { Item: itemOf(mail, drafts) },
      linked: n % 3 === 0 ? 'both' : n % 3 === 1 ? 'context' : 'top',
      ...(n === 4 ? { againAfterMs: 20 * MINUTE } : undefined),
    });
    if (n < 5) mailFlow(attack, mail, time, n === 0 ? attack.company.marek.upn : OUTSIDE[n - 1]!);
  });
}

function deleteTraces(attack: Attack): void {
  const client = fromServer(attack);
  const folder = folderOf(attack.victim, 'Sent Items');
  const step = 'johanna/sent-traces-deleted';
  const mails = invoiceMails(attack);
  const remove = (time: string, operation: string, from: number, to: number, rest: object = {}) =>
    act(attack, {
      step,
      time,
      operation,
      recordType: 3,
      client,
      rest: {
        AffectedItems: mails.slice(from, to).map((mail) => affectedItem(mail, folder)),
        CrossMailboxOperation: false,
        Folder: folder,
        ...rest,
      },
    });
  remove('05:04:20', 'SoftDelete', 0, 8);
  remove('05:05:31', 'SoftDelete', 8, 16);
  remove('05:06:02', 'MoveToDeletedItems', 16, RECIPIENTS, {
    DestFolder: folderOf(attack.victim, 'Deleted Items'),
  });
}

/** 14:07 to 14:09: back in the mailbox after the sign-ins. */
export function mailInTheAfternoon(attack: Attack): void {
  const exit = fromExitNode(attack);
  readMessages(attack, { step: 'johanna/mail-read', time: '14:07:40', client: exit, linked: 'context' }, 4);
  readMessages(
    attack,
    { step: 'johanna/mail-read', time: '14:08:50', client: exit, ip: withPort(exit.ip, 51_832) },
    7,
  );
  inboxRule(attack, {
    step: 'johanna/rule-removed',
    time: '14:09:30',
    operation: 'Remove-InboxRule',
    rule: SECOND_RULE,
    client: fromServer(attack),
  });
}
