import { isHoldfastError, type ErrorCode, type HoldfastError } from '../errors.ts';

/** Errors as RFC 9457 `application/problem+json`, with the field that is wrong and the remedy. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly field?: string;
  /** Of an uploaded file, from 1. */
  readonly line?: number;
  readonly remedy?: string;
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  'invalid-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  busy: 429,
  unavailable: 503,
  'vendor-throttled': 503,
  'vendor-timeout': 503,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is wrong',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not available now',
};

/** Seconds that a caller should wait where nothing better is known. */
const WAIT_SECONDS = 10;

export interface ProblemAnswer {
  readonly problem: Problem;
  /** Seconds, for 429 and 503. */
  readonly retryAfter?: number;
}

export function problemOf(error: unknown, invocation?: string): ProblemAnswer {
  const known = isHoldfastError(error) ? error : undefined;
  const status = (known && STATUS[known.code]) ?? (isOutage(error) ? 503 : 500);
  const problem: Problem = {
    type: `https://holdfast.invalid/problems/${known?.code ?? (status === 503 ? 'unavailable' : 'internal')}`,
    title: TITLES[status] ?? 'Error',
    status,
    detail: detailOf(known?.message, status),
    ...(invocation && { instance: `urn:uuid:${invocation}` }),
    ...(known?.field && { field: known.field }),
    ...(known && lineOf(known)),
    ...(known?.remedy && status < 500 && { remedy: known.remedy }),
  };
  if (status !== 429 && status !== 503) return { problem };
  return { problem, retryAfter: Math.ceil((known?.retryAfterMs ?? WAIT_SECONDS * 1000) / 1000) };
}

const lineOf = ({ ids }: HoldfastError): { line?: number } =>
  typeof ids['line'] === 'number' ? { line: ids['line'] } : {};

// A fault of ours tells the caller nothing but that it was logged: messages of libraries may carry secrets.
const detailOf = (message: string | undefined, status: number): string => {
  if (message !== undefined && status !== 500) return message;
  if (status === 503) return 'Storage cannot be reached now.';
  return 'The fault is in the log under this invocation id.';
};

/** Storage is down, busy, or out of reach: the SDKs have retried already. */
function isOutage(error: unknown): boolean {
  const { statusCode, code } = (error ?? {}) as { statusCode?: unknown; code?: unknown };
  if (typeof statusCode === 'number') return statusCode >= 500 || statusCode === 429 || statusCode === 408;
  return /^(REQUEST_SEND_ERROR|ECONN\w+|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE)$/.test(String(code));
}
