import { recordTypeName } from './record-type-names.ts';

/** What is posted to `security/auditLog/queries`. */
export interface AuditQueryBody {
  readonly displayName?: string;
  readonly filterStartDateTime?: string;
  readonly filterEndDateTime?: string;
  readonly recordTypeFilters?: readonly string[];
  readonly keywordFilter?: string | null;
  readonly serviceFilters?: readonly string[];
  /** The beta page's spelling. */
  readonly serviceFilter?: string | null;
  readonly operationFilters?: readonly string[];
  readonly userPrincipalNameFilters?: readonly string[];
  readonly ipAddressFilters?: readonly string[];
  readonly objectIdFilters?: readonly string[];
}

/** Whether a record passes; its text is only read when there is something to compare. */
export function auditQueryMatches(body: AuditQueryBody, textOf: () => string): boolean {
  const services = [...(body.serviceFilters ?? []), ...(body.serviceFilter ? [body.serviceFilter] : [])];
  const wanted: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['RecordType', body.recordTypeFilters],
    ['Workload', services],
    ['Operation', body.operationFilters],
    ['UserId', body.userPrincipalNameFilters],
    ['ClientIP', body.ipAddressFilters],
    ['ObjectId', body.objectIdFilters],
  ];
  const used = wanted.filter(([, values]) => values && values.length > 0);
  if (used.length === 0 && !body.keywordFilter) return true;
  const text = textOf();
  if (body.keywordFilter && !text.toLowerCase().includes(body.keywordFilter.toLowerCase())) return false;
  const record = JSON.parse(text) as Record<string, unknown>;
  return used.every(([name, values]) => {
    const value = name === 'RecordType' ? recordTypeName(record[name]) : record[name];
    return typeof value === 'string' && values!.some((one) => one.toLowerCase() === value.toLowerCase());
  });
}
