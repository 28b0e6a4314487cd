import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_LOOKUP, openNetworkLookup } from '../../../shared/detect/pivot/geoip.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { mmdbOf } from '../../support/mmdb.ts';

const asn = mmdbOf(
  {
    '54.36.0.0/16': { autonomous_system_number: 16276, autonomous_system_organization: 'OVH SAS' },
    '2a0b:f4c2::/32': { autonomous_system_number: 60729, autonomous_system_organization: 'Zwiebelfreunde' },
    '198.51.100.7/32': { autonomous_system_number: 8447, autonomous_system_organization: 'x'.repeat(300) },
  },
  'GeoLite2-ASN',
);
const country = mmdbOf(
  {
    '54.36.0.0/16': { country: { iso_code: 'FR', names: { en: 'France' }, is_in_european_union: true } },
    '2a0b:f4c2::/32': { country: { iso_code: 'DE' } },
  },
  'GeoLite2-Country',
);
const ipinfo = mmdbOf(
  {
    '54.36.108.0/24': {
      asn: 'AS16276',
      as_name: 'OVH SAS',
      as_domain: 'ovh.com',
      country: 'France',
      country_code: 'FR',
    },
    '2a0b:f4c2::/32': { asn: 'AS60729', name: 'Zwiebelfreunde e.V.', country: 'DE' },
  },
  'ipinfo lite.mmdb',
);

let folder = '';
const pathOf = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-geoip-'));
  const damaged = Buffer.from(asn);
  // Every record of the tree's nodes leads far beyond the data.
  damaged.fill(0x7f, 0, 600);
  const files = { asn, country, ipinfo, damaged, empty: Buffer.alloc(0), text: Buffer.from('no database') };
  for (const [name, bytes] of Object.entries({ ...files, cut: asn.subarray(0, asn.length / 2) }))
    writeFileSync(pathOf(name), bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));

const faultOf = (work: () => unknown): HoldfastError => {
  try {
    work();
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new Error('no fault');
};

describe('GEOIP_DATABASE', () => {
  it('of GeoLite2 gives owners from one file and countries from another', () => {
    const lookup = openNetworkLookup(`${pathOf('asn')}, ${pathOf('country')}`);
    expect(lookup.of('54.36.108.162')).toEqual({ asn: 16276, owner: 'OVH SAS', country: 'FR' });
    expect(lookup.of('2a0b:f4c2:1::1')).toEqual({ asn: 60729, owner: 'Zwiebelfreunde', country: 'DE' });
    for (const ip of ['::ffff:54.36.108.162', '54.36.108.162:443']) expect(lookup.of(ip).asn).toBe(16276);
    expect(lookup.of('198.51.100.7').owner).toHaveLength(300);
    expect(openNetworkLookup(pathOf('country')).of('54.36.1.1')).toEqual({ country: 'FR' });
  });

  it('of IPinfo gives both', () => {
    const lookup = openNetworkLookup(pathOf('ipinfo'));
    expect(lookup.of('54.36.108.162')).toEqual({ asn: 16276, owner: 'OVH SAS', country: 'FR' });
    expect(lookup.of('2a0b:f4c2::9')).toEqual({ asn: 60729, owner: 'Zwiebelfreunde e.V.', country: 'DE' });
  });

  it.each(['198.51.100.8', '2001:db8::1', '54.37.0.1', '', 'nonsense', '54.36', '__proto__'])(
    'knows nothing of %s',
    (ip) => {
      expect(openNetworkLookup(`${pathOf('asn')},${pathOf('ipinfo')}`).of(ip)).toEqual({});
    },
  );

  it('that is not set knows nothing', () => {
    for (const paths of [undefined, '', ' , ']) expect(openNetworkLookup(paths)).toBe(NO_LOOKUP);
  });

  it.each([
    ['missing', 'cannot be read'],
    ['.', 'cannot be read'],
    ['empty', 'is no MaxMind DB'],
    ['text', 'is no MaxMind DB'],
    ['cut', 'is no MaxMind DB'],
  ])('that is wrong (%s) is refused at once, by name and with a remedy', (name, what) => {
    const fault = faultOf(() => openNetworkLookup(`${pathOf('asn')},${pathOf(name)}`));
    expect(fault.code).toBe('config');
    expect(fault.message).toContain('GEOIP_DATABASE');
    expect(fault.message).toContain(what);
    expect(fault.remedy).toContain('MMDB');
  });

  it('that is damaged inside says so when asked', () => {
    const lookup = openNetworkLookup(pathOf('damaged'));
    expect(faultOf(() => lookup.of('54.36.108.162')).message).toContain('is damaged');
  });
});
