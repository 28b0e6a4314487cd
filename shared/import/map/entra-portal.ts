import {
  cell,
  flagCell,
  numberCell,
  textCell,
  timeCell,
  withoutEmpty,
  type Row,
  type RowMap,
} from './cells.ts';

/** CSV downloads of the Entra admin center (learn.microsoft.com/entra/identity/monitoring-health/howto-download-logs). */

const STATUS: Readonly<Record<string, boolean>> = { success: true, failure: false, interrupted: false };

/** `Vienna, Wien, AT` as the portal joins it. */
function location(text: string | undefined): Record<string, unknown> | undefined {
  const parts = text?.split(',').map((part) => part.trim());
  if (!parts || parts.length === 0) return undefined;
  const [countryOrRegion, state, city] = parts.toReversed();
  return withoutEmpty({ city, state, countryOrRegion });
}

export const portalSignInRow: RowMap = (row) => {
  const time = timeCell(row, 'Date (UTC)');
  if (
    time === undefined ||
    cell(row, 'Request ID') === undefined ||
    cell(row, 'Status', 'Sign-in error code') === undefined
  )
    return undefined;
  const worked = STATUS[(textCell(row, 'Status') ?? '').toLowerCase()];
  const principal = textCell(row, 'Service principal ID');
  return withoutEmpty({
    id: textCell(row, 'Request ID'),
    createdDateTime: time,
    correlationId: textCell(row, 'Correlation ID'),
    userId: textCell(row, 'User ID'),
    userDisplayName: textCell(row, 'User'),
    userPrincipalName: textCell(row, 'Username'),
    userType: textCell(row, 'User type'),
    servicePrincipalId: principal,
    servicePrincipalName: textCell(row, 'Service principal name'),
    appDisplayName: textCell(row, 'Application'),
    appId: textCell(row, 'Application ID'),
    resourceDisplayName: textCell(row, 'Resource'),
    resourceId: textCell(row, 'Resource ID'),
    resourceTenantId: textCell(row, 'Resource tenant ID'),
    homeTenantId: textCell(row, 'Home tenant ID'),
    ipAddress: textCell(row, 'IP address'),
    ipAddressFromResourceProvider: textCell(row, 'IP address (seen by resource)'),
    autonomousSystemNumber: numberCell(row, 'Autonomous system number', 'Autonomous system  number'),
    location: location(textCell(row, 'Location')),
    status: withoutEmpty({
      errorCode: numberCell(row, 'Sign-in error code') ?? (worked ? 0 : undefined),
      failureReason: textCell(row, 'Failure reason'),
    }),
    clientAppUsed: textCell(row, 'Client app'),
    userAgent: textCell(row, 'User agent'),
    deviceDetail: withoutEmpty({
      deviceId: textCell(row, 'Device ID'),
      browser: textCell(row, 'Browser'),
      operatingSystem: textCell(row, 'Operating System'),
      isCompliant: flagCell(row, 'Compliant'),
      isManaged: flagCell(row, 'Managed'),
      trustType: textCell(row, 'Join Type'),
    }),
    authenticationRequirement: textCell(row, 'Authentication requirement'),
    authenticationProtocol: textCell(row, 'Authentication Protocol'),
    originalTransferMethod: textCell(row, 'Original transfer method'),
    incomingTokenType: textCell(row, 'Incoming token type'),
    uniqueTokenIdentifier: textCell(row, 'Unique token identifier'),
    sessionId: textCell(row, 'Session ID'),
    conditionalAccessStatus: textCell(row, 'Conditional Access'),
    tokenIssuerType: textCell(row, 'Token issuer type'),
    crossTenantAccessType: textCell(row, 'Cross tenant access type'),
  });
};

/** `Target1ModifiedProperty2Name` and its like. */
function targets(row: Row): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  for (
    let n = 1;
    cell(row, `Target${n}Type`, `Target${n}DisplayName`, `Target${n}ObjectId`) !== undefined;
    n++
  ) {
    const at = (name: string): string | undefined => textCell(row, `Target${n}${name}`);
    found.push(
      withoutEmpty({
        type: at('Type'),
        displayName: at('DisplayName'),
        id: at('ObjectId'),
        userPrincipalName: at('UserPrincipalName'),
        modifiedProperties: modified(row, `Target${n}ModifiedProperty`),
      }),
    );
  }
  return found;
}

function modified(row: Row, prefix: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  for (let n = 1; cell(row, `${prefix}${n}Name`) !== undefined; n++)
    found.push({
      displayName: textCell(row, `${prefix}${n}Name`),
      oldValue: textCell(row, `${prefix}${n}OldValue`) ?? null,
      newValue: textCell(row, `${prefix}${n}NewValue`) ?? null,
    });
  return found;
}

function details(row: Row): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  for (let n = 1; cell(row, `AdditionalDetail${n}Key`) !== undefined; n++)
    found.push({
      key: textCell(row, `AdditionalDetail${n}Key`),
      value: textCell(row, `AdditionalDetail${n}Value`) ?? null,
    });
  return found;
}

function initiator(row: Row): Record<string, unknown> | undefined {
  const name = textCell(row, 'ActorDisplayName');
  const id = textCell(row, 'ActorObjectId');
  if ((textCell(row, 'ActorType') ?? '').toLowerCase().includes('user'))
    return {
      user: withoutEmpty({
        id,
        displayName: name,
        userPrincipalName: textCell(row, 'ActorUserPrincipalName'),
        ipAddress: textCell(row, 'IPAddress'),
      }),
    };
  return {
    app: withoutEmpty({
      servicePrincipalId: textCell(row, 'ActorServicePrincipalId') ?? id,
      displayName: name,
    }),
  };
}

export const portalAuditRow: RowMap = (row) => {
  const time = timeCell(row, 'Date (UTC)');
  if (time === undefined || cell(row, 'Activity') === undefined || cell(row, 'Service') === undefined)
    return undefined;
  return withoutEmpty({
    id: textCell(row, 'Id', 'AuditLogId'),
    activityDateTime: time,
    activityDisplayName: textCell(row, 'Activity'),
    category: textCell(row, 'Category'),
    correlationId: textCell(row, 'CorrelationId'),
    loggedByService: textCell(row, 'Service'),
    result: textCell(row, 'Result')?.toLowerCase(),
    resultReason: textCell(row, 'ResultReason'),
    initiatedBy: initiator(row),
    targetResources: targets(row),
    additionalDetails: details(row),
    userAgent: textCell(row, 'UserAgent'),
  });
};
