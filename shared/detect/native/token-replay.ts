import { countryOf, userAgentOf } from '../../indexing/summary.ts';
import { objectAt } from '../../indexing/fields.ts';
import { isObject } from '../../record.ts';
import { asnOf, IP_MEMBERS, ipOf, SESSION_MEMBERS, sessionOf, succeeded } from '../sighting.ts';
import type { WindowEvent, WindowRule } from './native-rule.ts';
import { MICROSOFT_ASN, networkOf } from './networks.ts';
import { agentFamily } from './user-agent.ts';

const DAY = 86_400_000;

/** One session id seen in two networks, and in a second country or browser: its token is used by somebody else. */
export const tokenReplay: WindowRule = {
  kind: 'native',
  type: 'window',
  key: 'session-token-replay',
  title: 'One session in a second network, and in another country, browser or device',
  level: 'high',
  description:
    'Within a day, sign-ins of one session id came from two networks and moreover from two countries, from two kinds of browser, or from a managed device and one that is not. A stolen cookie or refresh token does that; device-code and refresh-token theft can inherit the victim’s own session id.',
  tags: ['attack.credential-access', 'attack.lateral-movement', 'attack.t1539', 'attack.t1550.004'],
  references: [
    'https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-track-linkable-identifiers',
  ],
  falsePositives: ['A laptop taken across a border within a day', 'A VPN switched on during a session'],
  sources: ['signins-interactive', 'signins-noninteractive', 'import'],
  reads: [
    'status',
    'sessionId',
    'ipAddress',
    'autonomousSystemNumber',
    'userAgent',
    'isInteractive',
    'deviceDetail',
    'location',
    'UserAgent',
    'ExtendedProperties',
    'additionalDetails',
    'ClientInfoString',
    ...SESSION_MEMBERS,
    ...IP_MEMBERS,
  ],
  when: { status: succeeded },
  spanMs: DAY,
  stretchMs: DAY / 4,
  oncePerDay: true,
  silentBelow: 2,
  take: (body) => {
    if (!isObject(body) || !succeeded(body['status'])) return undefined;
    const [ip, group] = [ipOf(body), sessionOf(body)];
    const asn = asnOf(body);
    if (!ip || !group || asn === MICROSOFT_ASN) return undefined;
    const network = asn === undefined ? networkOf(ip) : `AS${asn}`;
    const country = countryOf(body)[0] ?? '';
    const interactive = body['isInteractive'] === true;
    const agent = agentFamily(userAgentOf(body)[0]);
    const device = deviceOf(body);
    return {
      group,
      once: `${network}|${country}|${agent}|${interactive}${device && `|${device}`}`,
      facts: { network, country, agent, ...(device && { device }) },
    };
  },
  judge: (events) => firstOf(events),
};

/** Empty when the record does not say. */
function deviceOf(body: unknown): string {
  const managed = objectAt(body, 'deviceDetail')?.['isManaged'];
  return typeof managed === 'boolean' ? (managed ? 'managed' : 'unmanaged') : '';
}

const count = (events: readonly WindowEvent[], name: string): string[] => [
  ...new Set(events.map(({ facts }) => String(facts[name] ?? '')).filter((text) => text !== '')),
];

/** The first event at which the window of a day before it shows the replay; one hit a session. */
function firstOf(events: readonly WindowEvent[]) {
  const [one] = events;
  if (!one || events.every(({ facts }) => facts['network'] === one.facts['network'])) return [];
  for (const last of events) {
    const window = events.filter(({ t }) => t <= last.t && last.t - t <= DAY);
    const [networks, countries, agents, devices] = ['network', 'country', 'agent', 'device'].map((name) =>
      count(window, name),
    ) as [string[], string[], string[], string[]];
    if (networks.length >= 2 && (countries.length >= 2 || agents.length >= 2 || devices.length >= 2))
      return [{ events: window, facts: { networks, countries, browsers: agents, devices } }];
  }
  return [];
}
