import {
  cell,
  flagCell,
  jsonCell,
  numberCell,
  textCell,
  timeCell,
  withoutEmpty,
  type Row,
  type RowMap,
} from './cells.ts';

/**
 * Rows of Log Analytics and Sentinel tables. Columns: learn.microsoft.com/azure/azure-monitor/reference/tables/signinlogs
 * (and auditlogs, officeactivity, azureactivity).
 */

const lowerFirst = (name: string): string => name.slice(0, 1).toLowerCase() + name.slice(1);

/** Columns whose name is the record's own but for its first letter. */
const SIGN_IN_TEXTS = [
  'Id', 'CorrelationId', 'UserPrincipalName', 'UserDisplayName', 'UserId', 'AppDisplayName', 'AppId', 'UserAgent',
  'ClientAppUsed', 'ConditionalAccessStatus', 'AuthenticationRequirement', 'AuthenticationProtocol', 'IncomingTokenType',
  'OriginalTransferMethod', 'SessionId', 'UniqueTokenIdentifier', 'OriginalRequestId', 'ResourceDisplayName', 'RiskDetail',
  'RiskLevelAggregated', 'RiskLevelDuringSignIn', 'RiskState', 'ServicePrincipalId', 'ServicePrincipalName', 'TokenIssuerName',
  'TokenIssuerType', 'UserType', 'CrossTenantAccessType', 'HomeTenantId', 'ResourceTenantId', 'SignInIdentifier',
] as const; // prettier-ignore

const SIGN_IN_TYPES: Readonly<Record<string, string>> = {
  signinlogs: 'interactiveUser',
  aadnoninteractiveusersigninlogs: 'nonInteractiveUser',
  noninteractiveusersigninlogs: 'nonInteractiveUser',
  aadserviceprincipalsigninlogs: 'servicePrincipal',
  serviceprincipalsigninlogs: 'servicePrincipal',
  aadmanagedidentitysigninlogs: 'managedIdentity',
  managedidentitysigninlogs: 'managedIdentity',
};

const tableOf = (row: Row): string => (textCell(row, 'Type', '$table', 'Category') ?? '').toLowerCase();

export const signInRow: RowMap = (row) => {
  const type = SIGN_IN_TYPES[tableOf(row)] ?? SIGN_IN_TYPES[(textCell(row, 'Category') ?? '').toLowerCase()];
  const isSignIn = type !== undefined || textCell(row, 'OperationName') === 'Sign-in activity';
  if (!isSignIn || cell(row, 'AppId', 'AppDisplayName', 'ServicePrincipalId') === undefined) return undefined;
  const code = numberCell(row, 'ResultType');
  const country = textCell(row, 'Location');
  return withoutEmpty({
    createdDateTime: timeCell(row, 'CreatedDateTime', 'TimeGenerated'),
    ...Object.fromEntries(SIGN_IN_TEXTS.map((name) => [lowerFirst(name), textCell(row, name)])),
    ipAddress: textCell(row, 'IPAddress'),
    ipAddressFromResourceProvider: textCell(row, 'IPAddressFromResourceProvider'),
    autonomousSystemNumber: numberCell(row, 'AutonomousSystemNumber'),
    isInteractive: flagCell(row, 'IsInteractive'),
    signInEventTypes: type && [type],
    resourceId: textCell(row, 'ResourceIdentity'),
    status:
      jsonCell(row, 'Status') ??
      (code === undefined
        ? undefined
        : withoutEmpty({ errorCode: code, failureReason: textCell(row, 'ResultDescription') })),
    location: jsonCell(row, 'LocationDetails') ?? (country && { countryOrRegion: country }),
    deviceDetail: jsonCell(row, 'DeviceDetail'),
    mfaDetail: jsonCell(row, 'MfaDetail'),
    appliedConditionalAccessPolicies: jsonCell(row, 'ConditionalAccessPolicies'),
    authenticationDetails: jsonCell(row, 'AuthenticationDetails'),
    authenticationProcessingDetails: jsonCell(row, 'AuthenticationProcessingDetails'),
    networkLocationDetails: jsonCell(row, 'NetworkLocationDetails'),
    riskEventTypes_v2: jsonCell(row, 'RiskEventTypes_V2'),
  });
};

export const auditRow: RowMap = (row) => {
  if (cell(row, 'InitiatedBy') === undefined || cell(row, 'TargetResources', 'LoggedByService') === undefined)
    return undefined;
  return withoutEmpty({
    id: textCell(row, 'Id'),
    activityDateTime: timeCell(row, 'ActivityDateTime', 'TimeGenerated'),
    activityDisplayName: textCell(row, 'ActivityDisplayName', 'OperationName'),
    category: textCell(row, 'Category'),
    correlationId: textCell(row, 'CorrelationId'),
    loggedByService: textCell(row, 'LoggedByService'),
    operationType: textCell(row, 'AADOperationType'),
    result: textCell(row, 'Result'),
    resultReason: textCell(row, 'ResultReason'),
    initiatedBy: jsonCell(row, 'InitiatedBy'),
    targetResources: jsonCell(row, 'TargetResources'),
    additionalDetails: jsonCell(row, 'AdditionalDetails'),
  });
};

const OFFICE_TEXTS = [
  'Operation', 'RecordType', 'OrganizationId', 'UserType', 'UserKey', 'ResultStatus', 'UserId', 'ClientIP', 'Scope',
  'ItemType', 'EventSource', 'UserAgent', 'SourceRelativeUrl', 'SourceFileName', 'SourceFileExtension', 'MailboxGuid',
  'MailboxOwnerUPN', 'MailboxOwnerSid', 'LogonUserSid', 'LogonUserDisplayName', 'ClientInfoString', 'ClientMachineName',
  'ClientProcessName', 'ClientVersion', 'OriginatingServer', 'OrganizationName', 'ActorIpAddress', 'AppId', 'ClientAppId',
  'TargetUserOrGroupName', 'TargetUserOrGroupType', 'TeamName', 'SessionId',
] as const; // prettier-ignore

const OFFICE_JSON = ['Parameters', 'ModifiedProperties', 'ExtendedProperties', 'AffectedItems', 'Folder', 'Item', 'Actor', 'Members'] as const; // prettier-ignore

export const officeRow: RowMap = (row) => {
  if (cell(row, 'OfficeWorkload') === undefined || cell(row, 'Operation') === undefined) return undefined;
  return withoutEmpty({
    Id: textCell(row, 'OfficeId', 'SourceRecordId'),
    CreationTime: timeCell(row, 'TimeGenerated'),
    Workload: textCell(row, 'OfficeWorkload'),
    ObjectId: textCell(row, 'OfficeObjectId'),
    ClientIPAddress: textCell(row, 'Client_IPAddress'),
    SiteUrl: textCell(row, 'Site_Url'),
    Site: textCell(row, 'Site_'),
    LogonType: numberCell(row, 'Logon_Type'),
    ExternalAccess: flagCell(row, 'ExternalAccess'),
    ...Object.fromEntries(OFFICE_TEXTS.map((name) => [name, textCell(row, name)])),
    ...Object.fromEntries(OFFICE_JSON.map((name) => [name, jsonCell(row, name)])),
  });
};

export const activityRow: RowMap = (row) => {
  if (cell(row, 'OperationNameValue') === undefined) return undefined;
  return withoutEmpty({
    time: timeCell(row, 'TimeGenerated', 'EventSubmissionTimestamp'),
    operationName: textCell(row, 'OperationNameValue'),
    category: textCell(row, 'CategoryValue', 'Category'),
    resourceId: textCell(row, '_ResourceId', 'ResourceId') ?? textCell(row, 'ResourceGroup'),
    callerIpAddress: textCell(row, 'CallerIpAddress'),
    caller: textCell(row, 'Caller'),
    correlationId: textCell(row, 'CorrelationId'),
    eventDataId: textCell(row, 'EventDataId'),
    level: textCell(row, 'Level'),
    resultType: textCell(row, 'ActivityStatusValue', 'ResultType'),
    identity: withoutEmpty({
      claims: jsonCell(row, 'Claims'),
      authorization: jsonCell(row, 'Authorization'),
    }),
    properties: jsonCell(row, 'Properties'),
  });
};
