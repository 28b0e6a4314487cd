import { isObject } from '../../record.ts';
import { namedValue, objectsAt, textAt, type Json } from '../../indexing/fields.ts';
import type { RecordRule, Verdict } from './native-rule.ts';

const FIELDS = [
  'ForwardTo',
  'ForwardAsAttachmentTo',
  'RedirectTo',
  'ForwardingSmtpAddress',
  'ForwardingAddress',
  'BlindCopyTo',
  'RedirectMessageTo',
  'CopyTo',
] as const;

const OPERATIONS = [
  'New-InboxRule',
  'Set-InboxRule',
  'Set-Mailbox',
  'New-TransportRule',
  'Set-TransportRule',
  'UpdateInboxRules',
] as const;

const ADDRESS = /[\w.+'=-]+@([\w-]+(?:\.[\w-]+)+)/g;

/** Mail that leaves the organisation: the domain of the target against those of the actor and the tenant. */
export const forwardsOutside: RecordRule = {
  kind: 'native',
  type: 'record',
  key: 'mail-forwarded-outside',
  title: 'Mail is forwarded out of the organisation',
  level: 'high',
  description:
    "An inbox rule, a mailbox or a mail flow rule sends mail to an address whose domain is neither the actor's nor one of the tenant's.",
  tags: ['attack.exfiltration', 'attack.collection', 'attack.t1114.003'],
  references: [
    'https://learn.microsoft.com/defender-xdr/alert-grading-playbook-inbox-forwarding-rules',
    'https://learn.microsoft.com/defender-office-365/outbound-spam-policies-external-email-forwarding',
  ],
  falsePositives: ['A second domain of the same company', 'People who forward to their private address'],
  sources: ['ual-exchange', 'ual-search', 'import'],
  operations: OPERATIONS,
  reads: [
    'Operation',
    'UserId',
    'UserType',
    'MailboxOwnerUPN',
    'OrganizationName',
    'Parameters',
    'OperationProperties',
    ...FIELDS,
  ],
  judge: (body) => {
    const text = (name: string) => textAny(body, name);
    if (!forwardsOutside.operations!.includes(text('Operation') ?? '') || isService(body)) return undefined;
    const own = ownDomains(body);
    if (own.size === 0) return undefined;
    return verdictOf(targetsOf(body).filter(({ domain }) => !isOwn(domain, own)));
  },
};

interface Target {
  readonly field: string;
  readonly address: string;
  readonly domain: string;
}

function verdictOf(outside: readonly Target[]): Verdict | undefined {
  if (outside.length === 0) return undefined;
  return {
    facts: { addresses: [...new Set(outside.map(({ address }) => address))], field: outside[0]!.field },
  };
}

function targetsOf(body: unknown): Target[] {
  const parameters = listAny(body, 'Parameters');
  const named = FIELDS.map(
    (field) => [field, namedValue(parameters, field) ?? textAny(body, field)] as const,
  );
  const inClient = ['ServerRule', 'RuleActions'].map(
    (field) => [field, namedValue(listAny(body, 'OperationProperties'), field)] as const,
  );
  return [...named, ...inClient].flatMap(([field, value]) =>
    [...(value ?? '').matchAll(ADDRESS)].map((found) => ({
      field,
      address: found[0].toLowerCase().replace(/^smtp:/, ''),
      domain: found[1]!.toLowerCase(),
    })),
  );
}

function ownDomains(body: unknown): Set<string> {
  const texts = [
    textAny(body, 'UserId'),
    textAny(body, 'MailboxOwnerUPN'),
    textAny(body, 'OrganizationName'),
  ];
  return new Set(
    texts.flatMap((text) => {
      const domain = text?.split('@').at(-1)?.trim().toLowerCase();
      return domain && /^[\w-]+(\.[\w-]+)+$/.test(domain) ? [domain] : [];
    }),
  );
}

const isOwn = (domain: string, own: ReadonlySet<string>): boolean =>
  [...own].some((mine) => domain === mine || domain.endsWith(`.${mine}`));

const isService = (body: unknown): boolean =>
  isObject(body) && (body['UserType'] === 3 || /^NT AUTHORITY\\/i.test(textAny(body, 'UserId') ?? ''));

/** Imports spell names in other cases. */
function textAny(body: unknown, name: string): string | undefined {
  const exact = textAt(body, name);
  if (exact !== undefined || !isObject(body)) return exact;
  const key = Object.keys(body).find((other) => other.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : textAt(body, key);
}

function listAny(body: unknown, name: string): Json[] {
  const exact = objectsAt(body, name);
  if (exact.length > 0 || !isObject(body)) return exact;
  const key = Object.keys(body).find((other) => other.toLowerCase() === name.toLowerCase());
  return key === undefined ? [] : objectsAt(body, key).map(withNames);
}

const withNames = (pair: Json): Json => ({
  Name: pair['Name'] ?? pair['name'],
  Value: pair['Value'] ?? pair['value'],
});
