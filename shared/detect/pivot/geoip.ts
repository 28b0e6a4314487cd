import { readFileSync } from 'node:fs';
import { Reader, type Response } from 'maxmind';
import { HoldfastError } from '../../errors.ts';
import { ipKey } from '../../indexing/entities/ip.ts';
import { isObject, textOf } from '../../record.ts';

export interface NetworkFacts {
  readonly asn?: number;
  readonly owner?: string;
  readonly country?: string;
}

/** Owner and country of an address, from MaxMind or IPinfo databases on disk. Never from the internet. */
export interface NetworkLookup {
  of(ip: string): NetworkFacts;
}

export const NO_LOOKUP: NetworkLookup = { of: () => ({}) };

/**
 * Reads GEOIP_DATABASE: one file, or several separated by commas, as GeoLite2 comes in one for networks and one for
 * countries. Throws `config` when a file is missing or no such database.
 */
export function openNetworkLookup(paths: string | undefined): NetworkLookup {
  const files = (paths ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter(Boolean);
  if (files.length === 0) return NO_LOOKUP;
  const readers = files.map((path) => ({ path, reader: open(path) }));
  return {
    of: (ip) =>
      Object.assign(
        {},
        ...readers.map(({ path, reader }) => factsOf(entryOf(path, reader, ip))),
      ) as NetworkFacts,
  };
}

function open(path: string): Reader<Response> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw wrong(path, 'cannot be read', cause);
  }
  try {
    return new Reader<Response>(bytes);
  } catch (cause) {
    throw wrong(path, 'is no MaxMind DB (.mmdb)', cause);
  }
}

/** Addresses come from records: what is none has no entry. */
function entryOf(path: string, reader: Reader<Response>, ip: string): unknown {
  const address = ipKey(ip);
  if (address === undefined || (address.includes(':') && reader.metadata.ipVersion === 4)) return undefined;
  try {
    return reader.get(address);
  } catch (cause) {
    throw wrong(path, 'is damaged', cause);
  }
}

const wrong = (path: string, what: string, cause: unknown): HoldfastError =>
  new HoldfastError('config', `GEOIP_DATABASE: the file ${JSON.stringify(path.slice(0, 200))} ${what}.`, {
    field: 'GEOIP_DATABASE',
    remedy:
      'Name a GeoLite2 or IPinfo database in MMDB format that the app can read, several separated by commas, or remove the setting.',
    cause,
  });

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
