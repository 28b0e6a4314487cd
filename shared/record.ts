import { createHash, hash } from 'node:crypto';
import { cached } from './cached.ts';
import { canonicalJson } from './json/canonical.ts';
import { parseInstant, type Ticks } from './instant.ts';

/** A record's verbatim text and what was read from it travel together as one value. */
export interface ArchiveRecord {
  /** The vendor's JSON text, one line. */
  readonly text: Buffer;
  /**
   * The parsed value; undefined when the text is not JSON (archived all the same, and counted); null where it was
   * parsed and let go (a spool keeps thousands of texts, not their objects).
   */
  readonly value: unknown;
  readonly facts: RecordFacts;
}

export interface RecordFacts {
  readonly id: string | undefined;
  readonly ticks: Ticks | undefined;
  /** Sort key within a segment: one user's records lie together. Not an identity. */
  readonly user: string;
  readonly operation: string;
}

type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

// The property that carries each shape's event time, in order of trust. Management API: CreationTime (UTC, zone-less).
const TIMES = [
  'createdDateTime',
  'activityDateTime',
  'CreationTime',
  'detectedDateTime',
  'time',
  'CreationDate',
  'TimeGenerated',
] as const;

export function parseRecord(text: Buffer): ArchiveRecord {
  const value = parseJson(text);
  return { text, value, facts: readFacts(value) };
}

function parseJson(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * The classic audit record inside an envelope of the audit search (Graph `auditLogRecord`); undefined for any other
 * shape. The envelope's own `userId` and `userPrincipalName` are crossed (API-FACTS D), the record's are not.
 */
export function auditDataOf(value: unknown): Json | undefined {
  if (!isObject(value) || !('auditLogRecordType' in value)) return undefined;
  return isObject(value['auditData']) ? value['auditData'] : undefined;
}

/**
 * The Graph record inside an envelope of diagnostic settings (event hub, storage account): only met in imports.
 * Undefined for any other shape.
 */
export function diagnosticOf(value: unknown): Json | undefined {
  if (!isObject(value) || !('category' in value || 'operationName' in value)) return undefined;
  const inner = value['properties'];
  if (!isObject(inner)) return undefined;
  return ['createdDateTime', 'activityDateTime', 'riskEventType'].some((name) => name in inner)
    ? inner
    : undefined;
}

/** The record itself, out of whatever envelope it came in. */
export const nativeOf = (value: unknown): unknown => auditDataOf(value) ?? diagnosticOf(value) ?? value;

/** All that `readFacts` looks at: a record's members of these names stand for the whole record. */
export const FACT_MEMBERS = [
  ...TIMES,
  'id',
  'Id',
  'userPrincipalName',
  'UserId',
  'userId',
  'servicePrincipalId',
  'initiatedBy',
  'Operation',
  'operation',
  'activityDisplayName',
  'operationName',
  'auditLogRecordType',
  'riskEventType',
  'provisioningAction',
  'signInEventTypes',
  'appId',
  'category',
  'properties',
] as const;

/** Never throws: nothing is dropped for its shape. */
export function readFacts(value: unknown): RecordFacts {
  if (!isObject(value)) return { id: undefined, ticks: undefined, user: '', operation: '' };
  const inner = diagnosticOf(value);
  return {
    id: textOf(value['id']) ?? textOf(value['Id']) ?? textOf(inner?.['id']),
    ticks: (inner && eventTicks(inner)) ?? eventTicks(value),
    user: sortUser(inner ?? value),
    operation: operationOf(value) || (inner ? operationOf(inner) : ''),
  };
}

function eventTicks(value: Json): Ticks | undefined {
  for (const name of TIMES) {
    const ticks = parseInstant(value[name]);
    if (ticks !== undefined) return ticks;
  }
  return undefined;
}

/** Thousands of records wait at once, of few users and operations: one text for each, not one for each record. */
const WORDS_KEPT = 4000;
const lowerCase = cached((text) => text.toLowerCase(), WORDS_KEPT);
const operationName = cached((text) => text.trim().slice(0, 200), WORDS_KEPT);

function sortUser(value: Json): string {
  const by = value['initiatedBy'];
  const actor = isObject(by)
    ? isObject(by['user'])
      ? by['user']
      : isObject(by['app'])
        ? by['app']
        : undefined
    : undefined;
  const text =
    textOf(value['userPrincipalName']) ??
    textOf(value['UserId']) ??
    textOf(actor?.['userPrincipalName']) ??
    textOf(actor?.['id']) ??
    textOf(actor?.['displayName']) ??
    textOf(value['servicePrincipalId']) ??
    textOf(value['userId']) ??
    '';
  return lowerCase(text);
}

const SIGN_IN_KINDS: Readonly<Record<string, string>> = {
  interactiveUser: 'signIn:interactive',
  nonInteractiveUser: 'signIn:nonInteractive',
  servicePrincipal: 'signIn:servicePrincipal',
  managedIdentity: 'signIn:managedIdentity',
};

/** What was done, as the manifests count it and rules are dispatched by it. At most 200 characters. */
export function operationOf(value: Json): string {
  const named =
    textOf(value['Operation']) ??
    textOf(value['activityDisplayName']) ??
    textOf(value['operationName']) ??
    // Audit search: `operation` of the envelope. Other shapes use the word for other things.
    ('auditLogRecordType' in value ? textOf(value['operation']) : undefined);
  if (named) return operationName(named);
  if ('riskEventType' in value) return `risk:${String(value['riskEventType'])}`.slice(0, 200);
  if ('provisioningAction' in value)
    return `provisioning:${String(value['provisioningAction'])}`.slice(0, 200);
  const kinds = value['signInEventTypes'];
  const kind = Array.isArray(kinds) ? SIGN_IN_KINDS[String(kinds[0])] : undefined;
  if (kind) return kind;
  return 'createdDateTime' in value && 'appId' in value ? 'signIn' : '';
}

/** Bytes of one digest: 8 of SHA-256(id), 16 of SHA-256(text). */
export const DIGEST_BYTES = 24;
const ID_BYTES = 8;

/**
 * What identifies a record in a manifest. The first part finds candidates by id, the second tells equal text.
 * Records without an id are found by their canonical form, so that another key order is still recognised.
 */
export function digestOf(record: ArchiveRecord): Buffer {
  const digest = Buffer.allocUnsafe(DIGEST_BYTES);
  writeDigest(record, digest, 0);
  return digest;
}

/** The same into a row of digests. As text: a hash given as a buffer costs twice as much (measured). */
export function writeDigest(record: ArchiveRecord, into: Buffer, at: number): void {
  const id = record.facts.id ?? canonicalOf(record.text);
  into.write(hash('sha256', id, 'binary'), at, ID_BYTES, 'latin1');
  into.write(hash('sha256', record.text, 'binary'), at + ID_BYTES, DIGEST_BYTES - ID_BYTES, 'latin1');
}

/** The canonical form of a record's text; the text itself when it is not JSON. */
export function canonicalOf(text: Buffer): string {
  const decoded = text.toString('utf8');
  try {
    return canonicalJson(decoded);
  } catch {
    return decoded;
  }
}

/** Hash by which two spellings of one record are the same: SHA-256 of the canonical text, hex. */
export const contentHash = (text: Buffer): string =>
  createHash('sha256').update(canonicalOf(text)).digest('hex');
