import { oneDriveName, TENANT_NAME, type User } from './company.ts';
import { guidOf } from './random.ts';
import { zoneless } from './time.ts';

/** A document library: a team's or a person's OneDrive. */
export interface Library {
  readonly siteUrl: string;
  readonly site: string;
  readonly web: string;
  readonly list: string;
  readonly folder: string;
  readonly workload: 'SharePoint' | 'OneDrive';
}

const libraries = new Map<string, Library>();

function library(siteUrl: string, folder: string, workload: Library['workload']): Library {
  const known = libraries.get(siteUrl);
  if (known) return known;
  const made = {
    siteUrl,
    folder,
    workload,
    site: guidOf('site', siteUrl),
    web: guidOf('web', siteUrl),
    list: guidOf('list', siteUrl),
  };
  libraries.set(siteUrl, made);
  return made;
}

export const teamLibrary = (department: string): Library =>
  library(`https://${TENANT_NAME}.sharepoint.com/sites/${department}/`, 'Shared Documents', 'SharePoint');

export const oneDrive = (user: User): Library =>
  library(
    `https://${TENANT_NAME}-my.sharepoint.com/personal/${oneDriveName(user)}/`,
    'Documents',
    'OneDrive',
  );

export interface FileFacts {
  readonly tenantId: string;
  readonly id: string;
  readonly atMs: number;
  readonly operation: string;
  /** 4 pages and lists, 6 files, 14 sharing. */
  readonly recordType: 4 | 6 | 14;
  readonly user: User;
  readonly ip: string;
  readonly userAgent: string;
  readonly session?: string;
  readonly token: string;
  readonly clientAppId: string;
  readonly clientAppName: string;
  readonly library: Library;
  readonly file: string;
  readonly correlationId: string;
  readonly managed: boolean;
}

/** A SharePoint or OneDrive record. The user key is the PUID in the claims form. */
export function sharePointRecord(f: FileFacts) {
  const { library: at } = f;
  return {
    AppAccessContext: {
      ...(f.session === undefined ? undefined : { AADSessionId: f.session }),
      ClientAppId: f.clientAppId,
      ClientAppName: f.clientAppName,
      CorrelationId: f.correlationId,
      TokenIssuedAtTime: zoneless(f.atMs - 1_900_000),
      UniqueTokenId: f.token,
    },
    CreationTime: zoneless(f.atMs),
    Id: f.id,
    Operation: f.operation,
    OrganizationId: f.tenantId,
    RecordType: f.recordType,
    UserKey: `i:0h.f|membership|${f.user.puid.toLowerCase()}@live.com`,
    UserType: 0,
    Version: 1,
    Workload: at.workload,
    ClientIP: f.ip,
    UserId: f.user.upn,
    AuthenticationType: 'OAuth',
    BrowserName: f.userAgent.startsWith('Mozilla') ? 'Edge' : '',
    BrowserVersion: '',
    CorrelationId: f.correlationId,
    EventSource: 'SharePoint',
    IsManagedDevice: f.managed,
    ItemType: f.recordType === 4 ? 'Page' : 'File',
    ListId: at.list,
    ListItemUniqueId: guidOf('item', at.siteUrl, f.file),
    Platform: 'WinDesktop',
    Site: at.site,
    UserAgent: f.userAgent,
    WebId: at.web,
    DeviceDisplayName: f.managed ? f.user.deviceName : f.ip,
    ...placeOf(f),
  };
}

function placeOf({ library: at, file, recordType }: FileFacts) {
  if (recordType === 4) return { CustomUniqueId: true, ObjectId: `${at.siteUrl}_layouts/15/${file}` };
  return {
    FileSizeBytes: 20_480 + ((file.length * 7919) % 400_000),
    SiteUrl: at.siteUrl,
    SourceFileExtension: file.slice(file.lastIndexOf('.') + 1),
    SourceFileName: file,
    SourceRelativeUrl: at.folder,
    ObjectId: `${at.siteUrl}${at.folder}/${file}`,
  };
}
