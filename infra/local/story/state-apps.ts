import { GRAPH } from './apps.ts';
import { CHATBOT } from './chatbot.ts';
import type { Company, User } from './company.ts';
import { INTRUDERS_DEVICE } from './intrusion-persistence.ts';
import { DAY, clockTime, seconds } from './time.ts';

const onTheDay = ({ settings }: Company, time: string): string =>
  seconds(settings.intrusionDayMs + clockTime(time));

export const applicationState = (company: Company) => ({
  id: CHATBOT.objectId,
  appId: CHATBOT.appId,
  displayName: CHATBOT.name,
  createdDateTime: onTheDay(company, '13:55:36'),
  signInAudience: CHATBOT.audience,
  publisherDomain: company.johanna.upn.split('@')[1],
  web: { redirectUris: [CHATBOT.replyUrl], homePageUrl: null, logoutUrl: null },
  keyCredentials: [],
  passwordCredentials: [credential(company)],
  requiredResourceAccess: [],
});

const credential = (company: Company) => ({
  keyId: CHATBOT.keyId,
  displayName: 's1',
  hint: 'q7V',
  startDateTime: onTheDay(company, '13:56:06'),
  endDateTime: seconds(company.settings.intrusionDayMs + 730 * DAY),
  secretText: null,
});

export const principalState = (company: Company) => ({
  id: CHATBOT.servicePrincipalId,
  appId: CHATBOT.appId,
  displayName: CHATBOT.name,
  createdDateTime: onTheDay(company, '13:55:37'),
  accountEnabled: true,
  appOwnerOrganizationId: company.settings.tenantId,
  servicePrincipalType: 'Application',
  signInAudience: CHATBOT.audience,
  replyUrls: [CHATBOT.replyUrl],
  keyCredentials: [],
  passwordCredentials: [],
  tags: ['WindowsAzureActiveDirectoryIntegratedApp'],
});

export const grantState = () => ({
  id: CHATBOT.grantId,
  clientId: CHATBOT.servicePrincipalId,
  consentType: CHATBOT.consentType,
  principalId: null,
  resourceId: CHATBOT.graphServicePrincipalId,
  resourceDisplayName: GRAPH.name,
  scope: CHATBOT.scope,
});

export function devicesOf(company: Company, user: User): readonly object[] {
  const own = device(
    user.deviceId,
    user.deviceName,
    'AzureAd',
    seconds(company.settings.firstDayMs - 200 * DAY),
    true,
  );
  if (user !== company.johanna) return [own];
  return [
    own,
    device(INTRUDERS_DEVICE.id, INTRUDERS_DEVICE.name, 'Workplace', onTheDay(company, '14:08:13'), false),
  ];
}

const device = (
  deviceId: string,
  displayName: string,
  trustType: string,
  registered: string,
  managed: boolean,
) => ({
  '@odata.type': '#microsoft.graph.device',
  id: deviceId,
  deviceId,
  displayName,
  operatingSystem: 'Windows',
  operatingSystemVersion: managed ? '10.0.26100.2314' : '10.0.19045.2006',
  trustType,
  accountEnabled: true,
  isManaged: managed,
  isCompliant: managed,
  registrationDateTime: registered,
  approximateLastSignInDateTime: registered,
});
