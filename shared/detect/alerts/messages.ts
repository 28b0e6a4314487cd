import type { WebhookMessage } from '../../alerts.ts';
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

/** What a message says of a group. Values come from records and may be hostile: `webhookBody` disarms them. */
export function messageOf(group: AlertGroup): WebhookMessage {
  const { level, user, session, findings } = group;
  const whom = [user, session && `session ${session}`].filter(Boolean).join(', ');
  const title = `holdfast: ${level}, ${findings.length} finding${findings.length === 1 ? '' : 's'}${whom ? ` for ${whom}` : ''}`;
  const lines = findings
    .slice(0, MAX_LISTED)
    .map((finding) => `${finding.time} ${finding.level} ${finding.title}. ${summarise(finding)}`);
  if (findings.length > MAX_LISTED) lines.push(`and ${findings.length - MAX_LISTED} more`);
  return { title, lines, json: jsonOf(group) };
}

const jsonOf = (group: AlertGroup): WebhookMessage['json'] => ({
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
});
