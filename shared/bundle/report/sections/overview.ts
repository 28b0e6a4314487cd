import { BASES, type Basis } from '../../analysis/attribution.ts';
import { SIGNALS, THRESHOLD } from '../../../detect/pivot/session/signals.ts';
import {
  heading,
  list,
  note,
  paragraph,
  plural,
  sentence,
  table,
  type Block,
  type Inline,
  type Text,
} from '../doc.ts';
import { factsOf, numbersIn, numbersOf, sessionsOf, victims, type ReportInput } from '../input.ts';
import { placeText } from './sign-ins.ts';

/** What happened, in three sentences; how sure that is; what the evidence covers. */

export const summarySection = (input: ReportInput): Block[] => [
  heading(2, 'What happened', 'summary'),
  ...threeSentences(input).map((text): Block => ({ kind: 'paragraph', text, tone: 'lead' })),
];

function threeSentences(input: ReportInput): Text[] {
  const users = victims(input);
  if (users.length === 0) return nothing(input);
  return [entry(input, users[0]!), deeds(input, users[0]!), further(input, users.slice(1))];
}

function nothing(input: ReportInput): Text[] {
  const possible = input.analysis.sessions.filter((s) => s.verdict === 'possible');
  return [
    [
      `None of the ${plural(input.analysis.sessions.length, 'session')} in the ${plural(input.records, 'record')} found is suspicious by the signals that are listed below.`,
      { file: 'sessions.csv' },
    ],
    [
      possible.length > 0
        ? `${plural(possible.length, 'session')} should be looked at all the same.`
        : 'No session comes near the mark.',
      { cite: possible.map((s) => s.draft.firstNumber) },
      ...(possible.length === 0 ? [{ file: 'sessions.csv' }] : []),
    ],
    [
      'This holds for what the evidence covers, which is said below, and for nothing else.',
      { file: 'coverage.json' },
    ],
  ];
}

function entry(input: ReportInput, user: string): Text {
  const sessions = sessionsOf(input, user);
  const first = sessions[0]!;
  const places = input.analysis.signIns.filter((w) => w.user === user).flatMap((w) => w.addresses);
  const seen = [...new Map(places.map((p) => [p.ip, p])).values()].slice(0, 4);
  const from = Math.min(...sessions.map((s) => s.draft.firstMs));
  const to = Math.max(...sessions.map((s) => s.draft.lastMs));
  const aitm = sessions.flatMap((s) =>
    s.reasons.filter((r) => r.signal === 'aitm' || r.signal === 'detection'),
  );
  return [
    'The account of ',
    { strong: user },
    ` was used by somebody else in ${plural(sessions.length, 'session')} between `,
    { at: isoOf(from) },
    ' and ',
    { at: isoOf(to) },
    ...(seen.length > 0 ? [', from ', ...addressList(seen)] : []),
    aitm.length > 0
      ? ', most likely after a phishing page had relayed the sign-in (adversary in the middle)'
      : '',
    '.',
    {
      cite: [
        first.draft.firstNumber,
        ...(aitm.length > 0 ? aitm : first.reasons).flatMap((r) => r.numbers).slice(0, 4),
      ],
    },
  ];
}

const addressList = (seen: readonly { ip: string; place: Parameters<typeof placeText>[0] }[]): Text =>
  sentence(seen.map(({ ip, place }): Text => [{ code: ip }, ` (${placeText(place)})`]));

export const isoOf = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : '');

/** What was done in the name of one user, a few words each. */
function deeds(input: ReportInput, user: string): Text {
  const parts = [...directoryDeeds(input, user), ...mailboxDeeds(input, user)];
  if (parts.length === 0)
    return ['What was done in it beyond signing in, the records do not show.', { file: 'coverage.json' }];
  return ['In it, the intruder ', ...sentence(parts), '.'];
}

function directoryDeeds(input: ReportInput, user: string): Text[] {
  const activity = factsOf(input, 'activity', user);
  const apps = activity.filter((f) => /^add application/i.test(f.operation));
  const consents = activity.filter((f) => f.kind === 'consent');
  const security = factsOf(input, 'security', user);
  const info = security.filter((f) => f.kind === 'security-info' && /registered/i.test(f.operation));
  const devices = security.filter((f) => /^Register device/i.test(f.operation));
  const types = [...new Set(consents.map((f) => f.fields.find((x) => x.name === 'ConsentType')?.value))];
  return [
    ...said(apps, () => ['added the application ', { strong: `"${apps[0]!.target}"` }]),
    ...said(consents, () => [
      types.includes('AllPrincipals')
        ? 'gave it permissions in the name of all users'
        : 'consented to permissions',
    ]),
    ...said(info, () => ['registered security info']),
    ...said(devices, () => ['registered the device ', { code: devices[0]!.target }]),
  ];
}

function mailboxDeeds(input: ReportInput, user: string): Text[] {
  const rules = factsOf(input, 'rules', user).filter((f) => f.operation === 'New-InboxRule');
  const mail = factsOf(input, 'mail', user);
  const sent = mail.filter((f) => f.kind === 'sent');
  const read = mail.filter((f) => f.kind === 'read' || f.kind === 'synced');
  const files = factsOf(input, 'files', user).filter((f) => f.kind === 'downloaded');
  return [
    ...said(read, () => ['read mail']),
    ...said(rules, () => [`created ${plural(rules.length, 'inbox rule')} to hide mail`]),
    ...said(sent, () => [`sent ${plural(sent.length, 'mail')} titled `, { strong: `"${sent[0]!.target}"` }]),
    ...said(files, () => [`downloaded ${plural(new Set(files.map((f) => f.target)).size, 'file')}`]),
  ];
}

const said = (facts: readonly { readonly numbers: readonly number[] }[], words: () => Inline[]): Text[] =>
  facts.length === 0 ? [] : [[...words(), { cite: facts.flatMap((f) => f.numbers).slice(0, 3) }]];

function further(input: ReportInput, users: readonly string[]): Text {
  const recipients = input.plan.expansion.included.filter((i) => i.kind === 'recipient');
  if (users.length > 0) {
    return [
      plural(users.length, 'other account'),
      users.length === 1 ? ' was taken over in the same way: ' : ' were taken over in the same way: ',
      ...sentence(
        users.map((u): Text => [
          { strong: u },
          { cite: sessionsOf(input, u).flatMap((s) => s.reasons[0]?.numbers.slice(0, 2) ?? []) },
        ]),
      ),
      '.',
    ];
  }
  if (recipients.length > 0)
    return [
      `No other account is known to be taken over, but ${plural(recipients.length, 'address', 'addresses')} received the intruder's mail.`,
      { cite: recipients.flatMap((r) => numbersOf(input, r.records)).slice(0, 6) },
    ];
  return [
    input.plan.expansion.depth === 0
      ? 'Whether other accounts are concerned was not asked (expand 0).'
      : 'No other account was found through the same addresses and sessions.',
    { file: 'manifest.json' },
  ];
}

/** Why each session counts as suspicious, point by point, and how its records were attributed. */
export function confidenceSection(input: ReportInput): Block[] {
  const points = input.analysis.suspicious.map((s) =>
    table(
      ['Points', 'Signal', 'Records'],
      s.reasons.map((r): Text[] => [[String(r.weight)], [r.title], [{ cite: r.numbers }]]),
      { caption: `Session ${s.draft.key} of ${s.user}: ${s.score} points` },
    ),
  );
  return [
    heading(2, 'How sure this is', 'confidence'),
    list(input.analysis.suspicious.map((s): Text => verdictText(input, s.user, s.draft.key, s.score))),
    note(
      `A session counts as suspicious from ${THRESHOLD} points on, if one signal speaks of who was there.`,
    ),
    ...points,
    table(['Attributed because the record', 'Facts'], attributionRows(input)),
    note(
      'Equal session ids do not prove equal persons: stolen refresh tokens can inherit the session of their owner. ',
      "Signals are computed from the records; the list of all of them with their points is in the product's source (",
      `${Object.keys(SIGNALS).length} signals).`,
    ),
  ];
}

function verdictText(input: ReportInput, user: string, session: string, score: number): Text {
  const s = input.analysis.suspicious.find((one) => one.draft.key === session)!;
  const level = score >= 2 * THRESHOLD ? 'high' : 'medium';
  const habits = input.plan.habits[user];
  return [
    'Confidence that session ',
    { code: session },
    ' of ',
    { strong: user },
    ` was not theirs: `,
    { strong: level },
    ` (${score} points). `,
    habits && habits.records > 0
      ? `Compared with ${plural(habits.records, 'record')} of the ${habits.days} days before.`
      : "The archive has no records of the user before the question's start: only sessions within it could be compared.",
    { cite: s.reasons.flatMap((r) => r.numbers).slice(0, 3) },
  ];
}

function attributionRows(input: ReportInput): Text[][] {
  return (Object.keys(BASES) as Basis[]).flatMap((basis): Text[][] => {
    const facts = input.analysis.facts.filter((f) => f.bases.includes(basis));
    return facts.length === 0
      ? []
      : [[[BASES[basis]], [String(facts.length), { cite: numbersIn(facts).slice(0, 3) }]]];
  });
}

const WORDS: Readonly<Record<string, string>> = {
  complete: 'proven complete',
  partial: 'partly collected',
  pending: 'not settled yet',
  gap: 'proven missing',
  unavailable: 'not available',
};

/** What is proven complete, what is missing and why: a report must not say more than the evidence. */
export function coverageSection(input: ReportInput): Block[] {
  const rows = input.plan.coverage.map((c): Text[] => {
    const open = c.intervals.filter((i) => i.state !== 'complete');
    const reasons = open
      .slice(0, 4)
      .flatMap((i, n): Inline[] => [
        n === 0 ? '' : '; ',
        { at: i.from },
        ' to ',
        { at: i.to },
        `: ${WORDS[i.state] ?? i.state}${i.reason ? `, ${i.reason}` : ''}`,
      ]);
    const more = open.length > 4 ? ` and ${open.length - 4} more intervals` : '';
    return [
      [{ code: c.source }],
      [WORDS[c.state] ?? c.state],
      [`${share(c.intervals)} %`],
      reasons.length > 0 ? [...reasons, more] : ['nothing'],
    ];
  });
  return [
    heading(2, 'What the evidence covers', 'coverage'),
    paragraph(
      `The bundle holds ${plural(input.records, 'record')} (${plural(input.events, 'event')}, later versions of one record counted once).${input.twins > 0 ? ` ${plural(input.twins, 'record')} of the audit search ${input.twins === 1 ? 'is' : 'are'} left out, because the feed's same record is in it.` : ''}`,
      { file: 'manifest.json' },
      { file: 'coverage.json' },
    ),
    table(['Source', 'State', 'Proven complete', 'Missing or unsettled, and why'], rows),
  ];
}

function share(
  intervals: readonly { readonly from: string; readonly to: string; readonly state: string }[],
): number {
  const length = (i: { from: string; to: string }): number => Date.parse(i.to) - Date.parse(i.from);
  const all = intervals.reduce((n, i) => n + length(i), 0);
  const complete = intervals.filter((i) => i.state === 'complete').reduce((n, i) => n + length(i), 0);
  return all === 0 ? 0 : Math.floor((100 * complete) / all);
}
