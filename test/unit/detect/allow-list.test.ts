import { describe, expect, it } from 'vitest';
import { applyAllowList, type AllowEntry } from '../../../shared/detect/allow/allow-list.ts';
import { parseAllowList } from '../../../shared/detect/allow/allow-list-text.ts';
import type { Finding } from '../../../shared/detect/findings/finding.ts';
import type { Sighting } from '../../../shared/detect/sighting.ts';
import { PLACE } from './support.ts';

const now = Date.UTC(2026, 10, 24);
const record = (over: Partial<Sighting>): Sighting => ({
  recordId: 'r',
  source: 'signins-interactive',
  place: PLACE,
  ...over,
});
const finding = (records: Sighting[]): Finding => ({
  id: 'x',
  rule: 'signin-two-countries',
  title: 't',
  level: 'high',
  origin: 'own',
  tags: [],
  time: '2026-11-24T12:00:00.000Z',
  from: '2026-11-24T12:00:00.000Z',
  to: '2026-11-24T12:00:00.000Z',
  user: 'a@x.example',
  explanation: { kind: 'native', facts: {} },
  records,
  state: 'open',
  revision: 1,
});

const office = record({ ip: '198.51.100.7', country: 'AT' });
const home = record({ ip: '2001:db8::5', country: 'CZ' });
const entry = (kind: AllowEntry['kind'], value: string, more: Partial<AllowEntry> = {}): AllowEntry => ({
  kind,
  value,
  reason: 'why',
  ...more,
});
const stateOf = (records: Sighting[], ...entries: AllowEntry[]) =>
  applyAllowList(finding(records), { version: 1, entries }, now).state;

describe('allow list', () => {
  it.each([
    ['a network that holds all addresses', [office], entry('network', '198.51.100.0/24'), 'suppressed'],
    ['a single address', [office], entry('network', '198.51.100.7'), 'suppressed'],
    ['an IPv6 network', [home], entry('network', '2001:db8::/32'), 'suppressed'],
    ['a network that holds some addresses', [office, home], entry('network', '198.51.100.0/24'), 'open'],
    ['a network, for records without address', [record({})], entry('network', '198.51.100.0/24'), 'open'],
    ['a country', [office], entry('country', 'at'), 'suppressed'],
    ['another country', [office], entry('country', 'DE'), 'open'],
    ['a user in other case', [office], entry('user', 'A@X.example'), 'suppressed'],
    ['another user', [office], entry('user', 'b@x.example'), 'open'],
    ['an application', [record({ app: 'abc' })], entry('app', 'ABC'), 'suppressed'],
    [
      'an entry for this rule',
      [office],
      entry('country', 'AT', { rules: ['signin-two-countries'] }),
      'suppressed',
    ],
    ['an entry for another rule', [office], entry('country', 'AT', { rules: ['other'] }), 'open'],
    [
      'an entry that has run out',
      [office],
      entry('country', 'AT', { until: '2026-11-01T00:00:00Z' }),
      'open',
    ],
  ] as const)('%s', (_name, records, one, state) => {
    expect(stateOf([...records], one)).toBe(state);
  });

  it('says why it suppresses', () => {
    const { reason, changedBy } = applyAllowList(
      finding([office]),
      { version: 1, entries: [entry('country', 'AT')] },
      now,
    );
    expect([reason, changedBy]).toEqual(['allow list: country AT (why)', 'allow list']);
  });

  it.each([
    ['no JSON', 'x', 'body'],
    ['no reason', '{"version":1,"entries":[{"kind":"user","value":"a"}]}', 'entries.0.reason'],
    [
      'no network',
      '{"version":1,"entries":[{"kind":"network","value":"300.1.1.1","reason":"r"}]}',
      'entries.0.value',
    ],
    ['a typo', '{"version":1,"entry":[]}', 'entries'],
  ])('refuses %s', (_name, text, field) => {
    expect(() => parseAllowList(text)).toThrow(
      expect.objectContaining({ code: 'invalid-request', field }) as Error,
    );
  });
});
