import { clientIp } from '../../../indexing/entities/ip.ts';
import { tokenIds } from '../../../indexing/entities/session.ts';
import { userKey } from '../../../indexing/entities/user.ts';
import { entityKeys, type EntityKeys } from '../../../indexing/entities/index.ts';
import { distinct, guidOf, objectAt, objectsAt, textAt, type Json } from '../../../indexing/fields.ts';
import { userAgentOf } from '../../../indexing/summary.ts';
import { formatTicks, msFromTicks } from '../../../instant.ts';
import { classicRecordOf } from '../../../audit-record.ts';
import { textOf, type ArchiveRecord } from '../../../record.ts';
import type { SourceId } from '../../../sources.ts';

/** A record as the analysis reads it. All text comes from records: hostile. */
export interface Event {
  /** Number in the bundle's record file; -1 where there is none. */
  readonly number: number;
  readonly source: SourceId;
  readonly id: string;
  /** The classic record, where an envelope of the audit search holds one. */
  readonly value: Json;
  readonly keys: EntityKeys;
  /** ISO, 100 ns; empty when the record has no readable time. */
  readonly time: string;
  readonly ms: number;
  /** Trimmed, without the full stop that the unified audit log adds. */
  readonly operation: string;
  /** Who acted: one normalised key; empty when nobody is named. */
  readonly actor: string;
  readonly ip: string;
  readonly session: string;
  readonly tokens: readonly string[];
  /** Ids by which records of one request or flow name one another. */
  readonly flow: readonly string[];
  readonly userAgent: string;
  readonly place: Place;
}

export interface Place {
  readonly city: string;
  readonly state: string;
  readonly country: string;
}

export function eventOf(source: SourceId, record: ArchiveRecord, number = -1, keys?: EntityKeys): Event {
  const { value, facts } = record;
  const json: Json = classicRecordOf(value) ?? {};
  const found = keys ?? entityKeys(value);
  const ms = facts.ticks === undefined ? NaN : msFromTicks(facts.ticks);
  return {
    number,
    source,
    id: facts.id ?? '',
    value: json,
    keys: found,
    time: facts.ticks === undefined ? '' : formatTicks(facts.ticks),
    ms,
    operation: facts.operation.trim().replace(/\.$/, ''),
    actor: userKey(facts.user) ?? '',
    ip: clientIp(value) ?? '',
    session: found.session[0] ?? '',
    tokens: tokenIds(value),
    flow: flowOf(source, json),
    userAgent: userAgentOf(value)[0] ?? '',
    place: placeOf(json),
  };
}

const FLOWS = /^(signins-|directory-audits$|risk-detections$|ual-entra$|ual-search$)/;

/**
 * Correlation ids tie Graph's records to one another and to the unified audit log, which calls them InterSystemsId;
 * the id of a sign-in is what a risk detection calls its request.
 */
function flowOf(source: SourceId, json: Json): string[] {
  if (!FLOWS.test(source)) return [];
  const own = source.startsWith('signins-') ? textAt(json, 'id') : textAt(json, 'requestId');
  const shared = textAt(json, 'correlationId') ?? textAt(json, 'InterSystemsId');
  return distinct([guidOf(shared), guidOf(own)]);
}

function placeOf(json: Json): Place {
  const location = objectAt(json, 'location');
  return {
    city: textAt(location, 'city') ?? '',
    state: textAt(location, 'state') ?? '',
    country: textAt(location, 'countryOrRegion') ?? '',
  };
}

export const isSignIn = (e: Event): boolean =>
  e.source === 'signins-interactive' || e.source === 'signins-noninteractive';

/** Graph writes a number, the unified audit log a text; empty when there is none. */
export function errorCodeOf(e: Event): string {
  const code = objectAt(e.value, 'status')?.['errorCode'] ?? e.value['ErrorNumber'];
  return typeof code === 'number' || typeof code === 'string' ? String(code) : '';
}

/** `Parameters` of a cmdlet, by name. */
export const parametersOf = (e: Event): [string, string][] =>
  objectsAt(e.value, 'Parameters').map((p) => [textOf(p['Name']) ?? '', textOf(p['Value']) ?? '']);

export interface PropertyChange {
  readonly name: string;
  readonly value: string;
}

/** New values of changed properties, of Graph's targets and of the unified audit log, JSON-quoted text unquoted. */
export function changesOf(e: Event): PropertyChange[] {
  const graph = objectsAt(e.value, 'targetResources').flatMap((t) => objectsAt(t, 'modifiedProperties'));
  const audit = objectsAt(e.value, 'ModifiedProperties');
  return [...graph, ...audit].map((p) => ({
    name: textOf(p['displayName']) ?? textOf(p['Name']) ?? '',
    value: unquoted(textOf(p['newValue']) ?? textOf(p['NewValue']) ?? ''),
  }));
}

function unquoted(text: string): string {
  if (!/^\s*["[]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string') return value;
    return Array.isArray(value) && value.length === 1 && typeof value[0] !== 'object'
      ? String(value[0])
      : text;
  } catch {
    return text;
  }
}

export const changed = (e: Event, name: string): string | undefined =>
  changesOf(e).find((c) => c.name.toLowerCase() === name.toLowerCase() && c.value !== '')?.value;
