import { namedValue, objectsAt, textAt } from '../../indexing/fields.ts';
import { isObject, textOf } from '../../record.ts';
import { SESSION_MEMBERS, sessionOf } from '../sighting.ts';
import type { WindowEvent, WindowHit, WindowRule } from './native-rule.ts';

const HOUR = 3_600_000;
const MIN_RECIPIENTS = 50;
/** A mail to one person is counted by `mail-mass-send`; keeping every one here would fill the memory. */
const MIN_EACH = 2;
/** More than Exchange lets one mail have at most: the number is none. */
const MAX_RECIPIENTS = 100_000;
/** Where the number is, in the record itself or in one of these; and where a list is. */
const HOLDERS = ['Item', 'ExchangeMetaData'] as const;
const LISTS = ['Recipients', 'To', 'Cc', 'CC', 'Bcc', 'BCC'] as const;
const COUNTS = ['RecipientCount', ...LISTS] as const;
const SENDING: ReadonlySet<string> = new Set(['Send', 'SendAs', 'SendOnBehalf']);

/** Few mails, many recipients: `mail-mass-send` counts mails and would see one or two. */
export const mailManyRecipients: WindowRule = {
  kind: 'native',
  type: 'window',
  key: 'mail-many-recipients',
  title: 'Mail sent to many recipients within an hour',
  level: 'medium',
  description: `Mails of one mailbox and session reached ${MIN_RECIPIENTS} recipients or more within an hour. Only mails of which the record tells ${MIN_EACH} recipients or more are summed up: not every workload writes their number.`,
  tags: ['attack.lateral-movement', 'attack.t1534', 'attack.t1566'],
  references: ['https://learn.microsoft.com/purview/audit-log-activities#exchange-mailbox-activities'],
  falsePositives: ['Newsletters, invitations to the whole company'],
  sources: ['ual-exchange', 'ual-search', 'import'],
  operations: [...SENDING],
  spanMs: HOUR,
  // Every mail counts: equal only to itself, which its id says.
  stretchMs: HOUR,
  oncePerDay: true,
  reads: [
    'Operation',
    'Id',
    'id',
    'MailboxOwnerUPN',
    'UserId',
    'OperationProperties',
    ...HOLDERS,
    ...COUNTS,
    ...SESSION_MEMBERS,
  ],
  take: (body) => {
    if (!isObject(body) || !SENDING.has(textOf(body['Operation']) ?? '')) return undefined;
    const recipients = recipientsOf(body);
    if (recipients < MIN_EACH) return undefined;
    const mailbox = textAt(body, 'MailboxOwnerUPN') ?? textAt(body, 'UserId');
    const once = textOf(body['Id']) ?? textOf(body['id']);
    if (mailbox === undefined || once === undefined) return undefined;
    return {
      group: `${mailbox.toLowerCase()}|${sessionOf(body) ?? ''}`,
      once,
      facts: { recipients },
    };
  },
  judge: (events) => firstOfDays(events),
};

/** As the record says: a number, or a list. Zero when it says neither. */
export function recipientsOf(body: unknown): number {
  if (!isObject(body)) return 0;
  let most = plausible(namedValue(objectsAt(body, 'OperationProperties'), 'RecipientCount'));
  for (const holder of [body, body[HOLDERS[0]], body[HOLDERS[1]]]) {
    if (!isObject(holder)) continue;
    let listed = 0;
    for (const name of LISTS) listed += lengthOf(holder[name]);
    most = Math.max(most, listed, plausible(holder['RecipientCount']));
  }
  return most;
}

/** 0 for what is no number of recipients. */
function plausible(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isSafeInteger(number) && number > 0 && number <= MAX_RECIPIENTS ? number : 0;
}

const lengthOf = (list: unknown): number => (Array.isArray(list) ? list.length : 0);

const numberOf = ({ facts }: WindowEvent): number => Number(facts['recipients']);

/** The first instant of each day at which the hour before it reached the number. */
function firstOfDays(events: readonly WindowEvent[]): WindowHit[] {
  const hits = new Map<string, WindowHit>();
  let [start, sum] = [0, 0];
  for (const [i, last] of events.entries()) {
    sum += numberOf(last);
    while (last.t - events[start]!.t > HOUR) sum -= numberOf(events[start++]!);
    const day = new Date(last.t).toISOString().slice(0, 10);
    if (sum < MIN_RECIPIENTS || hits.has(day)) continue;
    const window = events.slice(start, i + 1);
    hits.set(day, { events: window, facts: { recipients: sum, mails: window.length } });
  }
  return [...hits.values()];
}
