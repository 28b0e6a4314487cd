/** Closed union of what can go wrong; each code says who can mend it. */
export type ErrorCode =
  | 'invalid-request' // the caller's input; HTTP 400
  | 'not-found' // HTTP 404
  | 'conflict' // HTTP 409
  | 'unauthenticated' // HTTP 401
  | 'forbidden' // HTTP 403
  | 'too-large' // HTTP 413
  | 'busy' // HTTP 429
  | 'config' // settings; refused at start
  | 'unavailable' // storage or vendor cannot be reached now; HTTP 503
  | 'vendor-throttled'
  | 'vendor-refused' // permission, licence, subscription: an administrator must act
  | 'vendor-expired' // the vendor no longer keeps what was asked for
  | 'vendor-timeout' // no answer in time, repeatedly: ask for less
  | 'vendor-malformed' // an answer that is not what the API promises
  | 'page-token-expired' // restart the window
  | 'deadline' // the unit of work ran out of its time
  | 'archive-corrupt'
  | 'internal';

export interface ErrorFacts {
  readonly retryable?: boolean;
  /** What the operator or caller should do. */
  readonly remedy?: string;
  /** The request's field that is wrong. */
  readonly field?: string;
  /** Earliest useful retry, milliseconds from now. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
  /** Ids of what the error concerns: window, blob, request id ... */
  readonly ids?: Readonly<Record<string, string | number>>;
}

export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly remedy: string | undefined;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly ids: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.retryable = facts.retryable ?? false;
    this.remedy = facts.remedy;
    this.field = facts.field;
    this.retryAfterMs = facts.retryAfterMs;
    this.ids = facts.ids ?? {};
  }
}

export const isHoldfastError = (error: unknown, ...codes: ErrorCode[]): error is HoldfastError =>
  error instanceof HoldfastError && (codes.length === 0 || codes.includes(error.code));

/** A short, single-line account of any thrown value, safe for logs (no control characters). */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // oxlint-disable-next-line no-control-regex -- log lines must stay single lines whatever a vendor sent
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, 1000);
}
