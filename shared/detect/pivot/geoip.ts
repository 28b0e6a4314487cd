import { readFileSync } from 'node:fs';
import { Reader, type Response } from 'maxmind';
import { isObject, textOf } from '../../record.ts';

export interface NetworkFacts {
  readonly asn?: number;
  readonly owner?: string;
  readonly country?: string;
}

/** Owner and country of an address, from a MaxMind or IPinfo database on disk. Never from the internet. */
export interface NetworkLookup {
  of(ip: string): NetworkFacts;
}

export const NO_LOOKUP: NetworkLookup = { of: () => ({}) };

/** Reads GEOIP_DATABASE. Throws when the file is missing or no such database: a setting is wrong then. */
export function openNetworkLookup(path: string | undefined): NetworkLookup {
  if (path === undefined) return NO_LOOKUP;
  const reader = new Reader<Response>(readFileSync(path));
  return { of: (ip) => factsOf(reader.get(ip)) };
}

/**
 * GeoLite2-ASN: autonomous_system_number, autonomous_system_organization. GeoLite2-Country/City: country.iso_code.
 * IPinfo: asn ("AS16276"), as_name or name, country or country_code.
 */
export function factsOf(entry: unknown): NetworkFacts {
  if (!isObject(entry)) return {};
  const asn = Number(entry['autonomous_system_number'] ?? textOf(entry['asn'])?.replace(/^AS/i, ''));
  const owner =
    textOf(entry['autonomous_system_organization']) ?? textOf(entry['as_name']) ?? textOf(entry['name']);
  const place = entry['country'];
  const country = isObject(place)
    ? textOf(place['iso_code'])
    : (textOf(entry['country_code']) ?? textOf(place));
  return {
    ...(Number.isInteger(asn) && asn > 0 ? { asn } : {}),
    ...(owner ? { owner } : {}),
    ...(country ? { country } : {}),
  };
}
