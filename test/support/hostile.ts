import { planBundle } from '../../shared/bundle/incident/plan.ts';
import type { SourceId } from '../../shared/sources.ts';
import type { SnapshotFile } from '../../shared/snapshot.ts';
import { bundleWorld } from './bundle-world.ts';
import { zipped } from './zipped.ts';

/** What attackers put into subjects, names of rules, files and applications, user agents and addresses. */
export const HOSTILE: readonly string[] = [
  '<script>globalThis.hacked=1</script>',
  '"><img src=x onerror=globalThis.hacked=1>',
  "' onmouseover='globalThis.hacked=1",
  '</style><svg onload=globalThis.hacked=1>',
  '</code></pre></td></table><iframe src=javascript:globalThis.hacked=1>',
  '[click](javascript:globalThis.hacked=1) ![x](http://evil.example/x.png) <http://evil.example>',
  '`code` | pipe | **bold** ~~strike~~ # not a heading',
  "=cmd|'/c calc'!A1",
  '+1+1',
  '-2+3',
  '@SUM(A1:A2)',
  '\t=1+1',
  '\r=1+1',
  '../../../../etc/passwd',
  '..\\..\\windows\\system32',
  '\u202egpj.exe',
  '\u2066isolate\u2069\u200f',
  '\u001b[31mred\u001b[0m\u001b]0;title\u0007',
  '\u0000nul\u0000',
  '\ud800 lone \udc00',
  'x'.repeat(1024 * 1024),
  "'; Remove-Item C:\\ -Recurse; '",
  '\u2019; Remove-Item C:\\ -Recurse; \u2019',
  '$(rm -rf /) `rm -rf /`',
  'line\nbreak\r\nDROP',
  '\u2028separator\u2029',
  '&lt;b&gt; &#x3c;',
  '{{constructor.constructor("globalThis.hacked=1")()}}',
  '_x000D_',
  "] OR [ipv4-addr:value = '1.1.1.1'",
];

export const HOSTILE_TENANT = '11111111-1111-4111-8111-111111111111';
const SESSION = '44444444-4444-4444-8444-444444444444';
const DAY = '2026-11-20';
const USER = 'a@x.example';

const at = (n: number): string =>
  `${DAY}T10:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}`;

interface Made {
  readonly source: SourceId;
  readonly text: string;
}

/** Records of one session in which every text is hostile, one text after the other. */
function hostileRecords(): Made[] {
  return HOSTILE.flatMap((text, n): Made[] => {
    const base = { CreationTime: at(n), UserId: USER, SessionId: SESSION, ClientIPAddress: '203.0.113.9' };
    const make = (source: SourceId, value: object): Made => ({ source, text: JSON.stringify(value) });
    return [
      make('ual-exchange', {
        Id: `send-${n}-${text.slice(0, 50)}`,
        ...base,
        Operation: 'Send',
        RecordType: 2,
        Item: { Subject: text, InternetMessageId: text.slice(0, 100), Attachments: text },
        ClientInfoString: text,
      }),
      make('ual-exchange', {
        Id: `rule-${n}`,
        ...base,
        Operation: 'New-InboxRule',
        RecordType: 1,
        ObjectId: text,
        Parameters: [
          { Name: 'Name', Value: text },
          { Name: text, Value: text },
          { Name: 'DeleteMessage', Value: 'True' },
        ],
      }),
      make('ual-exchange', {
        Id: `del-${n}`,
        ...base,
        Operation: 'SoftDelete',
        RecordType: 3,
        AffectedItems: [{ Subject: text }],
        Folder: { Path: text },
      }),
      make('ual-exchange', {
        Id: `read-${n}`,
        ...base,
        Operation: 'MailItemsAccessed',
        RecordType: 50,
        OperationProperties: [{ Name: 'MailAccessType', Value: 'Sync' }],
        Folders: [{ Path: text }],
      }),
      make('ual-sharepoint', {
        Id: `file-${n}`,
        ...base,
        Operation: 'FileDownloaded',
        RecordType: 6,
        SourceFileName: text,
        ObjectId: text,
        SiteUrl: text,
        UserAgent: text,
      }),
      make('signins-interactive', {
        id: `sign-${n}`,
        createdDateTime: `${at(n)}Z`,
        userPrincipalName: USER,
        userId: '55555555-5555-4555-8555-555555555555',
        sessionId: SESSION,
        ipAddress: '203.0.113.9',
        userAgent: text,
        appDisplayName: text,
        appId: '66666666-6666-4666-8666-666666666666',
        correlationId: '77777777-7777-4777-8777-777777777777',
        status: { errorCode: 0 },
        riskLevelDuringSignIn: 'high',
        location: { city: text, state: text, countryOrRegion: text.slice(0, 60) },
      }),
      make('directory-audits', {
        id: `dir-${n}`,
        activityDateTime: `${at(n)}Z`,
        activityDisplayName: 'Add application',
        loggedByService: 'Core Directory',
        result: text,
        initiatedBy: {
          user: { userPrincipalName: USER, ipAddress: '203.0.113.9' },
          linkableIdentifiers: { sessionId: SESSION },
        },
        targetResources: [
          {
            id: text.slice(0, 200),
            displayName: text,
            type: 'Application',
            modifiedProperties: [
              { displayName: 'AppAddress', newValue: JSON.stringify([{ Address: text }]) },
              { displayName: 'ConsentAction.Permissions', newValue: text },
            ],
          },
        ],
      }),
      make('directory-audits', {
        id: `sec-${n}`,
        activityDateTime: `${at(n)}Z`,
        activityDisplayName: 'User registered security info',
        resultReason: text,
        initiatedBy: { user: { userPrincipalName: USER }, linkableIdentifiers: { sessionId: SESSION } },
        targetResources: [{ id: text.slice(0, 100), displayName: text, type: 'User' }],
      }),
      make('ual-general', { Id: `op-${n}`, ...base, Operation: text, RecordType: 25 }),
    ];
  });
}

const snapshot: SnapshotFile = {
  name: 'user-a@x.example.inbox-rules',
  title: 'Inbox rules',
  subject: USER,
  request: 'GET /x',
  takenAt: '2026-11-20T12:00:00Z',
  permission: 'MailboxSettings.Read',
  outcome: 'taken',
  value: HOSTILE.map((text) => ({ displayName: text.slice(0, 1000), isEnabled: true })),
};

export async function hostileBundle(): Promise<{ zip: Buffer; files: Map<string, Buffer> }> {
  const world = await bundleWorld(HOSTILE_TENANT, hostileRecords());
  const scope = {
    tenant: HOSTILE_TENANT,
    entities: { user: [USER], session: [SESSION], ip: [], app: [] },
    fromMs: Date.parse('2026-11-19'),
    toMs: Date.parse('2026-11-22'),
  };
  const plan = await planBundle({ scope, expand: 1 }, world.deps);
  const request = {
    id: '22222222-2222-4222-8222-222222222222',
    requester: HOSTILE[1]!,
    requestedMs: Date.parse('2026-11-22'),
    title: HOSTILE[0]!,
  };
  return zipped({ request, plan, snapshots: [snapshot] }, world.blobs);
}
