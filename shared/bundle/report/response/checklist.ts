import { snapshotPath, type SnapshotFile } from '../../../snapshot.ts';
import {
  heading,
  list,
  note,
  paragraph,
  plural,
  table,
  type Block,
  type Doc,
  type Inline,
  type Text,
} from '../doc.ts';
import type { ReportInput } from '../input.ts';
import { adviceSection } from './advice.ts';
import { caseSteps } from './case-steps.ts';
import { stepBlock, type ResponseStep } from './step.ts';
import { userSteps } from './user-steps.ts';

/** The nine steps of the initial response, filled with this incident's ids. */
export const responseSteps = (input: ReportInput): ResponseStep[] => [
  ...userSteps(input),
  ...caseSteps(input),
];

/** Summary of response: what snapshots show as done; requested actions: what is not. */
export function responseSections(input: ReportInput): Block[] {
  const steps = responseSteps(input);
  const done = steps.filter((s) => s.state === 'done');
  const open = steps.filter((s) => s.state === 'open' || s.state === 'unknown');
  const line = (s: ResponseStep): Text => [{ strong: s.title }, ': ', ...s.because];
  return [
    heading(2, 'Summary of response', 'response'),
    ...(done.length > 0
      ? [paragraph('What the evidence shows as done:'), list(done.map(line))]
      : [paragraph('No step of the response is shown as done.', { file: 'manifest.json' })]),
    ...snapshotTable(input),
    heading(2, 'Requested actions', 'actions'),
    ...(open.length > 0
      ? [paragraph('Not shown as done; please do, or confirm:'), list(open.map(line))]
      : [paragraph('Nothing is open.', { file: 'manifest.json' })]),
    paragraph("How to do each step, with this incident's ids, is said in the checklist.", {
      file: 'response.md',
    }),
  ];
}

function snapshotTable(input: ReportInput): Block[] {
  if (input.snapshots.length === 0)
    return [note('No state snapshot was taken: what has been done since is not known.')];
  const subjects = [...new Set(input.snapshots.map((s) => s.subject))];
  const rows = subjects.map((subject) => snapshotRow(input.snapshots.filter((s) => s.subject === subject)));
  return [
    table(['Of', 'Taken', 'Not taken, because'], rows, {
      caption: 'State snapshots. Each file says its time, request and permission.',
    }),
  ];
}

function snapshotRow(files: readonly SnapshotFile[]): Text[] {
  const taken = files.filter((f) => f.outcome === 'taken');
  const others = files.filter((f) => f.outcome !== 'taken');
  const refused = others.flatMap((f, i): Inline[] => [
    i === 0 ? '' : '; ',
    `${f.title}: ${f.outcome}, ${f.because ?? ''} (permission `,
    { code: f.permission },
    ')',
    { file: snapshotPath(f) },
  ]);
  return [
    [{ code: files[0]!.subject }, ' ', { at: files[0]!.takenAt }],
    taken.flatMap((f): Inline[] => [{ file: snapshotPath(f) }, ' ']),
    others.length === 0 ? ['–'] : refused,
  ];
}

export const checklistSection = (input: ReportInput): Block[] => [
  heading(2, 'Initial response: checklist', 'checklist'),
  note(
    'Disable, do not delete: what is deleted is no evidence any more. holdfast changes nothing by itself.',
  ),
  ...responseSteps(input).map((step, i) => stepBlock(step, i + 1)),
];

/** `response.md`: the checklist by itself. */
export function responseDoc(input: ReportInput): Doc {
  const steps = responseSteps(input);
  const open = steps.filter((s) => s.state === 'open' || s.state === 'unknown').length;
  return {
    title: 'Initial response',
    facts: [
      ['Incident', [input.request.title ?? input.request.id]],
      ['Steps open', [`${open} of ${plural(steps.length, 'step')}`]],
    ],
    blocks: [...checklistSection(input), ...adviceSection(input)],
  };
}
