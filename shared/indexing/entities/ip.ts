import ipaddr from 'ipaddr.js';
import { cached } from '../../cached.ts';
import { auditDataOf, nativeOf } from '../../record.ts';
import { distinct, objectAt, textAt } from '../fields.ts';

/**
 * IP addresses out of every shape seen: v4, v4:port, v6, [v6], [v6]:port, ::ffff:v4, with zone; not host names, not
 * loopback (services talking to themselves), not redacted ones (`.XXX`). Same text for the same address.
 */
export const ipKey = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : readIp(text);

const readIp = cached((text) => {
  const bare = stripPort(text.trim());
  // The library also takes `1.2.3` and `16909060`, as inet_aton does: they are version numbers here.
  if (!ipaddr.isValid(bare) || !(bare.includes(':') || FOUR_PARTS.test(bare))) return undefined;
  const address = ipaddr.process(bare);
  const range = address.range();
  if (range === 'loopback' || range === 'unspecified') return undefined;
  return address.toString().replace(/%.*$/, '');
});

const FOUR_PARTS = /^\d+(?:\.\d+){3}$/;

function stripPort(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text);
  if (bracketed) return bracketed[1]!;
  const v4 = /^(\d{1,3}(?:\.\d{1,3}){3}):\d+$/.exec(text);
  return v4 ? v4[1]! : text;
}

const FIELDS = [
  'ipAddress',
  'ipAddressFromResourceProvider',
  'ClientIPAddress',
  'ClientIP',
  'ActorIpAddress',
  'callerIpAddress',
  'CallerIpAddress',
] as const;

export function ipKeys(record: unknown): string[] {
  const inner = auditDataOf(record);
  const value = nativeOf(record);
  return distinct(
    [
      ...FIELDS.map((name) => textAt(value, name)),
      textAt(objectAt(value, 'initiatedBy', 'user'), 'ipAddress'),
      // The envelope's is often null although the record has one.
      inner && textAt(record, 'clientIp'),
      // Diagnostic settings: beside the record.
      textAt(record, 'callerIpAddress'),
    ].map(ipKey),
  );
}

/** The address that tells attacker from owner: both may share ClientIP, a front end; ClientIPAddress is the client. */
export function clientIp(value: unknown): string | undefined {
  return ipKey(textAt(nativeOf(value), 'ClientIPAddress')) ?? ipKeys(value)[0];
}
