import { isSerious } from '../../findings.ts';
import type { JudgedSession } from '../../../detect/pivot/session/verdict.ts';
import { placesChart, timelineChart } from '../charts.ts';
import { heading, note, paragraph, plural, table, type Block, type Inline, type Text } from '../doc.ts';
import { numbersOf, type ReportInput } from '../input.ts';
import { isoOf } from './overview.ts';
import { placeText } from './sign-ins.ts';

const MAX_ROWS = 60;

const few = (values: readonly string[], n: number): Inline[] => [
  ...values.slice(0, n).flatMap((v, i): Inline[] => [i === 0 ? '' : ', ', { code: v }]),
  values.length > n ? ` and ${values.length - n} more` : '',
];

/** Sessions of each person side by side: the intruder's and the person's own. */
export function sessionsSection(input: ReportInput): Block[] {
  const { sessions } = input.analysis;
  const people = [...new Set(sessions.map((s) => s.user))].slice(0, 30);
  const blocks: Block[] = [heading(2, 'Sessions side by side', 'sessions')];
  if (people.length === 0)
    return [...blocks, paragraph('The records name no session.', { file: 'sessions.csv' })];
  for (const [i, user] of people.entries()) {
    const own = sessions.filter((s) => s.user === user);
    const rows = [
      ...own.filter((s) => s.verdict !== 'usual'),
      ...own.filter((s) => s.verdict === 'usual').sort((a, b) => b.draft.records - a.draft.records),
    ];
    blocks.push(heading(3, user, `sessions-${i + 1}`));
    blocks.push(
      table(
        ['Verdict and session', 'First and last record', 'Addresses and places', 'Clients', 'Records'],
        rows.slice(0, MAX_ROWS).map(sessionRow),
        { wide: true },
      ),
    );
    if (rows.length > MAX_ROWS)
      blocks.push(note(`${rows.length - MAX_ROWS} more sessions are in sessions.csv.`));
  }
  return blocks;
}

function sessionRow(s: JudgedSession): Text[] {
  const addresses = [...s.draft.addresses.values()].sort((a, b) => b.records - a.records);
  return [
    [
      s.verdict === 'usual' ? 'own' : { strong: s.verdict },
      ` (${plural(s.score, 'point')}) `,
      { code: s.draft.key },
    ],
    [{ at: isoOf(s.draft.firstMs) }, ' – ', { at: isoOf(s.draft.lastMs) }],
    addresses
      .slice(0, 3)
      .flatMap((a, i): Inline[] => [
        i === 0 ? '' : '; ',
        { code: a.ip },
        a.place.country ? ` ${placeText(a.place)}` : '',
      ])
      .concat(addresses.length > 3 ? [` and ${addresses.length - 3} more`] : []),
    few(
      [...s.draft.agents.keys()].map((a) => a.slice(0, 90)),
      2,
    ),
    [String(s.draft.records), { cite: [s.draft.firstNumber] }],
  ];
}

export async function chartsSection(input: ReportInput): Promise<Block[]> {
  const { chart } = input.analysis;
  const places = chart.places();
  const { fromMs, toMs } = input.plan.scope;
  const rows = places
    .slice(0, 40)
    .map((p): Text[] => [
      [placeText(p.place)],
      [String(p.suspicious)],
      [String(p.other)],
      [{ cite: p.numbers.slice(0, 2) }],
    ]);
  return [
    heading(2, 'Timeline', 'timeline'),
    {
      kind: 'drawing',
      svg: await timelineChart(chart, fromMs, toMs),
      alt: 'Records over time (UTC), suspicious ones apart. Data: timeline.csv.',
    },
    heading(2, 'Places', 'places'),
    ...(places.length === 0
      ? [paragraph('No record names a place.', { file: 'timeline.csv' })]
      : [
          {
            kind: 'drawing',
            svg: await placesChart(chart),
            alt: 'Records by place, as the records themselves say it.',
          } as const,
          table(['Place', 'Suspicious', 'Other', 'Records'], rows),
        ]),
  ];
}

export function findingsSection(input: ReportInput): Block[] {
  const { findings } = input.plan;
  if (findings.length === 0)
    return [
      heading(2, 'Findings of detection rules', 'findings'),
      paragraph('No finding is stored for these users and this span.', { file: 'findings.json' }),
    ];
  const rows = [...findings]
    .sort((a, b) => Number(isSerious(b)) - Number(isSerious(a)) || (a.time < b.time ? -1 : 1))
    .slice(0, 200)
    .map((f): Text[] => [
      [{ at: f.time }],
      [{ strong: f.level || 'unrated' }],
      [f.title || f.ruleId],
      [f.user],
      [f.explanation, { cite: f.recordIds.flatMap((id) => input.numberOf(id) ?? []).slice(0, 6) }],
    ]);
  return [
    heading(2, 'Findings of detection rules', 'findings'),
    table(['Time', 'Level', 'Rule', 'User', 'Why it matched'], rows),
    ...(findings.length > 200 ? [note(`${findings.length - 200} more are in findings.json.`)] : []),
  ];
}

/** Every entity of the question, and why it is part of it. */
export function entitiesSection(input: ReportInput): Block[] {
  const { included, notFollowed, depth } = input.plan.expansion;
  const rows = included
    .slice(0, 300)
    .map((i): Text[] => [
      [i.kind],
      [{ code: i.key }],
      [i.why, { cite: numbersOf(input, i.records) }],
      [i.bundled ? 'in the bundle' : 'named only'],
    ]);
  return [
    heading(2, 'Entities, and why they are in', 'entities'),
    paragraph(`Followed to depth ${depth}.`, { file: 'manifest.json' }),
    table(['Kind', 'Key', 'Why', 'Records'], rows),
    ...(notFollowed.length > 0
      ? [
          table(
            ['Kind', 'Not followed', 'Why'],
            notFollowed.map((n): Text[] => [[n.kind], [{ code: n.key }], [n.why]]),
          ),
        ]
      : []),
  ];
}
