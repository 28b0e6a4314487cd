import { textOf } from '../../../record.ts';
import type { Fact } from '../../analysis/facts.ts';
import { plural, type Inline, type StepState, type Text } from '../doc.ts';
import { factsOf, numbersIn, sessionsOf, victims, type ReportInput } from '../input.ts';
import { ps, sh, urlPart } from './quote.ts';
import { objectsOf, shown, silence, timeIn, userSnapshot } from './snapshots.ts';
import { loudest, type ResponseStep } from './step.ts';

/** Steps 1 to 5: what is done to the users themselves. */
export const userSteps = (input: ReportInput): ResponseStep[] => [
  revoke(input),
  password(input),
  securityInfo(input),
  devices(input),
  inboxRules(input),
];

interface Told {
  readonly state: StepState;
  readonly text: Text;
}

const joined = (told: readonly Told[]): Text =>
  told.flatMap((t, i): Inline[] => [...(i === 0 ? [] : [' ']), ...t.text]);

const each = (input: ReportInput, tell: (user: string) => Told): { state: StepState; because: Text } => {
  const told = victims(input).map(tell);
  if (told.length === 0)
    return {
      state: 'nothing',
      because: ['No account shows a suspicious session.', { file: 'sessions.csv' }],
    };
  return { state: loudest(told.map((t) => t.state)), because: joined(told) };
};

const lastSeenMs = (input: ReportInput, user: string): number =>
  Math.max(...sessionsOf(input, user).map((s) => s.draft.lastMs));

/** Done if a date of the user's profile lies after the last suspicious record. */
function since(input: ReportInput, user: string, property: string, words: string): Told {
  const file = userSnapshot(input, user, 'profile');
  const profile = objectsOf(file)?.[0];
  if (!file || !profile) return { state: 'unknown', text: [`${user}: `, ...silence(file)] };
  const at = timeIn(profile, property);
  const who: Inline[] = [{ strong: user }, ': '];
  if (Number.isNaN(at)) return { state: 'open', text: [...who, `no ${words} is noted.`, shown(file)] };
  const done = at > lastSeenMs(input, user);
  const when: Inline[] = [`last ${words} `, { at: new Date(at).toISOString() }];
  const order = `, ${done ? 'after' : 'before'} the last suspicious record.`;
  return { state: done ? 'done' : 'open', text: [...who, ...when, order, shown(file)] };
}

const lines = (input: ReportInput, line: (user: string) => string): string =>
  victims(input).map(line).join('\n');

const revoke = (input: ReportInput): ResponseStep => ({
  title: 'Revoke sessions',
  ...each(input, (user) => since(input, user, 'signInSessionsValidFromDateTime', 'revocation of sessions')),
  portal: 'Azure portal > Microsoft Entra ID > Users > (user) > Revoke sessions',
  commands: [
    {
      title: 'Graph PowerShell',
      text: `Connect-MgGraph -Scopes User.RevokeSessions.All\n${lines(input, (u) => `Revoke-MgUserSignInSession -UserId ${ps(u)}`)}`,
    },
    {
      title: 'curl',
      text: lines(
        input,
        (u) =>
          `curl -X POST -H "Authorization: Bearer $TOKEN" ${sh(`https://graph.microsoft.com/v1.0/users/${urlPart(u)}/revokeSignInSessions`)}`,
      ),
    },
  ],
  caution:
    'Access tokens that are out already live on for 60 to 90 minutes, except where Continuous Access Evaluation holds. Disable the account meanwhile if that is too long; do not delete it.',
});

const password = (input: ReportInput): ResponseStep => ({
  title: 'Reset the password',
  ...each(input, (user) => since(input, user, 'lastPasswordChangeDateTime', 'change of password')),
  portal: 'Azure portal > Microsoft Entra ID > Users > (user) > Reset password',
  commands: [
    {
      title: 'Graph PowerShell',
      text: `Connect-MgGraph -Scopes User-PasswordProfile.ReadWrite.All\n${lines(input, (u) => `Update-MgUser -UserId ${ps(u)} -PasswordProfile @{ Password = (Read-Host 'New password'); ForceChangePasswordNextSignIn = $true }`)}`,
    },
  ],
  caution: 'A user synchronised from Active Directory must be reset there.',
});

function securityInfo(input: ReportInput): ResponseStep {
  const found = each(input, (user) => methodsOf(input, user));
  return {
    title: 'Remove suspicious security info',
    ...found,
    portal: 'Azure portal > Microsoft Entra ID > Users > (user) > Authentication methods > (method) > Delete',
    commands: [
      {
        title: 'Graph PowerShell: look first',
        text: `Connect-MgGraph -Scopes UserAuthenticationMethod.Read.All\n${lines(input, (u) => `Get-MgUserAuthenticationMethod -UserId ${ps(u)}`)}`,
      },
      ...removals(input),
    ],
    caution:
      'A method cannot be disabled, only removed: the snapshot and the audit records keep what it was. Ask the user which ones are theirs.',
  };
}

/** Methods that are there and were registered while the intruder was. */
function suspiciousMethods(
  input: ReportInput,
  user: string,
): Readonly<Record<string, unknown>>[] | undefined {
  const facts = infoFacts(input, user);
  const methods = objectsOf(userSnapshot(input, user, 'authentication-methods'));
  const times = facts.map((f) => Date.parse(f.time));
  return methods?.filter(
    (m) =>
      facts.some((f) => f.targetId !== '' && f.targetId === m['id']) ||
      times.some((ms) => Math.abs(ms - timeIn(m, 'createdDateTime')) < 10 * 60_000),
  );
}

const infoFacts = (input: ReportInput, user: string): Fact[] =>
  factsOf(input, 'security', user).filter((f) => f.kind === 'security-info');

function methodsOf(input: ReportInput, user: string): Told {
  const facts = infoFacts(input, user);
  const file = userSnapshot(input, user, 'authentication-methods');
  const there = suspiciousMethods(input, user);
  const cite: Inline = facts.length > 0 ? { cite: numbersIn(facts) } : { file: 'coverage.json' };
  if (facts.length === 0)
    return {
      state: 'nothing',
      text: [{ strong: user }, ': none was registered in a suspicious session.', cite],
    };
  if (!there || !file)
    return {
      state: 'unknown',
      text: [{ strong: user }, ': some was registered. ', cite, ' ', ...silence(file)],
    };
  if (there.length === 0)
    return {
      state: 'done',
      text: [{ strong: user }, ': what was registered is no longer there.', cite, shown(file)],
    };
  const ids = there.flatMap((m, i): Inline[] => [
    i === 0 ? '' : ', ',
    { code: textOf(m['id']) ?? '' },
    ` (${(textOf(m['@odata.type']) ?? 'method').split('.').at(-1)})`,
  ]);
  return { state: 'open', text: [{ strong: user }, ': still there: ', ...ids, '.', cite, shown(file)] };
}

/** The Graph path of each kind of method. */
const METHOD_PATHS: Readonly<Record<string, string>> = {
  softwareOathAuthenticationMethod: 'softwareOathMethods',
  microsoftAuthenticatorAuthenticationMethod: 'microsoftAuthenticatorMethods',
  phoneAuthenticationMethod: 'phoneMethods',
  emailAuthenticationMethod: 'emailMethods',
  fido2AuthenticationMethod: 'fido2Methods',
  windowsHelloForBusinessAuthenticationMethod: 'windowsHelloForBusinessMethods',
  temporaryAccessPassAuthenticationMethod: 'temporaryAccessPassMethods',
};

function removals(input: ReportInput): { title: string; text: string }[] {
  const commands = victims(input).flatMap((user) =>
    (suspiciousMethods(input, user) ?? []).flatMap((m) => {
      const path = METHOD_PATHS[(textOf(m['@odata.type']) ?? '').split('.').at(-1) ?? ''];
      const url = `https://graph.microsoft.com/v1.0/users/${urlPart(user)}/authentication/${path}/${urlPart(textOf(m['id']) ?? '')}`;
      return path ? [`curl -X DELETE -H "Authorization: Bearer $TOKEN" ${sh(url)}`] : [];
    }),
  );
  return commands.length === 0
    ? []
    : [{ title: 'curl: remove what the snapshot shows', text: commands.join('\n') }];
}

function devices(input: ReportInput): ResponseStep {
  const facts = victims(input).flatMap((u) => deviceFacts(input, u));
  const ids = [...new Map(facts.filter((f) => f.targetId !== '').map((f) => [f.targetId, f])).keys()];
  return {
    title: 'Disable suspicious devices',
    ...each(input, (user) => devicesOf(input, user)),
    portal: 'Azure portal > Microsoft Entra ID > Users > (user) > Devices > (device) > Disable',
    commands:
      ids.length === 0
        ? []
        : [
            {
              title: 'Graph PowerShell',
              text: `Connect-MgGraph -Scopes Device.ReadWrite.All\n${ids.map((id) => `Get-MgDevice -Filter ${ps(`deviceId eq '${id}'`)} | ForEach-Object { Update-MgDevice -DeviceId $_.Id -AccountEnabled:$false }`).join('\n')}`,
            },
          ],
    caution: 'Disable, do not delete: the device object is evidence.',
  };
}

const deviceFacts = (input: ReportInput, user: string): Fact[] =>
  factsOf(input, 'security', user).filter((f) => f.kind === 'device');

function devicesOf(input: ReportInput, user: string): Told {
  const facts = deviceFacts(input, user);
  if (facts.length === 0)
    return {
      state: 'nothing',
      text: [{ strong: user }, ': none was registered in a suspicious session.', { file: 'coverage.json' }],
    };
  const cite: Inline = { cite: numbersIn(facts) };
  const file = userSnapshot(input, user, 'registered-devices');
  const all = objectsOf(file);
  if (!all || !file)
    return {
      state: 'unknown',
      text: [{ strong: user }, ': one was registered. ', cite, ' ', ...silence(file)],
    };
  const ids = new Set(facts.map((f) => f.targetId));
  const on = all.filter(
    (d) =>
      (ids.has(textOf(d['id']) ?? '') || ids.has(textOf(d['deviceId']) ?? '')) &&
      d['accountEnabled'] !== false,
  );
  if (on.length === 0)
    return {
      state: 'done',
      text: [{ strong: user }, ': what was registered is disabled or gone.', cite, shown(file)],
    };
  const names = on.flatMap((d, i): Inline[] => [
    i === 0 ? '' : ', ',
    { code: `${textOf(d['displayName']) ?? ''} ${textOf(d['deviceId']) ?? ''}` },
  ]);
  return {
    state: 'open',
    text: [
      { strong: user },
      `: ${plural(on.length, 'device')} still enabled: `,
      ...names,
      '.',
      cite,
      shown(file),
    ],
  };
}

function inboxRules(input: ReportInput): ResponseStep {
  const commands = victims(input).flatMap((user) => [
    `Get-InboxRule -Mailbox ${ps(user)} -IncludeHidden`,
    ...madeRules(input, user).map((f) => `Disable-InboxRule -Mailbox ${ps(user)} -Identity ${ps(f.target)}`),
    ...(madeRules(input, user).length > 0
      ? [
          `Get-Mailbox ${ps(user)} | Select-Object ForwardingAddress, ForwardingSmtpAddress, DeliverToMailboxAndForward`,
        ]
      : []),
  ]);
  return {
    title: 'Remove suspicious inbox rules and forwarding',
    ...each(input, (user) => rulesOf(input, user)),
    portal:
      'Exchange admin center > Mailboxes > (mailbox) > Mail flow settings; rules: Outlook on the web of the user, or PowerShell',
    commands: [
      {
        title: 'Exchange Online PowerShell',
        text: `Import-Module ExchangeOnlineManagement\nConnect-ExchangeOnline -UserPrincipalName <admin>\n${commands.join('\n')}`,
      },
    ],
    caution:
      'Disable first and remove (Remove-InboxRule) after the case is closed. Graph shows neither hidden rules nor mailbox forwarding: look with the commands.',
  };
}

/** Rules that were made and not removed again, by the records. */
export function madeRules(input: ReportInput, user: string): Fact[] {
  const rules = factsOf(input, 'rules', user).filter((f) => f.kind === 'rule');
  const gone = (f: Fact): boolean =>
    rules.some(
      (r) =>
        /^(Remove|Disable)-/.test(r.operation) &&
        r.time > f.time &&
        (r.target === f.target || r.targetId === f.targetId),
    );
  return rules.filter((f) => /^(New|Set)-/.test(f.operation) && !gone(f));
}

function rulesOf(input: ReportInput, user: string): Told {
  const facts = factsOf(input, 'rules', user);
  if (facts.length === 0)
    return {
      state: 'nothing',
      text: [{ strong: user }, ': none was made in a suspicious session.', { file: 'coverage.json' }],
    };
  const cite: Inline = { cite: numbersIn(facts) };
  const file = userSnapshot(input, user, 'inbox-rules');
  const all = objectsOf(file);
  if (!all || !file)
    return {
      state: 'unknown',
      text: [{ strong: user }, `: ${plural(facts.length, 'change')} to rules. `, cite, ' ', ...silence(file)],
    };
  const names = new Set(facts.filter((f) => /^(New|Set)-/.test(f.operation)).map((f) => f.target));
  const on = all.filter((r) => names.has(textOf(r['displayName']) ?? '') && r['isEnabled'] !== false);
  if (on.length === 0)
    return {
      state: 'done',
      text: [{ strong: user }, ': the rules that were made are disabled or gone.', cite, shown(file)],
    };
  const listed = on.flatMap((r, i): Inline[] => [
    i === 0 ? '' : ', ',
    { code: `"${textOf(r['displayName']) ?? ''}"` },
  ]);
  return { state: 'open', text: [{ strong: user }, ': still active: ', ...listed, '.', cite, shown(file)] };
}
