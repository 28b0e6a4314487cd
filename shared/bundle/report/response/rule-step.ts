import { textOf } from '../../../record.ts';
import type { Fact } from '../../analysis/facts.ts';
import { plural, type Inline } from '../doc.ts';
import { factsOf, numbersIn, victims, type ReportInput } from '../input.ts';
import { ps } from './quote.ts';
import { objectsOf, shown, silence, userSnapshot } from './snapshots.ts';
import type { ResponseStep } from './step.ts';
import { each, type Told } from './told.ts';

/** Step 5. */
export function inboxRules(input: ReportInput): ResponseStep {
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
