/** What a handler hands to the sender, and the errors handlers throw. */
export interface Body {
  readonly length: number;
  chunks(): Iterable<Buffer>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** Called when the whole body has gone out. */
  readonly onSent?: () => void;
}

/** An error in the vendor's words; the API it is thrown in decides the body's shape. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function textBody(text: string): Body {
  const bytes = Buffer.from(text);
  return { length: bytes.length, chunks: () => [bytes] };
}

export const json = (value: unknown, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: textBody(JSON.stringify(value)),
});

const PIECE_BYTES = 64 * 1024;

/** A body of many small parts, copied together into pieces worth a system call. */
export function bodyOf(parts: readonly Buffer[]): Body {
  return { length: parts.reduce((sum, { length }) => sum + length, 0), chunks: () => coalesced(parts) };
}

export function* coalesced(parts: Iterable<Buffer>): Generator<Buffer> {
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let used = 0;
  for (const part of parts) {
    if (used + part.length > piece.length) {
      if (used > 0) yield piece.subarray(0, used);
      piece = Buffer.allocUnsafe(PIECE_BYTES);
      used = 0;
    }
    if (part.length > piece.length) yield part;
    else used += part.copy(piece, used);
  }
  if (used > 0) yield piece.subarray(0, used);
}

/** The parts of a JSON array between its brackets. */
export function separated(texts: readonly Buffer[]): Buffer[] {
  const comma = Buffer.from(',');
  return texts.flatMap((text, at) => (at === 0 ? [text] : [comma, text]));
}
