import { SHAREPOINT_WEB } from './apps.ts';
import { ATTACKER_USER_AGENT, at, fromServer, type Attack } from './attacker.ts';
import { sharePointRecord, teamLibrary, type FileFacts } from './sharepoint-record.ts';
import { HOUR } from './time.ts';

export const STOLEN_FILES = [
  'PO_EcoGreenLand_inc.docx',
  'Comprehensive ERP System Requirements.docx',
] as const;

/** 05:12:10 to 05:15:38: both documents opened, then downloaded. One record comes thirty hours late. */
export function downloadFiles(attack: Attack): void {
  const [order, requirements] = STOLEN_FILES;
  file(attack, '05:12:10', 'FileAccessed', order);
  file(attack, '05:12:34', 'FileDownloaded', order);
  file(attack, '05:14:51', 'FileAccessed', requirements);
  file(attack, '05:15:38', 'FileDownloaded', requirements, 30 * HOUR);
}

function file(attack: Attack, time: string, operation: string, name: string, afterMs?: number): void {
  const { random, victim } = attack;
  const f: FileFacts = {
    tenantId: attack.company.settings.tenantId,
    id: random.guid(),
    atMs: at(attack, time),
    operation,
    recordType: 6,
    user: victim,
    ip: fromServer(attack).ip,
    userAgent: ATTACKER_USER_AGENT,
    session: attack.session,
    token: random.token(),
    clientAppId: SHAREPOINT_WEB.id,
    clientAppName: SHAREPOINT_WEB.name,
    library: teamLibrary('Purchasing'),
    file: name,
    correlationId: random.guid(),
    managed: false,
  };
  attack.out.post({
    source: 'ual-sharepoint',
    id: f.id,
    body: { ...sharePointRecord(f), BrowserName: 'Firefox', BrowserVersion: '115.0' },
    eventMs: f.atMs,
    about: victim.asActor,
    step: 'johanna/files-downloaded',
    ...(afterMs === undefined ? undefined : { afterMs }),
  });
}
