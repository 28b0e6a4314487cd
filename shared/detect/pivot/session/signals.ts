import { objectAt, objectsAt, namedValue, textAt } from '../../../indexing/fields.ts';
import { textOf } from '../../../record.ts';
import { changed, changesOf, errorCodeOf, isSignIn, parametersOf, type Event } from './event.ts';

/**
 * What makes a session suspicious, in the open: each signal has a weight, and its records. A session is suspicious
 * from THRESHOLD points on, if at least one signal speaks of who was there (`identity`), not only of what was done:
 * an administrator who adds an application from his desk is no intruder.
 */
export const THRESHOLD = 6;
export const POSSIBLE = 4;

export interface Signal {
  readonly id: string;
  readonly weight: number;
  readonly identity: boolean;
  readonly title: string;
}

const signal = (id: string, weight: number, identity: boolean, title: string): Signal => ({
  id,
  weight,
  identity,
  title,
});

export const SIGNALS = {
  asked: signal('asked', 6, true, 'The request names this session as suspicious'),
  finding: signal('finding', 4, true, 'A detection rule of level high or critical matched in it'),
  aitm: signal(
    'aitm',
    3,
    true,
    'Sign-in flow as a phishing proxy leaves it: 50074 (second factor), 50140 (stay signed in?) and success under one correlation id, from an address new to the user',
  ),
  riskHigh: signal('riskHigh', 3, true, 'Identity Protection rated a sign-in of it high risk'),
  riskMedium: signal('riskMedium', 2, true, 'Identity Protection rated a sign-in of it medium risk'),
  detection: signal(
    'detection',
    3,
    true,
    'Identity Protection reported an attacker in the middle, an anomalous token or an anonymised address',
  ),
  newAddress: signal('newAddress', 1, true, 'Its address was not seen before for this user'),
  newCountry: signal('newCountry', 2, true, 'Its country was not seen before for this user'),
  newAgent: signal('newAgent', 1, true, 'Its browser or client was not seen before for this user'),
  hosting: signal('hosting', 2, true, 'Its address belongs to a hosting or anonymising network'),
  twoCountries: signal('twoCountries', 2, true, 'One session used from two countries within an hour'),
  hidingRule: signal(
    'hidingRule',
    3,
    false,
    'Inbox rule that hides mail: deletes it or moves it where nobody looks',
  ),
  forwarding: signal('forwarding', 3, false, 'Inbox rule or mailbox setting that forwards mail'),
  ruleTrace: signal('ruleTrace', 2, false, 'The rules organizer message was deleted: the trace of a rule'),
  massMail: signal('massMail', 3, false, 'Ten or more mails of one subject within ten minutes'),
  sentTraces: signal('sentTraces', 2, false, 'Mails deleted within an hour after they were sent from it'),
  consent: signal('consent', 3, false, 'Consent to an application for mail or files, or for everybody'),
  application: signal('application', 2, false, 'An application was added, or given a secret'),
  securityInfo: signal('securityInfo', 2, false, 'Security info was registered'),
  device: signal('device', 2, false, 'A device was registered'),
  folderSync: signal('folderSync', 1, false, 'A whole mail folder was synchronised'),
} as const;
export type SignalId = keyof typeof SIGNALS;

const BAD_DETECTIONS =
  /attackerinthemiddle|anomaloustoken|anonymizedipaddress|tokenissueranomaly|suspiciousauthappapproval|suspiciousinboxforwarding|mcasSuspiciousInboxManipulationRules|maliciousIPAddress|nationStateIP/i;
const SETTLED = /^(remediated|dismissed|confirmedSafe)$/i;

/** Signals that one record carries by itself. */
export function signalsOf(e: Event): SignalId[] {
  const found: SignalId[] = [];
  const add = (id: SignalId, yes: boolean): void => {
    if (yes) found.push(id);
  };
  const risk = riskOf(e);
  add('riskHigh', risk === 'high');
  add('riskMedium', risk === 'medium');
  add('detection', e.source === 'risk-detections' && isBadDetection(e));
  add('hidingRule', isHidingRule(e));
  add('forwarding', forwardsOf(e).length > 0);
  add('ruleTrace', isRuleTrace(e));
  add('consent', isWideConsent(e));
  add('application', isApplicationChange(e));
  add('securityInfo', isSecurityInfo(e) && /registered|^Update user$/.test(e.operation));
  add('device', isDeviceChange(e));
  add('folderSync', e.operation === 'MailItemsAccessed' && accessType(e) === 'Sync');
  return found;
}

function riskOf(e: Event): string | undefined {
  if (!isSignIn(e) || SETTLED.test(textAt(e.value, 'riskState') ?? '')) return undefined;
  const levels = [textAt(e.value, 'riskLevelDuringSignIn'), textAt(e.value, 'riskLevelAggregated')];
  return levels.includes('high') ? 'high' : levels.includes('medium') ? 'medium' : undefined;
}

const isBadDetection = (e: Event): boolean =>
  BAD_DETECTIONS.test(textAt(e.value, 'riskEventType') ?? '') &&
  !SETTLED.test(textAt(e.value, 'riskState') ?? '');

export const isRuleChange = (e: Event): boolean =>
  /^(New|Set|Remove|Disable|Enable)-InboxRule$|^UpdateInboxRules$/.test(e.operation);

/** Folders where hidden mail goes; localised names exist, a few of the commonest are here. */
const HIDDEN_FOLDERS =
  /deleted|rss|junk|archive|conversation history|gelöscht|junk-e-mail|éléments supprimés|eliminados|eliminata/i;

export function isHidingRule(e: Event): boolean {
  if (!/^(New|Set)-InboxRule$/.test(e.operation)) return false;
  const parameters = new Map(parametersOf(e));
  const folder = parameters.get('MoveToFolder') ?? parameters.get('CopyToFolder') ?? '';
  const nameless = !/[\p{L}\p{N}]/u.test(parameters.get('Name') ?? 'x');
  return /^true$/i.test(parameters.get('DeleteMessage') ?? '') || HIDDEN_FOLDERS.test(folder) || nameless;
}

const FORWARDS = [
  'ForwardTo',
  'ForwardAsAttachmentTo',
  'RedirectTo',
  'ForwardingSmtpAddress',
  'ForwardingAddress',
];

/** Where a rule or mailbox setting sends mail, as `parameter=target`. */
export const forwardsOf = (e: Event): string[] =>
  /^(New|Set)-InboxRule$|^Set-Mailbox$/.test(e.operation)
    ? parametersOf(e)
        .filter(([name, value]) => FORWARDS.includes(name) && value !== '')
        .map(([name, value]) => `${name}=${value}`)
    : [];

export const affectedSubjects = (e: Event): string[] =>
  objectsAt(e.value, 'AffectedItems')
    .map((item) => textOf(item['Subject']))
    .filter((s) => s !== undefined);

const isRuleTrace = (e: Event): boolean =>
  e.operation === 'HardDelete' && affectedSubjects(e).includes('Outlook Rules Organizer');

export const isDeletion = (e: Event): boolean =>
  ['SoftDelete', 'HardDelete', 'MoveToDeletedItems'].includes(e.operation);
export const isSending = (e: Event): boolean => ['Send', 'SendAs', 'SendOnBehalf'].includes(e.operation);
export const subjectOf = (e: Event): string => textAt(e.value, 'Item', 'Subject') ?? '';
export const messageIdOf = (e: Event): string => textAt(e.value, 'Item', 'InternetMessageId') ?? '';

export const accessType = (e: Event): string =>
  namedValue(objectsAt(e.value, 'OperationProperties'), 'MailAccessType') ?? '';

export interface Consent {
  readonly type: string;
  readonly scope: string;
}

/** What was consented to, out of `ConsentAction.Permissions` or of the grant's own properties. */
export function consentOf(e: Event): Consent | undefined {
  const text = changed(e, 'ConsentAction.Permissions') ?? '';
  const type =
    /ConsentType:\s*([^,\]]+)/.exec(text)?.[1] ?? changed(e, 'DelegatedPermissionGrant.ConsentType');
  const scope = /Scope:\s*([^,\]]+)/.exec(text)?.[1] ?? changed(e, 'DelegatedPermissionGrant.Scope');
  if (type === undefined && scope === undefined) return undefined;
  return { type: (type ?? '').trim(), scope: (scope ?? '').trim() };
}

function isWideConsent(e: Event): boolean {
  const consent = consentOf(e);
  if (!consent) return false;
  return (
    consent.type === 'AllPrincipals' ||
    /\b(Mail|MailboxSettings|Files|Sites|EWS|IMAP|full_access)\b/i.test(consent.scope)
  );
}

const APPLICATION =
  /^(Add|Update) (application|service principal)|^Add owner to (application|service principal)|^Add service principal credentials/i;
export const isApplicationChange = (e: Event): boolean => APPLICATION.test(e.operation);
export const isConsent = (e: Event): boolean =>
  /^(Consent to application|Add delegated permission grant|Add app role assignment)/i.test(e.operation);

export const isSecurityInfo = (e: Event): boolean =>
  /security info/i.test(e.operation) ||
  (/^Update user$/i.test(e.operation) &&
    changesOf(e).some(({ name }) => /^StrongAuthentication(Phone|Method|User|Email)/i.test(name)));

export const isDeviceChange = (e: Event): boolean =>
  /^(Register device|Add (device|registered (owner|users) to device))$/i.test(e.operation);

/** Errors of one sign-in flow that a phishing proxy leaves together. */
export const isLanding = (codes: ReadonlySet<string>): boolean =>
  ['50074', '50140', '0'].every((code) => codes.has(code));

export const signInError = (e: Event): string | undefined =>
  e.source === 'signins-interactive' && objectAt(e.value, 'status') ? errorCodeOf(e) : undefined;
