import { HoldfastError } from '../errors.ts';
import { isObject, textOf } from '../record.ts';

/** What an answer other than success means. Pure; the codes are glossed in API-FACTS A, C and D. */

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
  readonly nowMs: number;
}

export type Refusal = 'permission' | 'licence' | 'subscription' | 'request';

const refused = (refusal: Refusal, message: string, retryable = false): HoldfastError =>
  new HoldfastError('vendor-refused', message, { retryable, ids: { refusal } });

const throttled = (answer: Answer): HoldfastError => {
  const retryAfterMs = parseRetryAfter(answer.retryAfter, answer.nowMs);
  return new HoldfastError('vendor-throttled', 'The service says: too many requests.', {
    retryable: true,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
};

/** `Retry-After` in milliseconds: seconds or an HTTP date; undefined when absent or senseless. */
export function parseRetryAfter(text: string | null, nowMs: number): number | undefined {
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Math.min(Number(text) * 1000, 3_600_000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.min(at - nowMs, 3_600_000));
}

interface ErrorBody {
  readonly code: string;
  readonly message: string;
}

function errorBody(body: string): ErrorBody {
  try {
    const error = (JSON.parse(body) as { error?: unknown }).error;
    if (!isObject(error)) return { code: '', message: '' };
    return { code: textOf(error['code']) ?? '', message: textOf(error['message']) ?? '' };
  } catch {
    return { code: '', message: body.slice(0, 200) };
  }
}

function common(answer: Answer, said: ErrorBody): HoldfastError | undefined {
  if (answer.status === 429) return throttled(answer);
  if (answer.status === 504)
    return new HoldfastError('vendor-timeout', 'The service timed out (504).', { retryable: true });
  if (answer.status >= 500 || answer.status === 408) {
    const retryAfterMs = parseRetryAfter(answer.retryAfter, answer.nowMs);
    return new HoldfastError('unavailable', `The service failed: ${answer.status} ${said.code}`.trim(), {
      retryable: true,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
  if (answer.status >= 300 && answer.status < 400) {
    return new HoldfastError(
      'vendor-malformed',
      `The service answered with a redirect (${answer.status}), which is not followed.`,
    );
  }
  return undefined;
}

const LICENCE =
  /Authentication_RequestFromNonPremiumTenantOrB2CTenant|premium licen[cs]e|RequestFromUnsupportedUserRole.*licen/i;
const PAGE_TOKEN =
  /skip ?token|Token not found|ExpiredPageToken|PageTokenNotFound|DeltaToken|nextLink.*(invalid|expired)/i;

/** Microsoft Graph. */
export function classifyGraph(answer: Answer): HoldfastError {
  const said = errorBody(answer.body);
  const text = `${said.code}: ${said.message}`.slice(0, 500);
  const shared = common(answer, said);
  if (shared) return shared;
  if (answer.status === 401) return refused('permission', `Not authenticated (401 ${text}).`);
  // The licence answer was also seen on licensed tenants, 9 of 10 calls (API-FACTS A): not believed at once.
  if (answer.status === 403 && LICENCE.test(text)) return refused('licence', text, true);
  if (answer.status === 403) return refused('permission', `403 ${text}`);
  if (PAGE_TOKEN.test(text)) return new HoldfastError('page-token-expired', text);
  if (
    answer.status === 404 ||
    /Resource not found for the segment|Could not find a property named/i.test(text)
  ) {
    return new HoldfastError('not-found', `${answer.status} ${text}`);
  }
  return refused('request', `${answer.status} ${text}`);
}

const FEED_PERMISSION = new Set(['AF10001', 'AF20010', 'AF20011', 'AF20012', 'AF20013']);
const FEED_SUBSCRIPTION = new Set(['AF20022', 'AF20023']);
const FEED_EXPIRED = new Set(['AF20030', 'AF20050', 'AF20051', 'AF20055']);

/** Office 365 Management Activity API: classified by its code, since throttling may come as 403. */
export function classifyFeed(answer: Answer): HoldfastError {
  const said = errorBody(answer.body);
  const text = `${said.code}: ${said.message}`.slice(0, 500);
  if (said.code === 'AF429') return throttled(answer);
  if (said.code === 'AF50000') return new HoldfastError('unavailable', text, { retryable: true });
  if (said.code === 'AF20031') return new HoldfastError('page-token-expired', text);
  if (FEED_SUBSCRIPTION.has(said.code)) return refused('subscription', text);
  if (FEED_EXPIRED.has(said.code))
    return new HoldfastError('vendor-expired', text, { ids: { feedCode: said.code } });
  // Auditing switched off answers "Tenant … does not exist".
  if (/Tenant .* does not exist/i.test(said.message)) return refused('licence', text);
  if (FEED_PERMISSION.has(said.code)) return refused('permission', text);
  const shared = common(answer, said);
  if (shared) return shared;
  if (answer.status === 401 || answer.status === 403)
    return refused('permission', `${answer.status} ${text}`);
  return refused('request', `${answer.status} ${text}`);
}
