import type { SignInFacts } from './signin.ts';
import { logonError } from './signin-errors.ts';
import { zoneless } from './time.ts';

/**
 * The unified audit log's twin of a user sign-in (RecordType 15). ResultStatus only says that HTTP succeeded,
 * so most failures read `Success` too; the outcome is Operation with ErrorNumber.
 */
export function stsLogon(f: SignInFacts, id: string) {
  const failed = f.error !== 0;
  const resourceId = f.resource.id;
  const ip = f.client.ip;
  return {
    CreationTime: zoneless(f.atMs),
    Id: id,
    Operation: failed ? 'UserLoginFailed' : 'UserLoggedIn',
    OrganizationId: f.tenantId,
    RecordType: 15,
    ResultStatus: f.error === 50074 ? 'Failed' : 'Success',
    UserKey: f.user.id,
    UserType: 0,
    Version: 1,
    Workload: 'AzureActiveDirectory',
    ClientIP: ip,
    ObjectId: resourceId,
    UserId: f.user.upn,
    AzureActiveDirectoryEventType: 1,
    ExtendedProperties: [
      { Name: 'ResultStatusDetail', Value: f.app.name === 'OfficeHome' ? 'Redirect' : 'Success' },
      ...(f.interactive ? [{ Name: 'KeepMeSignedIn', Value: f.error === 0 ? 'true' : 'false' }] : []),
      { Name: 'UserAgent', Value: f.client.userAgent },
      { Name: 'UserAuthenticationMethod', Value: f.interactive ? '1' : '16457' },
      { Name: 'RequestType', Value: requestType(f) },
    ],
    ModifiedProperties: [],
    Actor: [
      { ID: f.user.id, Type: 0 },
      { ID: f.user.upn, Type: 5 },
    ],
    ActorContextId: f.tenantId,
    ActorIpAddress: ip,
    InterSystemsId: f.correlationId,
    IntraSystemId: f.id,
    SupportTicketId: '',
    Target: [{ ID: resourceId, Type: 0 }],
    TargetContextId: f.tenantId,
    ApplicationId: f.app.id,
    DeviceProperties: devicePropertiesOf(f),
    ErrorNumber: f.error.toString(),
    ...(failed ? { LogonError: logonError(f.error) } : undefined),
  };
}

const requestType = (f: SignInFacts): string =>
  !f.interactive
    ? 'OAuth2:Token'
    : f.error === 50126 || f.error === 50074
      ? 'Login:login'
      : f.error === 50140
        ? 'Kmsi:kmsi'
        : 'OAuth2:Authorize';

function devicePropertiesOf({ client, user, linked }: SignInFacts) {
  return [
    ...(client.managed
      ? [
          { Name: 'Id', Value: user.deviceId },
          { Name: 'DisplayName', Value: user.deviceName },
        ]
      : []),
    { Name: 'OS', Value: client.os.replace(/ .*/, '') },
    { Name: 'BrowserType', Value: client.browser.replace(/ .*/, '') },
    ...(client.managed
      ? [
          { Name: 'TrustType', Value: '1' },
          { Name: 'IsCompliantAndManaged', Value: 'True' },
        ]
      : [{ Name: 'IsCompliantAndManaged', Value: 'False' }]),
    ...(linked ? [{ Name: 'SessionId', Value: client.session }] : []),
  ];
}
