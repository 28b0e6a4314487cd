import { summarise } from '../findings/explain.ts';
import type { Finding } from '../findings/finding.ts';
import { LEVELS, type Level } from '../sigma/index.ts';

/** Findings that one message tells of: those of one session, else of one person, else one alone. */
export interface AlertGroup {
  readonly key: string;
  readonly level: Level;
  readonly user?: string;
  readonly session?: string;
  readonly findings: readonly Finding[];
}

export function groupFindings(findings: readonly Finding[]): AlertGroup[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = finding.session
      ? `session ${finding.session}`
      : finding.user
        ? `user ${finding.user}`
        : finding.id;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups].map(([key, members]) => {
    const sorted = [...members].sort((a, b) => rank(b) - rank(a) || (a.time < b.time ? -1 : 1));
    const { level, user, session } = sorted[0]!;
    return { key, level, ...(user ? { user } : {}), ...(session ? { session } : {}), findings: sorted };
  });
}

const rank = ({ level }: Finding): number => LEVELS.indexOf(level);

const MAX_LISTED = 10;

/** Texts of a message. Values come from records and may be hostile: no markup of ours is built from them. */
function textsOf({ level, user, session, findings }: AlertGroup): { title: string; lines: string[] } {
  const whom = [user, session && `session ${session}`].filter(Boolean).join(', ');
  const title = `holdfast: ${level}, ${findings.length} finding${findings.length === 1 ? '' : 's'}${whom ? ` for ${whom}` : ''}`;
  const lines = findings
    .slice(0, MAX_LISTED)
    .map((finding) => plain(`${finding.time} ${finding.level} ${finding.title}. ${summarise(finding)}`));
  if (findings.length > MAX_LISTED) lines.push(`and ${findings.length - MAX_LISTED} more`);
  return { title: plain(title), lines };
}

/** Without line breaks, links and mentions that chat programs would act upon. */
const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[<>*_`~[\]()!|@]/g, (c) => (c === '@' ? '＠' : ' '))
    .replace(/https?:/gi, 'hxxp:')
    .slice(0, 600);

export type WebhookKind = 'teams' | 'slack' | 'json';

/** Which shape a receiver wants, by its host. */
export function kindOf(url: string): WebhookKind {
  const { hostname } = new URL(url);
  if (/(^|\.)(office\.com|logic\.azure\.com|powerplatform\.com|powerautomate\.com)$/.test(hostname))
    return 'teams';
  return /(^|\.)slack\.com$/.test(hostname) ? 'slack' : 'json';
}

const SHAPES: Readonly<Record<WebhookKind, (group: AlertGroup) => unknown>> = {
  // Adaptive card, as Teams workflows take it (learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors).
  teams: (group) => {
    const { title, lines } = textsOf(group);
    const body = [
      { type: 'TextBlock', text: title, weight: 'Bolder', wrap: true },
      ...lines.map((text) => ({ type: 'TextBlock', text, wrap: true })),
    ];
    const content = {
      type: 'AdaptiveCard',
      $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
      version: '1.4',
      body,
    };
    return {
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }],
    };
  },
  slack: (group) => {
    const { title, lines } = textsOf(group);
    return { text: [title, ...lines].join('\n'), mrkdwn: false };
  },
  json: (group) => ({
    source: 'holdfast',
    group: group.key,
    level: group.level,
    user: group.user,
    session: group.session,
    findings: group.findings.map((finding) => ({
      id: finding.id,
      time: finding.time,
      rule: finding.rule,
      title: finding.title,
      level: finding.level,
      author: finding.author,
      user: finding.user,
      session: finding.session,
      ip: finding.ip,
      why: summarise(finding),
      records: finding.records.map(({ source, recordId }) => ({ source, id: recordId })),
    })),
  }),
};

export const bodyFor = (kind: WebhookKind, group: AlertGroup): unknown => SHAPES[kind](group);
