import type { Place } from '../../../detect/pivot/session/event.ts';
import type { SignInWindow } from '../../analysis/sign-ins.ts';
import { heading, list, paragraph, plural, type Block, type Inline, type Text } from '../doc.ts';
import { sessionsOf, victims, type ReportInput } from '../input.ts';

export const placeText = ({ city, state, country }: Place): string =>
  [city, state, country].filter(Boolean).join(', ') || 'place unknown';

/** Section 1 of the deck's report: window, user agents, addresses and places, a user and session at a time. */
export function signInSection(input: ReportInput): Block[] {
  const users = victims(input);
  const blocks = [heading(2, '1. Suspicious sign-ins', 'sign-ins')];
  if (users.length === 0) {
    return [
      ...blocks,
      paragraph('No session in the records reaches the score at which it counts as suspicious.', {
        file: 'coverage.json',
      }),
    ];
  }
  for (const user of users) {
    blocks.push(heading(3, user, `sign-ins-${users.indexOf(user) + 1}`));
    for (const session of sessionsOf(input, user)) blocks.push(...sessionBlocks(input, session.draft.key));
  }
  return blocks;
}

function sessionBlocks(input: ReportInput, session: string): Block[] {
  const windows = input.analysis.signIns.filter((w) => w.session === session);
  if (windows.length === 0) {
    const judged = input.analysis.suspicious.find((s) => s.draft.key === session)!;
    return [
      paragraph(
        'Session ',
        { code: session },
        ' has no sign-in record in the bundle; it is known from what was done in it.',
        {
          cite: [judged.draft.firstNumber],
        },
      ),
    ];
  }
  return windows.sort((a, b) => Number(b.interactive) - Number(a.interactive)).flatMap(windowBlocks);
}

/** ` between … and …`, or ` at …` for one instant. */
export const between = (from: string, to: string): Inline[] =>
  from.slice(0, 19) === to.slice(0, 19)
    ? ['at ', { at: from }]
    : ['between ', { at: from }, ' and ', { at: to }];

function windowBlocks(w: SignInWindow): Block[] {
  const kind = w.interactive ? 'suspicious sign-in' : 'non-interactive sign-in';
  const opening: Text = [
    plural(w.count, kind),
    w.interactive ? '' : ' (renewed tokens) of the same session',
    ' to the account of ',
    { strong: w.user },
    ', ',
    ...between(w.from, w.to),
    ', in session ',
    { code: w.session },
    w.failures > 0 ? `; ${w.failures} of them ended in an error or an interrupt` : '',
    '.',
    { cite: w.numbers },
  ];
  return [
    paragraph(...opening),
    list([
      ...w.agents.map(({ agent, numbers }): Text => ['User agent: ', { code: agent }, { cite: numbers }]),
      ...w.addresses.map(({ ip, place, asn, numbers }): Text => [
        'Address: ',
        { code: ip },
        ` – ${placeText(place)}${asn ? `, ${asn}` : ''} – ${plural(numbers.length, 'record')}`,
        { cite: numbers },
      ]),
      ...(w.apps.length > 0
        ? [['Signed in to: ', w.apps.join(', '), { cite: w.numbers }] satisfies Text]
        : []),
    ]),
  ];
}
