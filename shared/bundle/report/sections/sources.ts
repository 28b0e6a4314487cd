import type { SourceId } from '../../../sources.ts';
import { heading, table, type Block } from '../doc.ts';

/** What each source is, where it comes from, and what it cannot show. */
export const SOURCES_EXPLAINED: Readonly<Record<SourceId, readonly [title: string, limits: string]>> = {
  'signins-interactive': [
    'Entra sign-ins in which a person took part',
    'Kept by Microsoft for 7 days (free) or 30 (P1, P2).',
  ],
  'signins-noninteractive': [
    'Entra sign-ins by tokens, without a person',
    'As above. Many records of one client may be grouped.',
  ],
  'signins-serviceprincipal': ['Entra sign-ins of applications', 'As above.'],
  'signins-managedidentity': ['Entra sign-ins of Azure resources', 'As above.'],
  'directory-audits': [
    'Changes in the directory: applications, consents, security info, devices',
    'Kept by Microsoft for 7 or 30 days.',
  ],
  provisioning: ['Accounts provisioned to or from other systems', 'Needs Entra ID P1.'],
  'risk-detections': ['What Identity Protection reported', 'Full content needs Entra ID P2.'],
  'ual-entra': [
    'Unified audit log: directory and logons',
    '"ResultStatus" of logons only says that HTTP worked; the error number decides.',
  ],
  'ual-exchange': [
    'Unified audit log: mailboxes and Exchange administration',
    'Not every record carries a session id. Reading is recorded by message (Bind) or by whole folder (Sync); a throttled mailbox is blind for 24 hours.',
  ],
  'ual-sharepoint': [
    'Unified audit log: SharePoint and OneDrive',
    'Background access of clients looks like that of people.',
  ],
  'ual-general': [
    'Unified audit log: Teams, mail protection and everything else',
    'Mail protection names sender and recipients only for mail it judged.',
  ],
  'ual-dlp': ['Data loss prevention', 'Carries excerpts of the content that matched.'],
  'ual-search': ['Results of Purview audit searches', 'Public cloud only.'],
  import: ['Files that an investigator had before', 'As complete as those files.'],
};

export const sourceFile = (source: SourceId): string => `records/${source}.ndjson`;

/** Glossary of the sources. */
export const glossarySection = (): Block[] => [
  heading(2, 'Glossary of sources', 'glossary'),
  table(
    ['Source', 'What it is', 'What to know'],
    Object.entries(SOURCES_EXPLAINED).map(([id, [title, limits]]) => [[{ code: id }], [title], [limits]]),
  ),
];
