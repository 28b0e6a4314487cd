/** Where people are, as sign-ins locate their addresses. Offices and hotels use documentation ranges. */
export interface Place {
  readonly city: string;
  readonly state: string;
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly asn: number;
}

export interface Office extends Place {
  readonly ip: string;
  /** First two octets of the country's home and mobile lines. */
  readonly home: string;
  readonly mobile: string;
}

export const OFFICES: readonly Office[] = [
  {
    city: 'Wien',
    state: 'Wien',
    country: 'AT',
    latitude: 48.20849,
    longitude: 16.37208,
    asn: 8447,
    ip: '198.51.100.10',
    home: '84.113',
    mobile: '77.116',
  },
  {
    city: 'Praha',
    state: 'Hlavní město Praha',
    country: 'CZ',
    latitude: 50.08804,
    longitude: 14.42076,
    asn: 5610,
    ip: '203.0.113.20',
    home: '88.101',
    mobile: '37.48',
  },
  {
    city: 'Bratislava',
    state: 'Bratislavský kraj',
    country: 'SK',
    latitude: 48.14816,
    longitude: 17.10674,
    asn: 6855,
    ip: '192.0.2.30',
    home: '91.127',
    mobile: '37.9',
  },
];

export interface Hotel extends Place {
  readonly ip: string;
}

export const HOTELS: readonly Hotel[] = [
  {
    city: 'Hamburg',
    state: 'Hamburg',
    country: 'DE',
    latitude: 53.55073,
    longitude: 9.99302,
    asn: 3320,
    ip: '203.0.113.71',
  },
  {
    city: 'London',
    state: 'England',
    country: 'GB',
    latitude: 51.50853,
    longitude: -0.12574,
    asn: 2856,
    ip: '203.0.113.90',
  },
  {
    city: 'Milano',
    state: 'Lombardia',
    country: 'IT',
    latitude: 45.46427,
    longitude: 9.18951,
    asn: 3269,
    ip: '198.51.100.77',
  },
  {
    city: 'Istanbul',
    state: 'Istanbul',
    country: 'TR',
    latitude: 41.01384,
    longitude: 28.94966,
    asn: 9121,
    ip: '192.0.2.141',
  },
  {
    city: 'Singapore',
    state: '',
    country: 'SG',
    latitude: 1.28967,
    longitude: 103.85007,
    asn: 3758,
    ip: '2001:db8:5a::7',
  },
  {
    city: 'Chicago',
    state: 'Illinois',
    country: 'US',
    latitude: 41.85003,
    longitude: -87.65005,
    asn: 7922,
    ip: '198.51.100.201',
  },
];
