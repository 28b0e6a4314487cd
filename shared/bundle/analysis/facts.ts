import { distinct, objectAt, objectsAt, textAt } from '../../indexing/fields.ts';
import { textOf } from '../../record.ts';
import type { Basis } from './attribution.ts';
import { changed, changesOf, parametersOf, type Event } from '../../detect/pivot/session/event.ts';
import {
  accessType,
  affectedSubjects,
  consentOf,
  forwardsOf,
  isApplicationChange,
  isConsent,
  isDeletion,
  isDeviceChange,
  isRuleChange,
  isSecurityInfo,
  isSending,
  messageIdOf,
  subjectOf,
} from '../../detect/pivot/session/signals.ts';

/** Sections 2 to 5 of a report; sign-ins (1) are told by session. */
export type SectionId = 'activity' | 'security' | 'rules' | 'mail' | 'files';

export interface Field {
  readonly name: string;
  readonly value: string;
}

/** One thing that was done, as its records tell it. All text is hostile. */
export interface Fact {
  readonly section: SectionId;
  readonly kind: string;
  readonly user: string;
  readonly session: string;
  readonly time: string;
  readonly operation: string;
  readonly fields: readonly Field[];
  /** What it is about: application, device, rule, file, or mail subject. */
  readonly target: string;
  readonly targetId: string;
  /** Records behind it, by number, and how each was attributed. */
  readonly numbers: readonly number[];
  readonly bases: readonly Basis[];
}

/** What a record says of one thing done; facts of equal key are one thing told by two logs. */
export interface Draft {
  readonly section: SectionId;
  readonly kind: string;
  readonly target: string;
  readonly targetId: string;
  readonly fields: readonly Field[];
}

type Extract = (e: Event) => Draft | undefined;

const field = (name: string, value: string | undefined): Field[] =>
  value === undefined || value === '' ? [] : [{ name, value }];

interface Target {
  readonly name: string;
  readonly id: string;
  readonly type: string;
}

/** Targets of Graph's audits and of the unified audit log, in one shape. */
function targetsOf(e: Event): Target[] {
  const graph = objectsAt(e.value, 'targetResources').map((t) => ({
    name: textOf(t['displayName']) ?? textOf(t['userPrincipalName']) ?? '',
    id: textOf(t['id']) ?? '',
    type: (textOf(t['type']) ?? '').toLowerCase(),
  }));
  return graph.length > 0 ? graph : auditTargets(e);
}

/** UAL writes a list of typed ids: `Application_<guid>` names the object, entry of type 1 its display name. */
function auditTargets(e: Event): Target[] {
  const entries = objectsAt(e.value, 'Target').map((t) => ({ id: textOf(t['ID']) ?? '', type: t['Type'] }));
  const typed = entries.map(({ id }) => /^([A-Za-z]+)_([0-9a-f-]{36})$/i.exec(id)).find(Boolean);
  const name = entries.find(({ type, id }) => type === 1 && !/^[0-9a-f-]{36}$/i.test(id))?.id ?? '';
  return [{ name, id: (typed?.[2] ?? '').toLowerCase(), type: (typed?.[1] ?? '').toLowerCase() }];
}

const isApp = (t: Target): boolean => t.type === 'application' || t.type === 'serviceprincipal';

function application(e: Event): Draft | undefined {
  if (!isApplicationChange(e)) return undefined;
  const targets = targetsOf(e);
  const target = targets.find(isApp) ?? targets[0];
  const replies = changed(e, 'AppAddress');
  // A change of owners names the owner as its target, and the application among its properties.
  const own = ['Application', 'ServicePrincipal'].find((kind) => changed(e, `${kind}.ObjectID`));
  return {
    section: 'activity',
    kind: 'application',
    target: (own && changed(e, `${own}.DisplayName`)) || target?.name || (changed(e, 'DisplayName') ?? ''),
    targetId: (own && changed(e, `${own}.ObjectID`)) ?? target?.id ?? '',
    fields: [
      ...field(
        'AppId',
        changed(e, 'AppId') ?? changed(e, 'AppPrincipalId') ?? (own && changed(e, `${own}.AppId`)),
      ),
      ...field('SignInAudience', changed(e, 'SignInAudience')),
      ...field('Reply URL', replies && /"Address":"([^"]+)"/.exec(replies)?.[1]),
      ...field('Credential', changed(e, 'KeyDescription')),
    ],
  };
}

function consent(e: Event): Draft | undefined {
  if (!isConsent(e)) return undefined;
  const targets = targetsOf(e);
  const granted = consentOf(e);
  const client = changed(e, 'ServicePrincipal.DisplayName');
  const target = targets.find(isApp) ?? targets[0];
  const onBehalf = changed(e, 'ConsentContext.OnBehalfOfAll');
  return {
    section: 'activity',
    kind: granted ? 'consent' : 'assignment',
    target: client ?? target?.name ?? '',
    targetId: changed(e, 'ServicePrincipal.ObjectID') ?? target?.id ?? '',
    fields: [
      ...field('ConsentType', granted?.type ?? (onBehalf === 'True' ? 'AllPrincipals' : undefined)),
      ...field('Scope', granted?.scope),
      ...field('Resource', client && client !== target?.name ? target?.name : undefined),
      ...field('Assigned to', changed(e, 'User.UPN')),
    ],
  };
}

function securityInfo(e: Event): Draft | undefined {
  if (!isSecurityInfo(e)) return undefined;
  const detail = changesOf(e).find(({ name }) => name.startsWith('StrongAuthentication'));
  const id = detail && /"Id":"([^"]+)"/.exec(detail.value)?.[1];
  return {
    section: 'security',
    kind: 'security-info',
    target: textAt(e.value, 'resultReason') ?? detail?.name ?? '',
    targetId: id ?? '',
    fields: [...field('Result', textAt(e.value, 'result')), ...field('Method id', id)],
  };
}

function device(e: Event): Draft | undefined {
  if (!isDeviceChange(e)) return undefined;
  const targets = targetsOf(e);
  const target =
    targets.find((t) => t.type === 'device') ??
    ({
      name: changed(e, 'Device.DisplayName') ?? targets[0]?.name ?? '',
      id: targets[0]?.id ?? '',
    } as Target);
  return {
    section: 'security',
    kind: 'device',
    target: target.name,
    targetId: target.id,
    fields: [
      ...field('Operating system', changed(e, 'DeviceOSType')),
      ...field('Trust type', changed(e, 'DeviceTrustType')),
      ...field('User agent', e.userAgent),
    ],
  };
}

function rule(e: Event): Draft | undefined {
  if (!isRuleChange(e)) return undefined;
  const parameters = parametersOf(e);
  const name = parameters.find(([n]) => n === 'Name')?.[1] ?? parameters.find(([n]) => n === 'Identity')?.[1];
  return {
    section: 'rules',
    kind: 'rule',
    target: name ?? textAt(e.value, 'ObjectId') ?? '',
    targetId: textAt(e.value, 'ObjectId') ?? '',
    fields: parameters.slice(0, 30).map(([n, value]) => ({ name: n, value })),
  };
}

function forwarding(e: Event): Draft | undefined {
  if (e.operation !== 'Set-Mailbox' || forwardsOf(e).length === 0) return undefined;
  return {
    section: 'rules',
    kind: 'forwarding',
    target: textAt(e.value, 'ObjectId') ?? '',
    targetId: '',
    fields: parametersOf(e)
      .slice(0, 30)
      .map(([name, value]) => ({ name, value })),
  };
}

const sending: Extract = (e) =>
  isSending(e)
    ? {
        section: 'mail',
        kind: 'sent',
        target: subjectOf(e),
        targetId: messageIdOf(e),
        fields: field('Attachments', textAt(e.value, 'Item', 'Attachments')),
      }
    : undefined;

function reading(e: Event): Draft | undefined {
  if (e.operation !== 'MailItemsAccessed') return undefined;
  const folders = objectsAt(e.value, 'Folders');
  const messages = folders.reduce((n, f) => n + objectsAt(f, 'FolderItems').length, 0);
  const paths = distinct([
    ...folders.map((f) => textOf(f['Path'])),
    textAt(e.value, 'Item', 'ParentFolder', 'Path'),
    textAt(objectAt(e.value, 'Folder'), 'Path'),
  ]);
  return {
    section: 'mail',
    kind: accessType(e) === 'Sync' ? 'synced' : 'read',
    target: paths.join(', '),
    targetId: '',
    fields: [
      ...field('Access', accessType(e)),
      ...field('Messages', messages > 0 ? String(messages) : undefined),
      ...field('Throttled', throttled(e)),
    ],
  };
}

const throttled = (e: Event): string | undefined =>
  objectsAt(e.value, 'OperationProperties').some(
    (p) => p['Name'] === 'IsThrottled' && /^true$/i.test(String(p['Value'])),
  )
    ? 'yes: reads of the following 24 hours are not recorded'
    : undefined;

const deletion: Extract = (e) =>
  isDeletion(e)
    ? {
        section: 'mail',
        kind: 'deleted',
        target: distinct(affectedSubjects(e)).slice(0, 20).join(' | '),
        targetId: '',
        fields: [
          ...field('Items', String(objectsAt(e.value, 'AffectedItems').length)),
          ...field('Folder', textAt(e.value, 'Folder', 'Path')),
        ],
      }
    : undefined;

const FILES =
  /^File(Accessed|Downloaded|SyncDownloadedFull|Previewed|Deleted|Recycled|Uploaded|Copied|Moved|Renamed)/;

const file: Extract = (e) =>
  FILES.test(e.operation)
    ? {
        section: 'files',
        kind: /Download/.test(e.operation) ? 'downloaded' : 'other',
        target: textAt(e.value, 'SourceFileName') ?? textAt(e.value, 'ObjectId') ?? '',
        targetId: textAt(e.value, 'ObjectId') ?? '',
        fields: [
          ...field('Site', textAt(e.value, 'SiteUrl')),
          ...field('Folder', textAt(e.value, 'SourceRelativeUrl')),
        ],
      }
    : undefined;

/** A new kind of fact is one function here. The first that knows a record tells it. */
const EXTRACTORS: readonly Extract[] = [
  consent,
  application,
  securityInfo,
  device,
  rule,
  forwarding,
  sending,
  reading,
  deletion,
  file,
];

export function draftOf(e: Event): Draft | undefined {
  for (const extract of EXTRACTORS) {
    const draft = extract(e);
    if (draft) return draft;
  }
  return undefined;
}
