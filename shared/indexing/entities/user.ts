import { cached } from '../../cached.ts';
import { auditDataOf, diagnosticOf, isObject } from '../../record.ts';
import { distinct, guidOf, objectAt, objectsAt, textAt, type Json } from '../fields.ts';

/**
 * Users: every identity a record carries for whoever acted, owns the mailbox, or is the target. One person has
 * several keys (UPN, object id, PUID, SID); records that carry two of them tie them together as aliases.
 */

const PUID = /^[0-9a-f]{16}$/;
const NOBODY = new Set([
  '',
  'not available',
  'unknown',
  'n/a',
  'none',
  'null',
  'undefined',
  'not applicable',
]);

/** The key under which a user is indexed and asked for; undefined when the text names nobody. */
export const userKey = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : readUser(text);

const readUser = cached((text) => {
  let key = text.trim().toLowerCase();
  // SharePoint writes a claim: i:0h.f|membership|<puid>@live.com
  if (key.startsWith('i:0')) key = key.split('|').at(-1)!;
  const guid = guidOf(key.replace(/^(serviceprincipal|user|application|device)_/, ''));
  if (guid) return guid;
  const [local] = key.split('@');
  if (key.includes('@') && PUID.test(local!)) return local;
  if (NOBODY.has(key) || key === '00000000-0000-0000-0000-000000000000') return undefined;
  return key.slice(0, 1024);
});

interface Identity {
  /** Keys that one record gives for the same person. */
  readonly keys: readonly string[];
}

export function userKeys(value: unknown): string[] {
  return distinct(identities(value).flatMap((identity) => identity.keys));
}

const STRONG = /@|^[0-9a-f]{8}-[0-9a-f]{4}-|^[0-9a-f]{16}$|^s-1-5-21-/;

/** Pairs of keys that a record shows to be the same person; only keys that identify one can be tied. */
export function userAliases(value: unknown): [string, string][] {
  const pairs: [string, string][] = [];
  for (const { keys } of identities(value)) {
    const strong = keys.filter((key) => STRONG.test(key));
    for (const [i, a] of strong.entries()) for (const b of strong.slice(i + 1)) pairs.push([a, b]);
  }
  return pairs;
}

function identities(value: unknown): Identity[] {
  if (!isObject(value)) return [];
  // Audit search: the classic record inside; the envelope's own userId and userPrincipalName are crossed.
  const inner = auditDataOf(value);
  const found = inner
    ? [[textAt(value, 'userPrincipalName'), textAt(value, 'userId')], ...auditLogIdentities(inner)]
    : recordIdentities(diagnosticOf(value) ?? value);
  return found.flatMap((texts) => {
    // Most of the places where a person may be named are empty in any one record.
    if (texts.every((text) => text === undefined)) return [];
    const keys = distinct(texts.map(userKey));
    return keys.length > 0 ? { keys } : [];
  });
}

type Texts = (string | undefined)[];

const recordIdentities = (value: Json): Texts[] => [
  ...graphIdentities(value),
  ...auditLogIdentities(value),
  activityIdentity(value),
];

const CLAIM = 'http://schemas.';

/** Azure's activity log (imports only): whoever called, and the claims of the token that was used. */
function activityIdentity(value: Json): Texts {
  const claims = objectAt(value, 'identity', 'claims');
  return [
    textAt(value, 'caller'),
    textAt(claims, `${CLAIM}xmlsoap.org/ws/2005/05/identity/claims/upn`),
    textAt(claims, `${CLAIM}microsoft.com/identity/claims/objectidentifier`),
  ];
}

function graphIdentities(value: Json): Texts[] {
  const by = objectAt(value, 'initiatedBy');
  const user = objectAt(by, 'user');
  const app = objectAt(by, 'app');
  return [
    [textAt(value, 'userPrincipalName'), textAt(value, 'userId')],
    [textAt(value, 'servicePrincipalId')],
    [textAt(user, 'userPrincipalName'), textAt(user, 'id')],
    [textAt(app, 'servicePrincipalId')],
    ...objectsAt(value, 'targetResources')
      .filter(isUserTarget)
      .map((t) => [textAt(t, 'userPrincipalName'), textAt(t, 'id')]),
    ...['sourceIdentity', 'targetIdentity']
      .map((name) => objectAt(value, name))
      .filter((i) => textAt(i, 'identityType')?.toLowerCase() === 'user')
      .map((i) => [textAt(i, 'id'), textAt(i, 'details', 'UserPrincipalName')]),
  ];
}

/** Examples of one API write both `Type` and `type` (API-FACTS B). */
const isUserTarget = (t: Json): boolean =>
  (textAt(t, 'type') ?? textAt(t, 'Type'))?.toLowerCase() === 'user' ||
  textAt(t, 'userPrincipalName') !== undefined;

function auditLogIdentities(value: Json): Texts[] {
  const actor = typedIds(objectsAt(value, 'Actor'));
  const target = objectsAt(value, 'Target');
  return [
    [textAt(value, 'UserId'), textAt(value, 'UserKey'), textAt(value, 'TokenObjectId'), ...actor],
    [textAt(value, 'MailboxOwnerUPN'), ownerSid(value)],
    [textAt(value, 'LogonUserSid')],
    // DLP acts as an agent; the message or file is somebody's.
    [textAt(value, 'ExchangeMetaData', 'From')],
    [textAt(value, 'SharePointMetaData', 'From')],
    [textAt(value, 'TargetUserOrGroupName')].filter((t) => t?.includes('@')),
    isUserAudit(target) ? typedIds(target) : [],
  ];
}

const ownerSid = (value: Json): string | undefined => {
  const sid = textAt(value, 'MailboxOwnerSid');
  return sid?.startsWith('S-1-5-21-') ? sid : undefined;
};

const ID_TYPE = { upn: 5, puid: 3 } as const;

/** Of Actor/Target entries, those that identify a principal: UPN (5), PUID (3), and ids written as `User_<guid>`. */
function typedIds(entries: readonly Json[]): Texts {
  return entries.map((e) => {
    const id = textAt(e, 'ID') ?? textAt(e, 'Id');
    if (e['Type'] === ID_TYPE.upn || e['Type'] === ID_TYPE.puid) return id;
    return id && /^(user|serviceprincipal)_/i.test(id) ? id : undefined;
  });
}

const isUserAudit = (target: readonly Json[]): boolean =>
  target.some((t) => t['Type'] === ID_TYPE.upn || textAt(t, 'ID')?.toLowerCase() === 'user');
