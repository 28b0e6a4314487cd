import { describe, expect, it } from 'vitest';
import { foldHistory, type HistoryDay } from '../../../shared/detect/native/history.ts';
import { NATIVE_RULES } from '../../../shared/detect/native/index.ts';
import { networkOf } from '../../../shared/detect/native/networks.ts';
import { makeRuleBook } from '../../../shared/detect/rule-book.ts';
import { enveloped, findingsOf, recordOf, type SourcedRecord } from './support.ts';

const book = makeRuleBook();
const day = (n: number, over: Partial<HistoryDay> = {}): HistoryDay => ({
  date: `2026-11-${String(n).padStart(2, '0')}`,
  ips: ['198.51.100.7'],
  countries: ['AT'],
  userAgents: [],
  apps: ['11111111-1111-4111-8111-111111111111'],
  sessions: [],
  ...over,
});
const past = { before: () => Promise.resolve(foldHistory([day(20), day(21), day(22)])) };
const young = { before: () => Promise.resolve(foldHistory([day(22)])) };

const keys = async (records: readonly SourcedRecord[], history = past): Promise<string[]> =>
  (await findingsOf(book, [records], history)).map(({ rule }) => rule);
const ual = (source: SourcedRecord['source'], event: object) =>
  recordOf(source, { UserId: 'a@x.example', ...event }, '2026-11-24T10:00:00');
const signIn = (at: string, event: object) =>
  recordOf(
    'signins-interactive',
    {
      userId: 'u1',
      userPrincipalName: 'a@x.example',
      isInteractive: true,
      status: { errorCode: 0 },
      ...event,
    },
    at,
  );
const session = '5f0d1d4e-0000-4000-8000-000000000001';
const [firefox, edge] = [
  'Mozilla/5.0 (Windows NT 10.0; rv:109.0) Gecko/20100101 Firefox/115.0',
  'Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0',
];
const vienna = { location: { countryOrRegion: 'AT', geoCoordinates: { latitude: 48.2, longitude: 16.37 } } };
const chicago = {
  location: { countryOrRegion: 'US', geoCoordinates: { latitude: 41.85, longitude: -87.65 } },
};
const rule = (value: string) => ({
  Operation: 'New-InboxRule',
  Parameters: [{ Name: 'ForwardTo', Value: value }],
});
const sync = {
  Operation: 'MailItemsAccessed',
  OperationProperties: [{ Name: 'MailAccessType', Value: 'Sync' }],
};

describe('native rules', () => {
  it('say what they are', () => {
    for (const { key, description, falsePositives, references, tags } of NATIVE_RULES)
      expect([key, !description, falsePositives.length, references.length, tags.length]).not.toContain(0);
  });

  const cases: readonly [string, string, readonly SourcedRecord[], boolean][] = [
    [
      'mail-forwarded-outside',
      'another domain',
      [ual('ual-exchange', rule('"E" [SMTP:e@evil.example]'))],
      true,
    ],
    ['mail-forwarded-outside', 'own domain', [ual('ual-exchange', rule('b@x.example'))], false],
    ['mail-forwarded-outside', 'own subdomain', [ual('ual-exchange', rule('b@mail.x.example'))], false],
    [
      'mail-forwarded-outside',
      'domain that only ends alike',
      [ual('ual-exchange', rule('b@fax.example'))],
      true,
    ],
    [
      'mail-forwarded-outside',
      'service actor',
      [ual('ual-exchange', { ...rule('e@evil.example'), UserType: 3 })],
      false,
    ],
    [
      'rogue-application-used',
      'rclone',
      [
        ual('ual-sharepoint', {
          Operation: 'FileDownloaded',
          ApplicationId: 'B15665D9-eda6-4092-8539-0eec376afd59',
        }),
      ],
      true,
    ],
    [
      'rogue-application-used',
      'Office',
      [
        ual('ual-sharepoint', {
          Operation: 'FileDownloaded',
          ApplicationId: 'd3590ed6-52b3-4102-aeff-aad2292ab01c',
        }),
      ],
      false,
    ],
    [
      'session-token-replay',
      'second network and browser',
      [
        signIn('2026-11-24T10:00:00Z', {
          sessionId: session,
          ipAddress: '198.51.100.7',
          autonomousSystemNumber: 8447,
          userAgent: edge,
        }),
        signIn('2026-11-24T12:00:00Z', {
          sessionId: session,
          ipAddress: '203.0.113.9',
          autonomousSystemNumber: 16276,
          userAgent: firefox,
        }),
      ],
      true,
    ],
    [
      'session-token-replay',
      'second network, from a managed device to one that is not',
      [true, false].map((isManaged, i) =>
        signIn(`2026-11-24T1${i}:00:00Z`, {
          sessionId: session,
          ipAddress: `203.0.113.${i}`,
          autonomousSystemNumber: 3320 + i,
          userAgent: edge,
          deviceDetail: { isManaged },
        }),
      ),
      true,
    ],
    [
      'mail-many-recipients',
      'fifty in an hour',
      [20, 30].map((RecipientCount, i) =>
        ual('ual-exchange', { Operation: 'Send', Item: { Subject: `${i}` }, RecipientCount }),
      ),
      true,
    ],
    [
      'mail-many-recipients',
      'fifty in a list',
      [
        ual('ual-exchange', {
          Operation: 'SendAs',
          Item: { Recipients: Array.from({ length: 50 }, (_, i) => `${i}@y.example`) },
        }),
      ],
      true,
    ],
    [
      'mail-many-recipients',
      'forty-nine in an hour',
      [20, 29].map((RecipientCount) => ual('ual-exchange', { Operation: 'Send', RecipientCount })),
      false,
    ],
    [
      'mail-many-recipients',
      'fifty in two mailboxes',
      [20, 30].map((RecipientCount, i) =>
        ual('ual-exchange', { Operation: 'Send', UserId: `${i}@x.example`, RecipientCount }),
      ),
      false,
    ],
    [
      'session-token-replay',
      'second network alone',
      [
        signIn('2026-11-24T10:00:00Z', {
          sessionId: session,
          ipAddress: '198.51.100.7',
          autonomousSystemNumber: 8447,
          userAgent: edge,
        }),
        signIn('2026-11-24T12:00:00Z', {
          sessionId: session,
          ipAddress: '203.0.113.9',
          autonomousSystemNumber: 3320,
          userAgent: edge,
        }),
      ],
      false,
    ],
    [
      'session-token-replay',
      "Microsoft's own network",
      [
        signIn('2026-11-24T10:00:00Z', {
          sessionId: session,
          ipAddress: '198.51.100.7',
          autonomousSystemNumber: 8447,
          userAgent: edge,
        }),
        signIn('2026-11-24T12:00:00Z', {
          sessionId: session,
          ipAddress: '20.1.2.3',
          autonomousSystemNumber: 8075,
          userAgent: firefox,
        }),
      ],
      false,
    ],
    [
      'signin-impossible-travel',
      'Vienna and Chicago in an hour',
      [
        signIn('2026-11-24T10:00:00Z', { ipAddress: '198.51.100.7', ...vienna }),
        signIn('2026-11-24T11:00:00Z', { ipAddress: '203.0.113.9', ...chicago }),
      ],
      true,
    ],
    [
      'signin-impossible-travel',
      'Vienna and Chicago in twelve hours',
      [
        signIn('2026-11-24T10:00:00Z', { ipAddress: '198.51.100.7', ...vienna }),
        signIn('2026-11-24T22:00:00Z', { ipAddress: '203.0.113.9', ...chicago }),
      ],
      false,
    ],
    [
      'signin-from-hosting',
      'OVH, new',
      [signIn('2026-11-24T10:00:00Z', { ipAddress: '54.36.108.162', autonomousSystemNumber: 16276 })],
      true,
    ],
    [
      'signin-from-hosting',
      'OVH, known',
      [signIn('2026-11-24T10:00:00Z', { ipAddress: '198.51.7.7', autonomousSystemNumber: 16276 })],
      false,
    ],
    [
      'signin-from-hosting',
      'a provider of homes',
      [signIn('2026-11-24T10:00:00Z', { ipAddress: '54.36.108.162', autonomousSystemNumber: 3320 })],
      false,
    ],
    [
      'mail-sync-from-new-network',
      'new',
      [ual('ual-exchange', { ...sync, ClientIPAddress: '54.36.108.162' })],
      true,
    ],
    [
      'mail-sync-from-new-network',
      'same provider',
      [ual('ual-exchange', { ...sync, ClientIPAddress: '198.51.7.7' })],
      false,
    ],
    [
      'mail-by-web-from-new-network',
      'new',
      [
        ual('ual-exchange', {
          Operation: 'Send',
          ClientInfoString: 'Client=OWA;Action=ViaProxy',
          ClientIPAddress: '54.36.108.162',
        }),
      ],
      true,
    ],
    [
      'mail-by-web-from-new-network',
      'Outlook',
      [
        ual('ual-exchange', {
          Operation: 'Send',
          ClientInfoString: 'Client=MSExchangeRPC',
          ClientIPAddress: '54.36.108.162',
        }),
      ],
      false,
    ],
    [
      'file-download-from-new-network',
      'new',
      [ual('ual-sharepoint', { Operation: 'FileDownloaded', ClientIP: '54.36.108.162' })],
      true,
    ],
    [
      'file-download-from-new-network',
      'an upload',
      [ual('ual-sharepoint', { Operation: 'FileUploaded', ClientIP: '54.36.108.162' })],
      false,
    ],
    [
      'mail-by-new-application',
      'new',
      [
        ual('ual-exchange', {
          Operation: 'MailItemsAccessed',
          ClientInfoString: 'Client=REST;',
          ClientAppId: '22222222-2222-4222-8222-222222222222',
          ClientIPAddress: '198.51.100.7',
        }),
      ],
      true,
    ],
    [
      'mail-by-new-application',
      'known',
      [
        ual('ual-exchange', {
          Operation: 'MailItemsAccessed',
          ClientInfoString: 'Client=REST;',
          ClientAppId: '11111111-1111-4111-8111-111111111111',
          ClientIPAddress: '198.51.100.7',
        }),
      ],
      false,
    ],
  ];

  it.each(cases)('%s: %s', async (key, _name, records, expected) => {
    expect((await keys(records)).includes(key)).toBe(expected);
  });

  it.each(cases.filter(([, , records]) => records.every(({ source }) => source.startsWith('ual-'))))(
    '%s: %s, inside an envelope of the audit search',
    async (key, _name, records, expected) => {
      expect((await keys(records.map(enveloped))).includes(key)).toBe(expected);
    },
  );

  it('every one has a case that matches and one that does not', () => {
    for (const { key } of NATIVE_RULES)
      expect([key, new Set(cases.filter(([of]) => of === key).map(([, , , found]) => found))]).toEqual([
        key,
        new Set([true, false]),
      ]);
  });

  it('do not judge people without a past', async () => {
    expect(await keys([ual('ual-exchange', { ...sync, ClientIPAddress: '54.36.108.162' })], young)).toEqual(
      [],
    );
  });

  it('take many records from one new network for one finding', async () => {
    const many = Array.from({ length: 30 }, () =>
      ual('ual-exchange', { ...sync, ClientIPAddress: '54.36.108.162' }),
    );
    expect(await keys(many)).toEqual(['mail-sync-from-new-network']);
  });

  it.each([
    ['198.51.100.7', '198.51.0.0/16'],
    ['2a0b:f4c2:1::1', '2a0b:f4c2::/32'],
    ['nonsense', 'nonsense'],
  ])('the network of %s is %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });
});
