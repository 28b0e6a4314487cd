import { SOFTWARE } from '../../archive/manifest.ts';
import { formatSeconds } from '../../instant.ts';
import { ENTITY_KINDS } from '../../layout.ts';
import { printable } from '../formats/csv.ts';
import type { Doc, Inline, Text } from './doc.ts';
import type { ReportInput } from './input.ts';
import { adviceSection } from './response/advice.ts';
import { checklistSection, responseSections } from './response/checklist.ts';
import { changeSections } from './sections/activity.ts';
import { mailAndFilesSection } from './sections/mail-and-files.ts';
import { confidenceSection, coverageSection, summarySection } from './sections/overview.ts';
import { signInSection } from './sections/sign-ins.ts';
import { glossarySection } from './sections/sources.ts';
import { chartsSection, entitiesSection, findingsSection, sessionsSection } from './sections/tables.ts';

/** The whole report, in the order of the reference deck's report page, with what an investigator adds around it. */
export async function reportDoc(input: ReportInput): Promise<Doc> {
  return {
    title: printable(
      input.request.title ?? `Incident report: ${input.plan.people[0]?.name ?? 'Microsoft 365'}`,
    ),
    facts: headFacts(input),
    blocks: [
      ...summarySection(input),
      ...confidenceSection(input),
      ...coverageSection(input),
      ...signInSection(input),
      ...changeSections(input),
      ...mailAndFilesSection(input),
      ...responseSections(input),
      ...sessionsSection(input),
      ...(await chartsSection(input)),
      ...findingsSection(input),
      ...entitiesSection(input),
      ...checklistSection(input),
      ...adviceSection(input),
      ...glossarySection(),
    ],
  };
}

function headFacts({ request, plan }: ReportInput): [string, Text][] {
  const { scope } = plan;
  const asked = ENTITY_KINDS.flatMap((kind) => scope.entities[kind].map((key) => [kind, key] as const));
  const entities = asked.flatMap(([kind, key], i): Inline[] => [
    i === 0 ? '' : ', ',
    `${kind} `,
    { code: key },
  ]);
  return [
    ['Tenant', [{ code: scope.tenant }]],
    ['Question', entities],
    ['Span', [{ at: formatSeconds(scope.fromMs) }, ' to ', { at: formatSeconds(scope.toMs) }]],
    ['Followed to depth', [String(plan.expansion.depth)]],
    ['Times', [request.zone ? `UTC, and ${request.zone} in brackets` : 'UTC']],
    ['Asked by', [request.requester]],
    ['Asked at', [{ at: new Date(request.requestedMs).toISOString() }]],
    ['Incident', [{ code: request.id }]],
    ['Written by', [SOFTWARE]],
  ];
}
