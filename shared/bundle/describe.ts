import { formatTicks } from '../instant.ts';
import { classicRecordOf } from '../audit-record.ts';
import { textOf } from '../record.ts';
import { clientIp, ipKey } from '../indexing/entities/ip.ts';
import { namedValue, objectAt, objectsAt, textAt, type Json } from '../indexing/fields.ts';
import { countryOf, userAgentOf } from '../indexing/summary.ts';
import type { SourceId } from '../sources.ts';
import type { ReadRecord } from './record-file.ts';

/** One line of a timeline. All text comes from records: hostile until a format has escaped it. */
export interface TimelineRow {
  /** ISO, 100-ns precision; empty when the record has no readable time. */
  readonly time: string;
  readonly source: SourceId;
  readonly operation: string;
  readonly message: string;
  readonly user: string;
  readonly ip: string;
  readonly country: string;
  readonly session: string;
  readonly app: string;
  readonly userAgent: string;
  readonly result: string;
  readonly recordId: string;
  /** Versions of this record in the archive; the row shows the latest. */
  readonly versions: number;
}

export function timelineRow(source: SourceId, record: ReadRecord, versions: number): TimelineRow {
  const { value, facts, keys } = record;
  const json: Json = classicRecordOf(value) ?? {};
  return {
    time: facts.ticks === undefined ? '' : formatTicks(facts.ticks),
    source,
    operation: facts.operation,
    message: message(facts.operation, json),
    user: facts.user || (keys.user[0] ?? ''),
    ip: clientIp(value) ?? '',
    country: countryOf(value)[0] ?? '',
    session: keys.session[0] ?? '',
    app: appName(json) ?? keys.app[0] ?? '',
    userAgent: userAgentOf(value)[0] ?? '',
    result: resultOf(json),
    recordId: facts.id ?? '',
    versions,
  };
}

const appName = (json: Json): string | undefined =>
  textOf(json['appDisplayName']) ?? textOf(json['ApplicationDisplayName']);

/** Sign-ins: the error number decides. STS logons: `ResultStatus` says only that HTTP succeeded (DETECTIONS, 5). */
export function resultOf(json: Json): string {
  const status = objectAt(json, 'status');
  if (status && 'errorCode' in status) {
    return status['errorCode'] === 0 ? 'success' : `failure ${String(status['errorCode'])}`;
  }
  if (json['Operation'] === 'UserLoginFailed') return `failure ${textOf(json['ErrorNumber']) ?? ''}`.trim();
  return textOf(json['result']) ?? textOf(json['ResultStatus']) ?? textOf(json['riskState']) ?? '';
}

const MAX_MESSAGE = 400;

function message(operation: string, json: Json): string {
  const facts = [...subject(json), ...parameters(json), ...targets(json), ...files(json)].filter(Boolean);
  const from = ipKey(textAt(json, 'ipAddress'));
  const place = [textAt(json, 'location', 'city'), textAt(json, 'location', 'countryOrRegion')]
    .filter(Boolean)
    .join(', ');
  const text = [
    operation || 'record',
    appName(json) && `to ${appName(json)}`,
    facts.join('; '),
    from && `from ${from}`,
    place && `(${place})`,
  ];
  return text.filter(Boolean).join(' ').slice(0, MAX_MESSAGE);
}

function subject(json: Json): string[] {
  const own = textAt(json, 'Item', 'Subject');
  const affected = objectsAt(json, 'AffectedItems')
    .map((item) => textAt(item, 'Subject'))
    .filter((s) => s !== undefined);
  return [...(own ? [`"${own}"`] : []), ...affected.slice(0, 5).map((s) => `"${s}"`)];
}

function parameters(json: Json): string[] {
  return objectsAt(json, 'Parameters')
    .slice(0, 12)
    .map((p) => `${textOf(p['Name']) ?? ''}=${textOf(p['Value']) ?? ''}`);
}

function targets(json: Json): string[] {
  const graph = objectsAt(json, 'targetResources').map(
    (t) => textOf(t['displayName']) ?? textOf(t['userPrincipalName']) ?? textOf(t['id']),
  );
  const changed = namedValue(objectsAt(json, 'ModifiedProperties'), 'ConsentAction.Permissions');
  return [...graph.filter((t) => t !== undefined).slice(0, 4), ...(changed ? [changed] : [])];
}

const files = (json: Json): string[] =>
  [textOf(json['SourceFileName']) ?? '', textOf(json['SiteUrl']) ?? ''].filter(Boolean);
