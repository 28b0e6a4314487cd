import type { User } from './company.ts';
import type { Outbox } from './outbox.ts';
import type { Random } from './random.ts';
import type { Involvement } from './story-record.ts';
import { SECOND, ticks, zoneless } from './time.ts';
import type { Settings } from './options.ts';
import { entraRecord } from './directory-ual.ts';

/** A property's old and new value; both logs write them as JSON in a string, each in its own way. */
export type Change = readonly [name: string, from: unknown, to: unknown];

export interface Target {
  readonly type: 'User' | 'Application' | 'ServicePrincipal' | 'Group' | 'Device';
  readonly id: string;
  readonly name: string;
  readonly user?: User;
  /** Application id of a service principal. */
  readonly appId?: string;
  readonly changes?: readonly Change[];
}

export interface HumanActor {
  readonly user: User;
  readonly ip: string;
  readonly userAgent: string;
  readonly session?: string;
  readonly deviceId?: string;
}

export interface AppActor {
  readonly app: string;
  readonly servicePrincipalId: string;
}

/** One change in the directory, as both logs tell it. */
export interface DirectoryChange {
  readonly atMs: number;
  /** As Graph names it; the unified audit log adds a full stop to most. */
  readonly activity: string;
  readonly category: 'ApplicationManagement' | 'UserManagement' | 'GroupManagement' | 'Device' | 'Policy';
  readonly service: 'Core Directory' | 'Authentication Methods' | 'Device Registration Service' | 'Azure MFA';
  readonly kind: 'Add' | 'Update' | 'Assign' | 'Delete' | 'Register';
  readonly actor: HumanActor | AppActor;
  readonly targets: readonly Target[];
  readonly correlationId: string;
  readonly reason?: string;
  readonly step?: string;
  readonly againAfterMs?: number;
}

/** Publishes a change in directory-audits and, when it is a Core Directory one, in ual-entra. */
export function changeDirectory(
  out: Outbox,
  settings: Settings,
  random: Random,
  change: DirectoryChange,
): void {
  const common = {
    eventMs: change.atMs,
    about: peopleIn(change),
    ...(change.step === undefined ? undefined : { step: change.step }),
  };
  const auditId = `Directory_${change.correlationId}_${random.hex(3).toUpperCase()}_${random.whole(10_000_000, 99_999_999)}`;
  const again = change.againAfterMs === undefined ? undefined : { againAfterMs: change.againAfterMs };
  out.post({
    ...common,
    ...again,
    source: 'directory-audits',
    id: auditId,
    body: directoryAudit(settings, random, change, auditId),
  });
  if (change.service !== 'Core Directory') return;
  const id = random.guid();
  out.post({
    ...common,
    eventMs: Math.floor(change.atMs / SECOND) * SECOND,
    source: 'ual-entra',
    id,
    body: entraRecord(settings, random, change, id),
  });
}

function peopleIn({ actor, targets }: DirectoryChange): readonly Involvement[] {
  const people = 'user' in actor ? [...actor.user.asActor] : [];
  for (const { user } of targets) if (user) people.push(...user.asTarget);
  return people;
}

function directoryAudit(settings: Settings, random: Random, change: DirectoryChange, id: string) {
  return {
    id,
    category: change.category,
    correlationId: change.correlationId,
    result: 'success',
    resultReason: change.reason ?? '',
    activityDisplayName: change.activity,
    activityDateTime: ticks(change.atMs, random.whole(0, 9999)),
    loggedByService: change.service,
    operationType: change.kind,
    userAgent: null,
    initiatedBy: initiator(settings, random, change),
    targetResources: change.targets.map(targetResource),
    additionalDetails: 'user' in change.actor ? [{ key: 'User-Agent', value: change.actor.userAgent }] : [],
  };
}

function initiator(settings: Settings, random: Random, { actor, atMs }: DirectoryChange) {
  if (!('user' in actor))
    return {
      user: null,
      app: {
        appId: null,
        displayName: actor.app,
        servicePrincipalId: actor.servicePrincipalId,
        servicePrincipalName: null,
      },
    };
  return {
    app: null,
    user: {
      id: actor.user.id,
      displayName: null,
      userPrincipalName: actor.user.spelledUpn,
      ipAddress: actor.ip,
      userType: 'Member',
      homeTenantId: settings.tenantId,
      homeTenantName: null,
    },
    ...(actor.session === undefined ? undefined : { linkableIdentifiers: linkable(random, actor, atMs) }),
  };
}

/** Beta only: what ties a change to the sign-in it was made under. */
const linkable = (random: Random, actor: HumanActor, atMs: number) => ({
  sessionId: actor.session,
  deviceId: actor.deviceId ?? null,
  tokenDetails: { uniqueTokenIdentifier: random.token(), issuedAtDateTime: `${zoneless(atMs - 240_000)}Z` },
});

const targetResource = (target: Target) => ({
  id: target.id,
  displayName: target.user ? null : target.name,
  type: target.type,
  userPrincipalName: target.user?.spelledUpn ?? null,
  groupType: target.type === 'Group' ? 'unifiedGroups' : null,
  modifiedProperties: modifiedProperties(target),
  administrativeUnits: [],
});

function modifiedProperties({ changes = [], appId }: Target) {
  const properties = changes.map(([displayName, from, to]) => ({
    displayName,
    oldValue: from === undefined ? null : JSON.stringify(from),
    newValue: to === undefined ? null : JSON.stringify(to),
  }));
  if (changes.length > 0)
    properties.push({
      displayName: 'Included Updated Properties',
      oldValue: null,
      newValue: JSON.stringify(changes.map(([name]) => name).join(', ')),
    });
  if (appId !== undefined)
    properties.push({
      displayName: 'TargetId.ServicePrincipalNames',
      oldValue: null,
      newValue: JSON.stringify(appId),
    });
  return properties;
}
