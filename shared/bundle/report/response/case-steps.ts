import { textOf } from '../../../record.ts';
import type { Fact } from '../../analysis/facts.ts';
import { formatSeconds } from '../../../instant.ts';
import { plural, type Inline, type StepState, type Text } from '../doc.ts';
import { factsOf, numbersIn, numbersOf, sessionsOf, victims, type ReportInput } from '../input.ts';
import { ps } from './quote.ts';
import { appsSeen, shown } from './snapshots.ts';
import { loudest, type ResponseStep } from './step.ts';

/** Steps 6 to 9: applications, logs, recipients, other users. */
export const caseSteps = (input: ReportInput): ResponseStep[] => [
  applications(input),
  preserveLogs(input),
  recipients(input),
  otherUsers(input),
];

/** Applications acted upon in suspicious sessions, by id, with the facts. */
export function touchedApps(input: ReportInput): Map<string, Fact[]> {
  const apps = new Map<string, Fact[]>();
  for (const fact of factsOf(input, 'activity')) {
    if (fact.targetId === '') continue;
    apps.set(fact.targetId, [...(apps.get(fact.targetId) ?? []), fact]);
  }
  return apps;
}

function applications(input: ReportInput): ResponseStep {
  const facts = factsOf(input, 'activity');
  const { states, text } = appStates(input);
  const nothing = facts.length === 0;
  return {
    title: 'Disable suspicious applications (enterprise application and registration)',
    state: nothing ? 'nothing' : states.length > 0 ? loudest(states) : 'unknown',
    because: nothing
      ? ['No application was touched in a suspicious session.', { file: 'coverage.json' }]
      : [...new Set(facts.map((f) => f.target).filter(Boolean))]
          .flatMap((name): Inline[] => [{ strong: name }, ' '])
          .concat([
            { cite: numbersIn(facts).slice(0, 6) },
            ' ',
            ...(text.length > 0
              ? text
              : ['No snapshot shows its state.', { file: 'manifest.json' } as Inline]),
          ]),
    portal:
      'Enterprise application: Microsoft Entra ID > Enterprise applications > (application) > Properties > Enabled for users to sign-in: No. Registration: App registrations > (application) > Certificates & secrets (remove the secrets), API permissions (remove the permissions)',
    commands: nothing ? [] : [{ title: 'Graph PowerShell', text: appCommands(input) }],
    caution:
      'Disable, do not delete, until the case is closed: reply addresses, owners and credential dates are evidence.',
  };
}

function appStates(input: ReportInput): { states: StepState[]; text: Text } {
  const principals = appsSeen(input, 'service-principal').map(({ file, app }): [StepState, Text] => {
    const on = app['accountEnabled'] !== false;
    const text = `Enterprise application "${nameOf(app)}" is ${on ? 'enabled' : 'disabled'}.`;
    return [on ? 'open' : 'done', [text, shown(file), ' ']];
  });
  const registrations = appsSeen(input, 'application').map(({ file, app }): [StepState, Text] => {
    const secrets = [app['passwordCredentials'], app['keyCredentials']].flatMap((c) =>
      Array.isArray(c) ? c : [],
    );
    const text = `Registration "${nameOf(app)}" has ${plural(secrets.length, 'credential')}.`;
    return [secrets.length > 0 ? 'open' : 'done', [text, shown(file), ' ']];
  });
  const all = [...principals, ...registrations];
  return { states: all.map(([state]) => state), text: all.flatMap(([, text]) => text) };
}

const nameOf = (app: Readonly<Record<string, unknown>>): string => textOf(app['displayName']) ?? '';

function appCommands(input: ReportInput): string {
  const idsOf = (what: string): string[] =>
    appsSeen(input, what).flatMap(({ app }) => textOf(app['id']) ?? []);
  const known = [...touchedApps(input)]
    .filter(([, facts]) => facts.some((f) => f.kind === 'application'))
    .map(([id]) => id);
  const principals = idsOf('service-principal');
  const spIds = principals.length > 0 ? principals : known;
  const names = [
    ...new Set(
      factsOf(input, 'activity')
        .map((f) => f.target)
        .filter(Boolean),
    ),
  ];
  return [
    'Connect-MgGraph -Scopes Application.ReadWrite.All,DelegatedPermissionGrant.ReadWrite.All',
    `# ${names.map((n) => ps(n)).join(', ')}`,
    ...spIds.map((id) => `Update-MgServicePrincipal -ServicePrincipalId ${ps(id)} -AccountEnabled:$false`),
    ...spIds.map(
      (id) =>
        `Get-MgOauth2PermissionGrant -Filter ${ps(`clientId eq '${id}'`)}   # then Remove-MgOauth2PermissionGrant`,
    ),
    ...idsOf('application').map(
      (id) =>
        `Get-MgApplication -ApplicationId ${ps(id)} | Select-Object -ExpandProperty PasswordCredentials   # then Remove-MgApplicationPassword`,
    ),
  ].join('\n');
}

const RECORD_TYPES =
  '"ExchangeAdmin","ExchangeItem","ExchangeItemGroup","ExchangeItemAggregated","AzureActiveDirectory","AzureActiveDirectoryStsLogon","SharePoint","SharePointFileOperation","OneDrive"';

function preserveLogs(input: ReportInput): ResponseStep {
  const open = input.plan.coverage.filter((c) => c.state !== 'complete');
  const { fromMs, toMs } = input.plan.scope;
  const users = victims(input);
  return {
    title: 'Preserve logs',
    state: input.plan.coverage.length === 0 ? 'unknown' : open.length === 0 ? 'done' : 'open',
    because: [
      `${input.plan.coverage.length - open.length} of ${plural(input.plan.coverage.length, 'source')} are proven complete for the span, in write-once storage.`,
      { file: 'coverage.json' },
      ...(open.length > 0 ? [` Not complete: ${open.map((c) => c.source).join(', ')}.`] : []),
    ],
    portal:
      'Microsoft Entra ID > Monitoring > Sign-in logs and Audit logs > Download; Microsoft Purview > Solutions > Audit',
    commands: [
      {
        title: 'Exchange Online PowerShell, as a second way to the unified audit log',
        text: [
          `$recordTypes = @(${RECORD_TYPES})`,
          `$users = @(${(users.length > 0 ? users : input.plan.people.map((p) => p.name)).map((u) => ps(u)).join(', ')})`,
          'foreach ($type in $recordTypes) {',
          `  Search-UnifiedAuditLog -UserIds $users -StartDate ${ps(formatSeconds(fromMs))} -EndDate ${ps(formatSeconds(toMs))} -RecordType $type -ResultSize 5000 -SessionCommand ReturnLargeSet |`,
          '    Select-Object CreationDate,UserIds,RecordType,Operations,AuditData | Export-Csv -Append -NoTypeInformation -Path ual.csv',
          '}',
        ].join('\n'),
      },
    ],
  };
}

function recipients(input: ReportInput): ResponseStep {
  const found = input.plan.expansion.included.filter((i) => i.kind === 'recipient');
  const sent = factsOf(input, 'mail').filter((f) => f.kind === 'sent');
  const subjects = [...new Set(sent.map((f) => f.target))].slice(0, 10);
  return {
    title: 'Find other recipients of the mail that started it, and of the mails sent since',
    state: 'open',
    because:
      sent.length === 0
        ? [
            'No mail was sent in a suspicious session; the mail that started it is not in these records.',
            { file: 'coverage.json' },
          ]
        : [
            `${plural(sent.length, 'mail')} sent in suspicious sessions.`,
            { cite: numbersIn(sent).slice(0, 4) },
            found.length > 0
              ? ' Recipients that mail protection recorded: '
              : ' Mail protection recorded no recipient.',
            ...found
              .slice(0, 40)
              .flatMap((r, i): Inline[] => [
                i === 0 ? '' : ', ',
                { code: r.key },
                { cite: numbersOf(input, r.records).slice(0, 2) },
              ]),
          ],
    portal: 'Microsoft Defender > Email & collaboration > Explorer',
    commands: [
      {
        title: 'Exchange Online PowerShell',
        text:
          victims(input)
            .map(
              (u) =>
                `Get-MessageTraceV2 -SenderAddress ${ps(u)} -StartDate ${ps(formatSeconds(input.plan.scope.fromMs))} -EndDate ${ps(formatSeconds(input.plan.scope.toMs))}`,
            )
            .concat(
              subjects.map(
                (s) =>
                  `Get-MessageTraceV2 -Subject ${ps(s)} -SubjectFilterType Contains -StartDate (Get-Date).AddDays(-10) -EndDate (Get-Date)`,
              ),
            )
            .join('\n') || '# no sender and no subject is known',
      },
    ],
  };
}

function otherUsers(input: ReportInput): ResponseStep {
  const { depth, included } = input.plan.expansion;
  const others = included.filter((i) => i.kind === 'user' && i.depth > 0);
  const addresses = [...new Set(input.analysis.suspicious.flatMap((s) => s.newAddresses))].slice(0, 20);
  const users = victims(input);
  const cite: Inline =
    others.length > 0
      ? { cite: others.flatMap((o) => numbersOf(input, o.records)).slice(0, 6) }
      : { file: 'manifest.json' };
  return {
    title: 'Find other compromised users',
    state: depth > 0 ? 'done' : 'open',
    because: [
      depth > 0
        ? `Followed to depth ${depth}: ${plural(others.length, 'other user')} found by addresses and sessions.`
        : 'Not followed (expand 0): ask again with expand 1 or more.',
      ' ',
      ...others
        .slice(0, 40)
        .flatMap((o, i): Inline[] => [
          i === 0 ? '' : ', ',
          { strong: o.key },
          sessionsOf(input, o.key).length > 0 ? ' (suspicious session)' : ' (no suspicious session)',
        ]),
      cite,
    ],
    portal: 'Microsoft Entra ID > Monitoring > Sign-in logs > filter by IP address',
    commands:
      addresses.length === 0 || users.length === 0
        ? []
        : [
            {
              title: 'Graph PowerShell',
              text: `Connect-MgGraph -Scopes AuditLog.Read.All\n${addresses.map((ip) => `Get-MgAuditLogSignIn -Filter ${ps(`ipAddress eq '${ip}'`)}`).join('\n')}`,
            },
          ],
  };
}
