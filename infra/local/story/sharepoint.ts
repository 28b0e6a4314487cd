import { ONEDRIVE_SYNC, SHAREPOINT_WEB } from './apps.ts';
import type { User } from './company.ts';
import { oneDrive, sharePointRecord, teamLibrary, type FileFacts } from './sharepoint-record.ts';
import { MINUTE, SECOND } from './time.ts';
import { moment, type WorkDay } from './workday.ts';

const FILES = 1.7;

// prettier-ignore
const DOCUMENTS = [
  'Price list 2027.xlsx', 'Offer 40 pallets.docx', 'Customs checklist.pdf', 'Nabídka – jaro.docx',
  'Übergabeprotokoll.docx', 'Stock 2026-11.xlsx', 'Supplier rating.xlsx', 'Zmluva o preprave.pdf',
  'Minutes.docx', 'Route plan.pptx', 'Budget (v3).xlsx', 'Lieferschein 88-120.pdf', 'Onboarding.pptx', 'n',
  'Reklamácia 7.msg', 'Photo 1.jpg',
] as const;

const PAGES = ['Forms/AllItems.aspx', 'viewlsts.aspx', 'onedrive.aspx', 'SharePointHome.aspx'] as const;

export function fileTraffic(day: WorkDay, rate: number): void {
  for (let n = day.random.count(FILES * rate); n > 0; n--) fileWork(day);
}

function fileWork(day: WorkDay): void {
  const kind = day.random.unit();
  if (kind < 0.36) return file(day, 'FileAccessed');
  if (kind < 0.55) return file(day, 'FileModified');
  if (kind < 0.63) return file(day, 'FilePreviewed');
  if (kind < 0.7) return file(day, 'FileUploaded');
  if (kind < 0.76) return file(day, 'FileDownloaded');
  if (kind < 0.83) return synced(day);
  if (kind < 0.86) return file(day, 'FileRenamed');
  if (kind < 0.88) return file(day, 'FileDeleted');
  if (kind < 0.97) return page(day);
  sharing(day);
}

function facts(
  day: WorkDay,
  operation: string,
  recordType: FileFacts['recordType'],
  name: string,
): FileFacts {
  const { random, browser, user } = day;
  return {
    tenantId: day.company.settings.tenantId,
    id: random.guid(),
    atMs: moment(day),
    operation,
    recordType,
    user,
    ip: browser.ip,
    userAgent: browser.userAgent,
    ...(random.chance(0.75) ? { session: browser.session } : undefined),
    token: random.token(),
    clientAppId: SHAREPOINT_WEB.id,
    clientAppName: SHAREPOINT_WEB.name,
    library: random.chance(0.6) ? teamLibrary(user.department) : oneDrive(user),
    file: name,
    correlationId: random.guid(),
    managed: true,
  };
}

const post = (day: WorkDay, f: FileFacts, rest?: object): void =>
  day.out.post({
    source: 'ual-sharepoint',
    id: f.id,
    body: rest ? { ...sharePointRecord(f), ...rest } : sharePointRecord(f),
    eventMs: f.atMs,
    about: f.user.asActor,
  });

const file = (day: WorkDay, operation: string): void =>
  post(day, facts(day, operation, 6, day.random.pick(DOCUMENTS)));

/** The sync client's downloads come in small bursts, from the desktop. */
function synced(day: WorkDay): void {
  const first = facts(day, 'FileSyncDownloadedFull', 6, day.random.pick(DOCUMENTS));
  const { session: _, ...rest } = first;
  post(day, {
    ...rest,
    ip: day.desktop.ip,
    userAgent: 'Microsoft SkyDriveSync 25.189.0928.0001 ship; Windows NT 10.0 (26100)',
    clientAppId: ONEDRIVE_SYNC.id,
    clientAppName: ONEDRIVE_SYNC.name,
    atMs: first.atMs + day.random.whole(0, 40) * SECOND,
  });
}

const page = (day: WorkDay): void => post(day, facts(day, 'PageViewed', 4, day.random.pick(PAGES)));

/** Sharing with a colleague names the colleague: the target of the record. */
function sharing(day: WorkDay): void {
  const { random, company } = day;
  const with_: User = random.pick(company.users);
  const f = facts(day, random.chance(0.5) ? 'SharingSet' : 'AddedToSecureLink', 14, random.pick(DOCUMENTS));
  const about = with_ === day.user ? day.user.asActor : [...day.user.asActor, ...with_.asTarget];
  const body = {
    ...sharePointRecord(f),
    TargetUserOrGroupName: with_.upn,
    TargetUserOrGroupType: 'Member',
    EventData: '<Permissions granted>Contribute</Permissions granted>',
    UniqueSharingId: random.guid(),
  };
  const late = random.chance(0.1) ? { afterMs: random.whole(90, 240) * MINUTE } : undefined;
  day.out.post({ source: 'ual-sharepoint', id: f.id, body, eventMs: f.atMs, about, ...late });
}
