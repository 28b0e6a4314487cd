import { HoldfastError } from '../errors.ts';

/** Where in an uploaded file something was found. */
export interface Place {
  /** The file, or the file inside a zip. */
  readonly file: string;
  /** From 1, of the text after unpacking. */
  readonly line: number;
}

// oxlint-disable-next-line no-control-regex -- whatever a zip calls its entries, a message stays one line
const UNSHOWN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]+/g;

/** Names come from callers and from zips: one line, no control characters, not longer than a sentence bears. */
export const shownName = (name: string): string => name.replace(UNSHOWN, ' ').slice(0, 200).toWellFormed();

/** The file cannot be imported because of what is in this line. Nothing of the line is repeated: it is hostile text. */
export const brokenAt = ({ file, line }: Place, reason: string, remedy: string): HoldfastError =>
  new HoldfastError('invalid-request', `${shownName(file)}, line ${line}: ${reason}.`, {
    field: 'body',
    remedy,
    ids: { line },
  });

/** The file as a whole cannot be imported. */
export const refused = (reason: string, remedy: string, field = 'body'): HoldfastError =>
  new HoldfastError('invalid-request', reason, { field, remedy });

export const KNOWN_FORMATS =
  'Known are: CSV of Search-UnifiedAuditLog or Purview (with a column AuditData), of the Entra portal and of Log Analytics; JSON arrays, pages with "value" or "records", and NDJSON of Graph, the Management Activity API, the audit search and diagnostic settings; plain, gzip or zip, UTF-8 or UTF-16.';
