import { describeError } from './errors.ts';
import type { Log } from './log.ts';

/** Messages to webhooks: the shapes receivers want, texts without harm, and the request. */

export type WebhookKind = 'teams' | 'slack' | 'json';

/** Which shape a receiver wants, by its host. */
export function webhookKind(url: string): WebhookKind {
  const { hostname } = new URL(url);
  if (/(^|\.)(office\.com|logic\.azure\.com|powerplatform\.com|powerautomate\.com)$/.test(hostname))
    return 'teams';
  return /(^|\.)slack\.com$/.test(hostname) ? 'slack' : 'json';
}

/** What one message says: to people in a title and lines, to programs as JSON. All texts may be hostile. */
export interface WebhookMessage {
  readonly title: string;
  readonly lines: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
}

/** Records and the vendor's answers are quoted: no line break, link or mention of them reaches a chat program. */
const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[<>*_`~[\]()!|@]/g, (c) => (c === '@' ? '＠' : ' '))
    .replace(/https?:/gi, 'hxxp:')
    .slice(0, 600);

const textBlock = (text: string, more: object = {}): object => ({
  type: 'TextBlock',
  text: plain(text),
  wrap: true,
  ...more,
});

const BODIES: Readonly<Record<WebhookKind, (message: WebhookMessage) => unknown>> = {
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
          body: [textBlock(title, { weight: 'Bolder' }), ...lines.map((line) => textBlock(line))],
        },
      },
    ],
  }),
  slack: ({ title, lines }) => ({ text: [title, ...lines].map(plain).join('\n'), mrkdwn: false }),
  json: ({ json }) => ({ source: 'holdfast', ...json }),
};

export const webhookBody = (kind: WebhookKind, message: WebhookMessage): unknown => BODIES[kind](message);

const TIMEOUT_MS = 15_000;

/** Posts JSON to a webhook and answers the status. Rejects when none came within 15 seconds. */
export async function postWebhook(
  url: string,
  body: string,
  fetch: typeof globalThis.fetch,
): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await response.body?.cancel();
  return response.status;
}

export const isTaken = (status: number): boolean => status >= 200 && status < 300;

/** A message to whoever operates holdfast, for the webhook of `ALERT_WEBHOOK_URL`. */
export interface Alert {
  readonly kind: string;
  readonly title: string;
  readonly lines: readonly string[];
  /** For receivers that read JSON. */
  readonly facts: Readonly<Record<string, string | number>>;
}

export const alertBody = (url: string, { kind, title, lines, facts }: Alert): unknown =>
  webhookBody(webhookKind(url), { title, lines, json: { kind, title, lines, ...facts } });

export interface AlertSender {
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  readonly log: Log;
}

/** Posts one alert. False when the receiver did not take it; the caller tries again with its next run. */
export async function sendAlert({ url, fetch, log }: AlertSender, alert: Alert): Promise<boolean> {
  try {
    const status = await postWebhook(url, JSON.stringify(alertBody(url, alert)), fetch);
    if (!isTaken(status)) log.warn('alert.refused', { kind: alert.kind, status });
    return isTaken(status);
  } catch (error) {
    log.warn('alert.failed', { kind: alert.kind, error: describeError(error) });
    return false;
  }
}
