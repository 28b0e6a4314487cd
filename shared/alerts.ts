import { describeError } from './errors.ts';
import type { Log } from './log.ts';

/** A message to whoever operates holdfast, for the webhook of `ALERT_WEBHOOK_URL`. */
export interface Alert {
  readonly kind: string;
  readonly title: string;
  readonly lines: readonly string[];
  /** For receivers that read JSON. */
  readonly facts: Readonly<Record<string, string | number>>;
}

type Shape = 'teams' | 'slack' | 'json';

/** Which shape a receiver wants, by its host. */
function shapeOf(url: string): Shape {
  const { hostname } = new URL(url);
  if (/(^|\.)(office\.com|logic\.azure\.com|powerplatform\.com|powerautomate\.com)$/.test(hostname))
    return 'teams';
  return /(^|\.)slack\.com$/.test(hostname) ? 'slack' : 'json';
}

/** Reasons quote the vendor's answers: no line break, link or mention of them reaches a chat program. */
const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[<>*_`~[\]|@]/g, ' ')
    .replace(/https?:/gi, 'hxxp:')
    .slice(0, 600);

const textBlock = (text: string, more: object = {}): object => ({
  type: 'TextBlock',
  text,
  wrap: true,
  ...more,
});

const BODIES: Readonly<Record<Shape, (alert: Alert) => unknown>> = {
  // Adaptive card, as Teams workflows take it (learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors).
  teams: ({ title, lines }) => ({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          type: 'AdaptiveCard',
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          version: '1.4',
          body: [textBlock(plain(title), { weight: 'Bolder' }), ...lines.map((l) => textBlock(plain(l)))],
        },
      },
    ],
  }),
  slack: ({ title, lines }) => ({ text: [title, ...lines].map(plain).join('\n'), mrkdwn: false }),
  json: ({ kind, title, lines, facts }) => ({ source: 'holdfast', kind, title, lines, ...facts }),
};

export const alertBody = (url: string, alert: Alert): unknown => BODIES[shapeOf(url)](alert);

const TIMEOUT_MS = 15_000;

export interface AlertSender {
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  readonly log: Log;
}

/** Posts one alert. False when the receiver did not take it; the caller tries again with its next run. */
export async function sendAlert({ url, fetch, log }: AlertSender, alert: Alert): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alertBody(url, alert)),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) log.warn('alert.refused', { kind: alert.kind, status: response.status });
    return response.ok;
  } catch (error) {
    log.warn('alert.failed', { kind: alert.kind, error: describeError(error) });
    return false;
  }
}
