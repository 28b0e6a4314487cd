import { hash } from 'node:crypto';
import { parseInstant } from './instant.ts';
import { auditDataOf, diagnosticOf, DIGEST_BYTES, isObject, textOf } from './record.ts';

/**
 * One event of the unified audit log reaches us in two shapes: as the feed's classic record, and inside the envelope
 * of the audit search, where integers carry type annotations beside them and times gain a zone. Both have one identity
 * here: 8 bytes of the id's hash and 16 of the content's, where the content is the record without what the shape adds.
 */

/** The record of any shape, out of its envelope. */
export function classicRecordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const inner = auditDataOf(value) ?? diagnosticOf(value);
  if (inner) return inner;
  return isObject(value) ? value : undefined;
}

/** Undefined where there is no record or no id: such a one can be compared with nothing. */
export function auditDigest(value: unknown): Buffer | undefined {
  const record = classicRecordOf(value);
  const id = record && (textOf(record['Id']) ?? textOf((value as { id?: unknown }).id));
  if (!record || id === undefined) return undefined;
  const digest = Buffer.allocUnsafe(DIGEST_BYTES);
  hash('sha256', id.toLowerCase(), 'buffer').copy(digest, 0, 0, 8);
  hash('sha256', plain(record, 0), 'buffer').copy(digest, 8, 0, DIGEST_BYTES - 8);
  return digest;
}

const MAX_DEPTH = 100;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** One text for one content: keys sorted, annotations and nulls dropped, scalars as text, times as instants. */
function plain(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) return '…';
  if (Array.isArray(value)) return `[${value.map((item) => plain(item, depth + 1)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(scalar(value));
  const members = Object.entries(value)
    .filter(([name, item]) => item !== null && !name.includes('@odata.'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${plain(item, depth + 1)}`);
  return `{${members.join(',')}}`;
}

function scalar(value: unknown): string {
  const text = String(value);
  if (typeof value !== 'string' || !DATE_TIME.test(text)) return text;
  return parseInstant(text)?.toString() ?? text;
}
