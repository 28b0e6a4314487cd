import { membersOf } from './json-text.ts';
import { recordTypeName } from './record-type-names.ts';

const USER_TYPES = [
  'Regular',
  'Reserved',
  'Admin',
  'DcAdmin',
  'System',
  'Application',
  'ServicePrincipal',
  'CustomPolicy',
  'SystemPolicy',
  'PartnerTechnician',
  'Guest',
];

/**
 * A unified audit record as the audit query returns it. The names are crossed, as live tenants show: `userId` holds the
 * classic UserKey and `userPrincipalName` the classic UserId; `clientIp` is null although auditData has one.
 */
export function auditEnvelope(text: string): string {
  const record = JSON.parse(text) as Record<string, unknown>;
  const envelope = {
    id: record['Id'],
    createdDateTime: zoned(record['CreationTime']),
    auditLogRecordType: recordTypeName(record['RecordType']),
    operation: record['Operation'],
    organizationId: record['OrganizationId'],
    userType: USER_TYPES[Number(record['UserType'])] ?? 'Regular',
    userId: record['UserKey'] ?? null,
    service: record['Workload'] ?? null,
    objectId: record['ObjectId'] ?? null,
    userPrincipalName: record['UserId'] ?? null,
    clientIp: null,
    administrativeUnits: [''],
  };
  return `${JSON.stringify(envelope).slice(0, -1)},"auditData":${auditData(text)}}`;
}

// Integers carry their type beside them, and the creation time gains the zone it lacks in the feed.
function auditData(text: string): string {
  const members = membersOf(text).map(({ name, text: own, value }) => {
    if (name === 'CreationTime') return `"CreationTime":${JSON.stringify(zoned(JSON.parse(value)))}`;
    return /^-?\d+$/.test(value) ? `${JSON.stringify(`${name}@odata.type`)}:"#Int64",${own}` : own;
  });
  return `{${['"@odata.type":"#microsoft.graph.security.defaultAuditData"', ...members].join(',')}}`;
}

const zoned = (time: unknown): unknown =>
  typeof time === 'string' && /T[\d:.]+$/.test(time) ? `${time}Z` : time;
