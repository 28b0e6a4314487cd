import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

export interface Network {
  readonly address: Address;
  readonly bits: number;
}

export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  // ipaddr.js reads "10/8" and "0x7f.1"; a rule that means a network writes all of it.
  if (slash < 0 || !(text.slice(0, slash).includes(':') || /^\d+(\.\d+){3}$/.test(text.slice(0, slash))))
    return undefined;
  try {
    const [address, bits] = ipaddr.parseCIDR(text);
    if (address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress() && bits >= 96)
      return { address: (address as ipaddr.IPv6).toIPv4Address(), bits: bits - 96 };
    return { address, bits };
  } catch {
    return undefined; // ipaddr.js signals every malformed text by throwing
  }
}

/**
 * The address in one of the shapes Microsoft writes: v4, v4:port, v6, [v6]:port, [v6], ::ffff:v4.
 * Undefined for host names and malformed text.
 */
export function addressIn(text: string): string | undefined {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text);
  if (bracketed) return bracketed[1];
  const v4 = /^(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?$/.exec(text);
  if (v4) return v4[1];
  return text.includes(':') ? text : undefined;
}

export function parseAddress(text: string): Address | undefined {
  const candidate = addressIn(text.trim());
  if (candidate === undefined || !ipaddr.isValid(candidate)) return undefined;
  return ipaddr.process(candidate);
}

export const inNetwork = (address: Address, network: Network): boolean =>
  address.kind() === network.address.kind() && address.match(network.address, network.bits);
