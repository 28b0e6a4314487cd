import { namedValue, objectAt, objectsAt, textAt } from '../../indexing/fields.ts';
import { isObject } from '../../record.ts';
import { asnOf, IP_MEMBERS, ipOf, type Sighting } from '../sighting.ts';
import { MIN_DAYS, type UserHistory } from './history.ts';
import type { BaselineRule, Verdict } from './native-rule.ts';
import { HOSTING, networkOf } from './networks.ts';

/** Rules on what is new for a person. A person without a past of some days is not judged. */

const network = (sighting: Sighting): string => (sighting.ip === undefined ? '' : networkOf(sighting.ip));

function newNetwork({ ip }: Sighting, history: UserHistory): Verdict | undefined {
  if (ip === undefined || history.days < MIN_DAYS || history.networks.has(networkOf(ip))) return undefined;
  return {
    facts: {
      address: ip,
      network: networkOf(ip),
      daysOfHistory: history.days,
      networksKnown: history.networks.size,
    },
  };
}

const base = { kind: 'native', type: 'baseline', once: network } as const;
/** Members that `isOwnAct` looks at. */
const OWN_ACT = ['UserType', ...IP_MEMBERS] as const;
const isOwnAct = (body: unknown): boolean =>
  isObject(body) && body['UserType'] !== 3 && ipOf(body) !== undefined;

const memberOf = (body: unknown, name: string): unknown => (isObject(body) ? body[name] : undefined);

const isHosting = (asn: unknown): boolean => HOSTING.has(asnOf({ autonomousSystemNumber: asn }) ?? 0);
const isSync = (properties: unknown): boolean =>
  namedValue(objectsAt({ properties }, 'properties'), 'MailAccessType') === 'Sync';
const isWebMail = (client: unknown): boolean =>
  typeof client === 'string' && client.startsWith('Client=OWA;Action=ViaProxy');
const isService = (client: unknown): boolean =>
  typeof client === 'string' && /Client=(REST|WebServices)/.test(client);

export const hostingSignIn: BaselineRule = {
  ...base,
  key: 'signin-from-hosting',
  title: 'Sign-in from a hosting or anonymising network that is new for the person',
  level: 'high',
  description:
    'A sign-in succeeded from an autonomous system that rents computers, or runs a VPN or Tor exits, and the person was not seen in that network within the last 30 days.',
  tags: ['attack.initial-access', 'attack.t1078.004', 'attack.t1090.003'],
  references: ['https://learn.microsoft.com/security/operations/incident-response-playbook-phishing'],
  falsePositives: ['A VPN or virtual desktop in its first days: put its network on the allow list'],
  sources: ['signins-interactive', 'signins-noninteractive', 'import'],
  days: 30,
  reads: ['autonomousSystemNumber', 'status'],
  when: { autonomousSystemNumber: isHosting },
  candidate: (body) =>
    isHosting(memberOf(body, 'autonomousSystemNumber')) && objectAt(body, 'status')?.['errorCode'] === 0,
  judge: (sighting, history) => {
    const verdict = newNetwork(sighting, history);
    return (
      verdict && {
        facts: { ...verdict.facts, owner: HOSTING.get(sighting.asn ?? 0) ?? '', asn: sighting.asn ?? 0 },
      }
    );
  },
};

export const mailSync: BaselineRule = {
  ...base,
  key: 'mail-sync-from-new-network',
  title: 'Whole mail folders synchronised to a network that is new for the person',
  level: 'medium',
  description:
    'MailItemsAccessed of type Sync from a network in which the person was not seen within the last 14 days. Everything in the folder is exposed.',
  tags: ['attack.collection', 'attack.t1114.002'],
  references: ['https://learn.microsoft.com/purview/audit-log-investigate-accounts'],
  falsePositives: ['A new mail client on a journey'],
  sources: ['ual-exchange', 'ual-search', 'import'],
  operations: ['MailItemsAccessed'],
  days: 14,
  reads: ['Operation', 'OperationProperties', ...OWN_ACT],
  when: { OperationProperties: isSync },
  candidate: (body) =>
    textAt(body, 'Operation') === 'MailItemsAccessed' &&
    isSync(memberOf(body, 'OperationProperties')) &&
    isOwnAct(body),
  judge: newNetwork,
};

export const webMail: BaselineRule = {
  ...base,
  key: 'mail-by-web-from-new-network',
  title: 'Mailbox used through the web from a network that is new for the person',
  level: 'medium',
  description:
    "Outlook on the web (Client=OWA;Action=ViaProxy) from a network in which the person was not seen within the last 14 days, as an intruder's client differs from the owner's Outlook. Never taken alone for an intrusion.",
  tags: ['attack.collection', 'attack.t1114.002', 'attack.t1078.004'],
  references: ['https://learn.microsoft.com/purview/audit-log-investigate-accounts'],
  falsePositives: ['Travel'],
  sources: ['ual-exchange', 'ual-search', 'import'],
  operations: [
    'MailItemsAccessed',
    'Send',
    'Create',
    'Update',
    'SoftDelete',
    'HardDelete',
    'MoveToDeletedItems',
    'Move',
  ],
  days: 14,
  reads: ['Operation', 'ClientInfoString', ...OWN_ACT],
  when: { ClientInfoString: isWebMail },
  candidate: (body) =>
    webMail.operations!.includes(textAt(body, 'Operation') ?? '') &&
    isWebMail(textAt(body, 'ClientInfoString')) &&
    isOwnAct(body),
  judge: newNetwork,
};

export const fileDownload: BaselineRule = {
  ...base,
  key: 'file-download-from-new-network',
  title: 'Files downloaded to a network that is new for the person',
  level: 'medium',
  description:
    'A file of SharePoint or OneDrive was downloaded to a network in which the person was not seen within the last 14 days.',
  tags: ['attack.collection', 'attack.exfiltration', 'attack.t1530', 'attack.t1213.002'],
  references: ['https://learn.microsoft.com/purview/audit-log-activities#file-and-page-activities'],
  falsePositives: ['Travel'],
  sources: ['ual-sharepoint', 'ual-search', 'import'],
  operations: ['FileDownloaded', 'FileSyncDownloadedFull'],
  days: 14,
  reads: ['Operation', ...OWN_ACT],
  candidate: (body) => fileDownload.operations!.includes(textAt(body, 'Operation') ?? '') && isOwnAct(body),
  judge: newNetwork,
};

export const newMailApplication: BaselineRule = {
  ...base,
  once: ({ app }) => app ?? '',
  key: 'mail-by-new-application',
  title: 'Mail read by an application that is new for the mailbox',
  level: 'low',
  description:
    "An application that was not seen in the person's records within the last 14 days read mail over REST or web services.",
  tags: ['attack.collection', 'attack.t1114.002', 'attack.t1528'],
  references: ['https://learn.microsoft.com/purview/audit-log-investigate-accounts'],
  falsePositives: ['A newly introduced product'],
  sources: ['ual-exchange', 'ual-search', 'import'],
  operations: ['MailItemsAccessed'],
  days: 14,
  reads: ['Operation', 'ClientInfoString', 'ClientAppId'],
  when: { ClientInfoString: isService },
  candidate: (body) =>
    textAt(body, 'Operation') === 'MailItemsAccessed' &&
    isService(textAt(body, 'ClientInfoString')) &&
    textAt(body, 'ClientAppId') !== undefined,
  judge: ({ app }, history) =>
    app === undefined || history.days < MIN_DAYS || history.apps.has(app)
      ? undefined
      : { facts: { application: app, daysOfHistory: history.days } },
};
