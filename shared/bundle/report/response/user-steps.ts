import { textOf } from '../../../record.ts';
import type { Fact } from '../../analysis/facts.ts';
import type { Inline } from '../doc.ts';
import { factsOf, numbersIn, sessionsOf, victims, type ReportInput } from '../input.ts';
import { ps, sh, urlPart } from './quote.ts';
import { objectsOf, shown, silence, timeIn, userSnapshot } from './snapshots.ts';
import { devices } from './device-step.ts';
import { inboxRules } from './rule-step.ts';
import type { ResponseStep } from './step.ts';
import { each, type Told } from './told.ts';

/** Steps 1 to 5: what is done to the users themselves. */
export const userSteps = (input: ReportInput): ResponseStep[] => [
  revoke(input),
  password(input),
  securityInfo(input),
  devices(input),
  inboxRules(input),
];

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
