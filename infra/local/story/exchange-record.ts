import { ORGANIZATION, type User } from './company.ts';
import { appAccess, type MailClient } from './mail-client.ts';
import { zoneless } from './time.ts';

export interface MailboxFacts {
  readonly tenantId: string;
  readonly id: string;
  readonly atMs: number;
  readonly operation: string;
  /** 2 one item, 3 several items, 50 mail read (Bind). */
  readonly recordType: 2 | 3 | 50;
  readonly actor: User;
  readonly owner: User;
  readonly client: MailClient;
  /** The address as this record shapes it. */
  readonly ip: string;
  readonly server: string;
  readonly token: string;
  /** Where the session id stands: nowhere, at the top level, in AppAccessContext, or in both. */
  readonly linked: 'none' | 'top' | 'context' | 'both';
}

/** A mailbox-audit record without its item: callers add `Item`, `Folder`, `AffectedItems` or `Folders`. */
export function mailboxRecord(f: MailboxFacts) {
  const { client } = f;
  return {
    ...(f.linked === 'top'
      ? undefined
      : { AppAccessContext: appAccess(client, f.atMs, f.token, inContext(f)) }),
    CreationTime: zoneless(f.atMs),
    Id: f.id,
    Operation: f.operation,
    OrganizationId: f.tenantId,
    RecordType: f.recordType,
    ResultStatus: 'Succeeded',
    UserKey: f.actor.puid,
    UserType: 0,
    Version: 1,
    Workload: 'Exchange',
    ClientIP: client.relay ?? (client.process === undefined ? f.ip : client.ip),
    UserId: f.actor.spelledUpn,
    ...(client.appId === undefined ? undefined : { AppId: client.appId }),
    ClientIPAddress: f.ip,
    ClientInfoString: client.info,
    ...(client.process === undefined
      ? undefined
      : {
          ClientProcessName: client.process,
          ClientRequestId: `{${f.token.slice(0, 12)}}`,
          ClientVersion: client.version,
        }),
    ExternalAccess: false,
    InternalLogonType: 0,
    LogonType: f.actor === f.owner ? 0 : 2,
    LogonUserSid: f.actor.sid,
    MailboxGuid: f.owner.mailboxGuid,
    MailboxOwnerSid: f.owner.sid,
    MailboxOwnerUPN: f.owner.spelledUpn,
    OrganizationName: ORGANIZATION,
    OriginatingServer: f.server,
    ...(f.linked === 'top' || f.linked === 'both' ? { SessionId: client.session } : undefined),
  };
}

const inContext = (f: MailboxFacts): boolean => f.linked === 'context' || f.linked === 'both';

export interface Folder {
  readonly Id: string;
  readonly Path: string;
}

/** A mailbox's well-known folder; ids start alike, as those of one mailbox do. */
export const folderOf = (owner: User, path: string): Folder => ({
  Id: `LgAAAAC${owner.mailboxGuid.replaceAll('-', '').slice(0, 22)}AQC${owner.puid.slice(-9)}AAAAAAE${FOLDER_LETTERS[path] ?? 'Z'}AAAB`,
  Path: `\\${path}`,
});

const FOLDER_LETTERS: Record<string, string> = {
  Inbox: 'M',
  'Sent Items': 'J',
  Drafts: 'P',
  'Deleted Items': 'K',
  Calendar: 'N',
};

export interface MailItem {
  readonly id: string;
  readonly messageId: string;
  readonly subject: string;
  readonly size: number;
  readonly attachments?: string;
}

export const itemOf = (item: MailItem, folder: Folder) => ({
  ...(item.attachments === undefined ? undefined : { Attachments: item.attachments }),
  Id: item.id,
  InternetMessageId: item.messageId,
  IsRecord: false,
  ParentFolder: folder,
  SizeInBytes: item.size,
  Subject: item.subject,
});

export const affectedItem = (item: MailItem, folder: Folder) => ({
  Id: item.id,
  InternetMessageId: item.messageId,
  ParentFolder: folder,
  Subject: item.subject,
});

/** What a read record says: Bind lists messages, Sync only the folder. */
export const mailAccess = (type: 'Bind' | 'Sync') => [
  { Name: 'MailAccessType', Value: type },
  { Name: 'IsThrottled', Value: 'False' },
];

export interface CmdletFacts {
  readonly tenantId: string;
  readonly id: string;
  readonly atMs: number;
  readonly operation: string;
  readonly actor: User;
  readonly objectId: string;
  readonly parameters: readonly (readonly [string, string])[];
  readonly client: MailClient;
  readonly ip: string;
  readonly server: string;
  readonly token: string;
}

/** An Exchange cmdlet run by a person (RecordType 1): the session id stands in both places. */
export const cmdletRecord = (f: CmdletFacts) => ({
  AppAccessContext: appAccess(f.client, f.atMs, f.token, true),
  CreationTime: zoneless(f.atMs),
  Id: f.id,
  Operation: f.operation,
  OrganizationId: f.tenantId,
  RecordType: 1,
  ResultStatus: 'True',
  UserKey: f.actor.puid,
  UserType: 2,
  Version: 1,
  Workload: 'Exchange',
  ClientIP: f.ip,
  ObjectId: f.objectId,
  UserId: f.actor.spelledUpn,
  AppId: f.client.appId ?? '',
  ClientAppId: '',
  ExternalAccess: false,
  OrganizationName: ORGANIZATION,
  OriginatingServer: f.server.trimEnd(),
  Parameters: f.parameters.map(([Name, Value]) => ({ Name, Value })),
  SessionId: f.client.session,
});
