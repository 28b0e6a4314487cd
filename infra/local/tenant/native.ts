import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { msFromTicks, parseInstant } from '../../../shared/instant.ts';
import type { PublishedRecord, PublishedSource } from './records.ts';

export interface NativeOptions {
  /** Where the newest event is moved to. */
  readonly nowMs: number;
  /** Whether times are shifted; a number shifts by so many milliseconds (whole seconds). Default true. */
  readonly shift?: boolean | number;
  /** From event to availability. Default 0. */
  readonly latencyMs?: number;
}

interface Native {
  readonly source: PublishedSource;
  readonly text: string;
  readonly eventMs: number;
}

/** Reads an NDJSON file of native-shape records; only the time strings of a record's text are changed. */
export async function loadNativeRecords(path: string, options: NativeOptions): Promise<PublishedRecord[]> {
  const natives: Native[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const text = line.trim();
    if (text !== '') natives.push(nativeOf(text, path, options.nowMs));
  }
  return shifted(natives, options);
}

function nativeOf(text: string, path: string, nowMs: number): Native {
  const record = JSON.parse(text) as unknown;
  if (!isObject(record))
    throw new TypeError(`${path} holds something that is not a record: ${text.slice(0, 80)}`);
  const time = TIMES.map((name) => parseInstant(record[name])).find((ticks) => ticks !== undefined);
  return { source: sourceOf(record), text, eventMs: time === undefined ? nowMs : msFromTicks(time) };
}

const TIMES = ['CreationTime', 'createdDateTime', 'activityDateTime', 'detectedDateTime'];

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The stream a record of this shape comes from. */
export function sourceOf(record: Json): PublishedSource {
  if ('CreationTime' in record || 'RecordType' in record) return auditSource(record);
  if ('riskEventType' in record || 'detectedDateTime' in record) return 'risk-detections';
  if ('provisioningAction' in record || 'provisioningSteps' in record) return 'provisioning';
  if ('activityDateTime' in record) return 'directory-audits';
  return signInSource(record);
}

function signInSource(record: Json): PublishedSource {
  const types = record['signInEventTypes'];
  const type = Array.isArray(types) ? String(types[0]) : undefined;
  if (type === 'managedIdentity') return 'signins-managedidentity';
  if (type === 'servicePrincipal') return 'signins-serviceprincipal';
  if (type === 'nonInteractiveUser') return 'signins-noninteractive';
  if (type === 'interactiveUser') return 'signins-interactive';
  if (record['managedServiceIdentity']) return 'signins-managedidentity';
  if (record['servicePrincipalId'] && !record['userId']) return 'signins-serviceprincipal';
  return record['isInteractive'] === false ? 'signins-noninteractive' : 'signins-interactive';
}

// https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#auditlogrecordtype
const DLP = new Set([11, 13, 33, 63, 99, 107]);
const WORKLOADS: Readonly<Record<string, PublishedSource>> = {
  AzureActiveDirectory: 'ual-entra',
  Exchange: 'ual-exchange',
  SharePoint: 'ual-sharepoint',
  OneDrive: 'ual-sharepoint',
};
const TYPES: Readonly<Record<number, PublishedSource>> = {
  1: 'ual-exchange',
  2: 'ual-exchange',
  3: 'ual-exchange',
  50: 'ual-exchange',
  4: 'ual-sharepoint',
  6: 'ual-sharepoint',
  14: 'ual-sharepoint',
  36: 'ual-sharepoint',
  8: 'ual-entra',
  9: 'ual-entra',
  15: 'ual-entra',
};

function auditSource(record: Json): PublishedSource {
  const type = Number(record['RecordType']);
  if (DLP.has(type)) return 'ual-dlp';
  const workload = record['Workload'];
  return (typeof workload === 'string' ? WORKLOADS[workload] : undefined) ?? TYPES[type] ?? 'ual-general';
}

function shifted(
  natives: readonly Native[],
  { nowMs, shift = true, latencyMs = 0 }: NativeOptions,
): PublishedRecord[] {
  const newest = natives.reduce((most, { eventMs }) => Math.max(most, eventMs), -Infinity);
  const wanted = typeof shift === 'number' ? shift : shift ? nowMs - newest : 0;
  // Whole seconds, so that fractions stay as the vendor wrote them.
  const deltaMs = Number.isFinite(wanted) ? Math.floor(wanted / 1000) * 1000 : 0;
  return natives.map(({ source, text, eventMs }) => ({
    source,
    text: deltaMs === 0 ? text : shiftTimes(text, deltaMs),
    eventMs: eventMs + deltaMs,
    availableMs: eventMs + deltaMs + latencyMs,
  }));
}

const TIME = /"(\d{4})-(\d{2})-(\d{2})(T| )(\d{2}):(\d{2})(?::(\d{2})((?:\.\d+)?))?(Z|[+-]\d{2}:\d{2})?"/g;

/** Moves every string that is a date and time, and leaves every other byte as it was. */
export function shiftTimes(text: string, deltaMs: number): string {
  return text.replace(
    TIME,
    (whole, year, month, day, gap, hour, minute, second?: string, fraction = '', zone = '') => {
      const ms = Date.UTC(
        Number(year),
        Number(month) - 1,
        Number(day),
        Number(hour),
        Number(minute),
        Number(second ?? 0),
      );
      // Sentinels such as 0001-01-01 and 9999-12-31 mean "never" and stay.
      if (Number(year) < 1980 || Number(year) > 2200) return whole;
      const moved = new Date(ms + deltaMs).toISOString();
      const clock = second === undefined ? moved.slice(11, 16) : `${moved.slice(11, 19)}${fraction}`;
      return `"${moved.slice(0, 10)}${gap}${clock}${zone}"`;
    },
  );
}
