import ipaddr from 'ipaddr.js';
import { cached } from '../../cached.ts';

/**
 * The network an address is taken to lie in when nobody says whose it is: /16 of IPv4, /32 of IPv6. Roughly a
 * provider's line in a country, so that a new address from the same provider is no news. Two customers of one
 * provider are not told apart.
 */
export const networkOf = cached((ip: string): string => {
  if (!ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  const bytes = address.toByteArray();
  if (address.kind() === 'ipv4') return `${bytes[0]}.${bytes[1]}.0.0/16`;
  return `${ipaddr.fromByteArray([...bytes.slice(0, 4), ...Array<number>(12).fill(0)]).toString()}/32`;
});

/** Autonomous systems that rent computers or hide their users: few employees sign in from there. */
export const HOSTING: ReadonlyMap<number, string> = new Map([
  [16276, 'OVH'],
  [14061, 'DigitalOcean'],
  [24940, 'Hetzner'],
  [213230, 'Hetzner'],
  [16509, 'Amazon'],
  [14618, 'Amazon'],
  [396982, 'Google Cloud'],
  [63949, 'Akamai (Linode)'],
  [20473, 'Vultr (Choopa)'],
  [51167, 'Contabo'],
  [60781, 'LeaseWeb'],
  [28753, 'LeaseWeb'],
  [30633, 'LeaseWeb'],
  [59253, 'LeaseWeb'],
  [9009, 'M247'],
  [212238, 'Datacamp'],
  [60068, 'Datacamp (CDN77)'],
  [62240, 'Clouvider'],
  [53667, 'FranTech (BuyVM)'],
  [36352, 'HostPapa (ColoCrossing)'],
  [55286, 'ServerMania'],
  [46664, 'VolumeDrive'],
  [202425, 'IP Volume'],
  [44477, 'Stark Industries'],
  [200651, 'FlokiNET'],
  [45102, 'Alibaba Cloud'],
  [132203, 'Tencent Cloud'],
  [31898, 'Oracle Cloud'],
  [12876, 'Scaleway'],
  [197540, 'netcup'],
  [8560, 'IONOS'],
  [29802, 'HIVELOCITY'],
  [40021, 'Contabo'],
  [13213, 'UK-2'],
  [42831, 'UK Dedicated Servers'],
  [61317, 'Hivelocity (Heficed)'],
  [174, 'Cogent'],
  [39351, '31173 Services (Mullvad)'],
  [136787, 'PacketHub (NordVPN)'],
  [147049, 'PacketHub (NordVPN)'],
  [209854, 'Cyberzone (Surfshark)'],
  [62371, 'Proton'],
  [208323, 'Foundation for Applied Privacy (Tor exit)'],
  [60729, 'Zwiebelfreunde (Tor exit)'],
  [205100, 'F3 Netze (Tor exit)'],
  [210558, '1337 Services (Tor exit)'],
  [4224, 'Calyx (Tor exit)'],
  [396507, 'Emerald Onion (Tor exit)'],
  [62744, 'Quintex (Tor exit)'],
  [58087, 'Florian Kolb (Tor exit)'],
]);

/** Microsoft's own: front ends and services, never a person. */
export const MICROSOFT_ASN = 8075;
