import { EXCHANGE, GRAPH, ONE_OUTLOOK_WEB, OUTLOOK_MOBILE } from './apps.ts';
import type { Random } from './random.ts';
import { zoneless } from './time.ts';
import type { Client } from './workday.ts';

/** How a mailbox was reached, as Exchange writes it. */
export interface MailClient {
  readonly session: string;
  /** As Exchange's ClientIPAddress shows it: with or without port or brackets. */
  readonly ip: string;
  /** Microsoft's own address where its service stands between: ClientIP then names the service. */
  readonly relay?: string;
  readonly info: string;
  readonly appId?: string;
  readonly clientAppId: string;
  readonly process?: string;
  readonly version?: string;
}

/** Outlook for Windows over MAPI. */
export const outlook = (client: Client, version: string): MailClient => ({
  session: client.session,
  ip: client.ip,
  info: 'Client=MSExchangeRPC',
  clientAppId: 'd3590ed6-52b3-4102-aeff-aad2292ab01c',
  process: 'OUTLOOK.EXE',
  version,
});

/** Outlook on the web. */
export const webMail = (client: Pick<Client, 'session' | 'ip'>): MailClient => ({
  session: client.session,
  ip: client.ip,
  info: 'Client=OWA;Action=ViaProxy',
  appId: EXCHANGE.id,
  clientAppId: ONE_OUTLOOK_WEB.id,
});

/** Outlook mobile, by way of Microsoft's own service. */
export const phoneMail = (client: Client, phone: 'iOS' | 'Android'): MailClient => ({
  session: client.session,
  ip: client.ip,
  relay: '52.98.241.34',
  info: `Client=OutlookService;Outlook-${phone}/2.0;`,
  appId: OUTLOOK_MOBILE.id,
  clientAppId: OUTLOOK_MOBILE.id,
});

/** The address shapes Exchange writes for one address. */
export function shapedIp(ip: string, random: Random): string {
  const six = ip.includes(':');
  const kind = random.unit();
  if (kind < 0.75) return ip;
  if (six) return kind < 0.9 ? `[${ip}]:${random.whole(1025, 64_000)}` : `[${ip}]`;
  return kind < 0.93 ? `${ip}:${random.whole(1025, 64_000)}` : `::ffff:${ip}`;
}

/** Admin-audit records carry the port nearly always. */
export const withPort = (ip: string, port: number): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;

/** The token a record came by: where a session id is known it is here, at the top level, or in both. */
export const appAccess = (client: MailClient, atMs: number, token: string, linked: boolean) => ({
  ...(linked ? { AADSessionId: client.session } : undefined),
  APIId:
    client.appId === undefined ? EXCHANGE.id : client.appId === OUTLOOK_MOBILE.id ? GRAPH.id : client.appId,
  ClientAppId: client.clientAppId,
  IssuedAtTime: zoneless(atMs - 1_380_000),
  UniqueTokenId: token,
});
