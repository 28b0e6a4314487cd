import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entityKeys } from '../../../shared/indexing/entities/index.ts';
import { clientIp, ipKey, ipKeys } from '../../../shared/indexing/entities/ip.ts';
import { sessionKeys } from '../../../shared/indexing/entities/session.ts';
import { userAliases, userKey, userKeys } from '../../../shared/indexing/entities/user.ts';
import { appKeys } from '../../../shared/indexing/entities/app.ts';
import { PROJECT } from '../../support/project.ts';

describe('IP addresses', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:52100', '203.0.113.9'],
    ['2A0B:F4C2:1:0:0:0:0:1', '2a0b:f4c2:1::1'],
    ['[2a0b:f4c2:1::1]:443', '2a0b:f4c2:1::1'],
    ['[2a0b:f4c2:1::1]', '2a0b:f4c2:1::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['fe80::1%eth0', 'fe80::1'],
    [' 203.0.113.9 ', '203.0.113.9'],
    ['::1', undefined],
    ['127.0.0.1', undefined],
    ['0.0.0.0', undefined],
    ['', undefined],
    ['host.example:443', undefined],
    ['203.0.113.XXX', undefined],
    ['999.1.1.1', undefined],
    ['1', undefined],
    ['54.36.108', undefined],
    ['16.0.5456.20240', undefined],
    ['0x0a.1.1.1', undefined],
    ['PII Removed', undefined],
  ])('%j is %j', (text, expected) => expect(ipKey(text)).toBe(expected));

  it('prefers the client address where owner and attacker share a front end', () => {
    const record = { ClientIP: '20.100.101.102', ClientIPAddress: '203.0.113.7' };
    expect(clientIp(record)).toBe('203.0.113.7');
    expect(ipKeys(record).sort()).toEqual(['20.100.101.102', '203.0.113.7']);
  });
});

describe('users', () => {
  it.each([
    ['GradyA@Sunnyside08.onmicrosoft.com', 'gradya@sunnyside08.onmicrosoft.com'],
    ['ServicePrincipal_80CF2CDC-2178-400b-ab98-a0677b6bd694', '80cf2cdc-2178-400b-ab98-a0677b6bd694'],
    ['User_26be570a-ae82-4189-b4e2-a37c6808512d', '26be570a-ae82-4189-b4e2-a37c6808512d'],
    ['1003200096971F55@testsiem.onmicrosoft.com', '1003200096971f55'],
    ['i:0h.f|membership|1003200096971f55@live.com', '1003200096971f55'],
    [
      'S-1-5-21-3422892061-1135328251-2670905592-26680073',
      's-1-5-21-3422892061-1135328251-2670905592-26680073',
    ],
    ['Not Available', undefined],
    ['00000000-0000-0000-0000-000000000000', undefined],
    ['', undefined],
  ])('%j is %j', (text, expected) => expect(userKey(text)).toBe(expected));

  it('ties the identities of one actor together, and no one else', () => {
    const record = {
      UserId: 'asr@testsiem.onmicrosoft.com',
      UserKey: '1003200096971F55@testsiem.onmicrosoft.com',
      MailboxOwnerUPN: 'other@testsiem.onmicrosoft.com',
      LogonUserSid: 'S-1-5-18',
    };
    expect(userKeys(record)).toEqual([
      'asr@testsiem.onmicrosoft.com',
      '1003200096971f55',
      'other@testsiem.onmicrosoft.com',
      's-1-5-18',
    ]);
    expect(userAliases(record)).toEqual([['asr@testsiem.onmicrosoft.com', '1003200096971f55']]);
  });

  it('finds actor and target of a directory audit', () => {
    const record = {
      initiatedBy: {
        user: { id: '728309ae-1a37-4937-9afe-e35d964db09b', userPrincipalName: 'Admin@x.example' },
        app: null,
      },
      targetResources: [
        { id: 'ef7e527d-6c92-4234-8c6d-cf6fdfb57f95', Type: 'Group' },
        { id: '1f0e98f5-3161-4c6b-9b50-d488572f2bb7', Type: 'User', userPrincipalName: 'Bob@x.example' },
      ],
    };
    expect(userKeys(record)).toEqual([
      'admin@x.example',
      '728309ae-1a37-4937-9afe-e35d964db09b',
      'bob@x.example',
      '1f0e98f5-3161-4c6b-9b50-d488572f2bb7',
    ]);
  });
});

describe('sessions and apps', () => {
  const id = '00a1b2c3-0000-4000-8000-000000000001';
  it.each([
    ['beta sign-in', { sessionId: id.toUpperCase() }],
    ['Exchange', { SessionId: id }],
    ['SharePoint', { AppAccessContext: { AADSessionId: id } }],
    [
      'STS logon',
      {
        DeviceProperties: [
          { Name: 'OS', Value: 'x' },
          { Name: 'SessionId', Value: id },
        ],
      },
    ],
    ['directory audit', { initiatedBy: { linkableIdentifiers: { sessionId: id } } }],
  ])('finds the session id of a %s record', (_name, record) => expect(sessionKeys(record)).toEqual([id]));

  it('takes no placeholder for a session', () => {
    expect(sessionKeys({ SessionId: '00000000-0000-0000-0000-000000000000', sessionId: 'none' })).toEqual([]);
  });

  it('finds acting and target applications', () => {
    expect(
      appKeys({
        AppId: `{${id}}`,
        Target: [{ ID: 'ServicePrincipal_80cf2cdc-2178-400b-ab98-a0677b6bd694', Type: 2 }],
      }),
    ).toEqual([id, '80cf2cdc-2178-400b-ab98-a0677b6bd694']);
  });
});

describe('any value', () => {
  it.each([
    [null],
    [1],
    ['x'],
    [[]],
    [{}],
    [{ initiatedBy: 'x', Actor: {}, Target: [1], DeviceProperties: 'y', UserId: 5 }],
  ])('%j yields no key and no fault', (value) =>
    expect(entityKeys(value)).toEqual({ user: [], session: [], ip: [], app: [] }),
  );

  it('reads the real edge-case records without a fault, addresses without ports', () => {
    const folder = join(PROJECT, '../shared/data/elastic-integrations-edgecases-2024-26');
    const lines = readdirSync(folder)
      .filter((f) => f.endsWith('.ndjson') || f.endsWith('.log'))
      .flatMap((f) => readFileSync(join(folder, f), 'utf8').split('\n').filter(Boolean));
    const keys = lines.map((line) => entityKeys(JSON.parse(line)));
    expect(keys.length).toBeGreaterThan(10);
    expect(keys.flatMap((k) => k.ip).filter((ip) => /[[\]%]|\.\d+:\d+$/.test(ip))).toEqual([]);
  });
});
