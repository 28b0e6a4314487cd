import { describe, expect, it } from 'vitest';
import type { BundleContent } from '../../../shared/bundle/formats/format.ts';
import { stix, uuid5 } from '../../../shared/bundle/formats/stix.ts';
import { HOSTILE } from '../../support/hostile.ts';
import { comparisonsOf } from '../../support/stix-pattern.ts';
import { stixBundle } from '../../support/stix-schema.ts';

type Thing = Record<string, unknown>;
const at = '2026-11-24T18:00:00.000Z';
const U = '0f0f0f0f-1111-5222-8333-444444444444';
const domain = (type: string, rest: Thing): Thing => ({
  type,
  spec_version: '2.1',
  id: `${type}--${U}`,
  created: at,
  modified: at,
  ...rest,
});
const seen = (type: string, rest: Thing): Thing => ({
  type,
  spec_version: '2.1',
  id: `${type}--${U}`,
  ...rest,
});
const identity = domain('identity', { name: 'holdfast', identity_class: 'system' });
const indicator = domain('indicator', {
  created_by_ref: identity['id'],
  name: 'Address',
  indicator_types: ['malicious-activity'],
  pattern: "[ipv4-addr:value = '203.0.113.9']",
  pattern_type: 'stix',
  pattern_version: '2.1',
  valid_from: '2026-11-21T13:50:17Z',
});
const report = domain('report', {
  name: 'Indicators',
  report_types: ['indicator'],
  published: at,
  object_refs: [indicator['id']],
});
const v4 = seen('ipv4-addr', { value: '203.0.113.9' });
const v6 = seen('ipv6-addr', { value: '2001:db8::1' });
const file = seen('file', { name: 'Prices.xlsx' });
const bundle = (...objects: Thing[]): Thing => ({ type: 'bundle', id: `bundle--${U}`, objects });
const without = (o: Thing, name: string): Thing =>
  Object.fromEntries(Object.entries(o).filter(([n]) => n !== name));
const pattern = (text: string): Thing => bundle(identity, { ...indicator, pattern: text });
const changed = (o: Thing, change: Thing): Thing =>
  o === report
    ? bundle(identity, indicator, { ...o, ...change })
    : bundle(identity, ...(o === identity ? [] : [{ ...o, ...change }]));

describe('what the check takes for STIX 2.1', () => {
  it('takes each kind of object that bundles hold', () => {
    const good = bundle(identity, indicator, report, v4, v6, file);
    expect(stixBundle.safeParse(good).error?.issues ?? []).toEqual([]);
  });

  it.each(
    [identity, indicator, report, v4, v6, file].flatMap((o) =>
      Object.keys(o)
        .filter((name) => name !== 'created_by_ref')
        .map((name) => [String(o['type']), name, o] as const),
    ),
  )('refuses %s without %s', (_type, name, o) => {
    const others = [identity, indicator].filter((other) => other !== o);
    expect(stixBundle.safeParse(bundle(...others, without(o, name))).success).toBe(false);
  });

  it.each<[string, Thing]>([
    ['a bundle of nothing', bundle()],
    ['a bundle without id', without(bundle(identity), 'id')],
    ['a bundle with the id of another type', { ...bundle(identity), id: `report--${U}` }],
    ['a bundle with a version, as 2.0 had it', { ...bundle(identity), spec_version: '2.0' }],
    ['an object twice', bundle(identity, v4, v4)],
    ['a type that we do not make', bundle(identity, seen('url', { value: 'https://x.example' }))],
    ['a version of 2.0', changed(indicator, { spec_version: '2.0' })],
    ['an id of another type', changed(indicator, { id: `report--${U}` })],
    ['an id in capitals', changed(indicator, { id: `indicator--${U.toUpperCase()}` })],
    ['a UUID of version 6', changed(indicator, { id: `indicator--${U.replace('-5', '-6')}` })],
    ['a UUID of another variant', changed(indicator, { id: `indicator--${U.replace('-8', '-c')}` })],
    ['an observable whose id is random', changed(v4, { id: `ipv4-addr--${U.replace('-5', '-4')}` })],
    ['created without milliseconds', changed(indicator, { created: '2026-11-24T18:00:00Z' })],
    ['created in another zone', changed(indicator, { created: '2026-11-24T18:00:00.000+00:00' })],
    ['modified before created', changed(indicator, { modified: '2026-11-24T17:59:59.999Z' })],
    ['a day without a time', changed(indicator, { valid_from: '2026-11-21' })],
    ['a day that there is not', changed(indicator, { valid_from: '2026-13-01T00:00:00Z' })],
    ['a year of five digits', changed(indicator, { valid_from: '+010000-01-01T00:00:00Z' })],
    ['no kind of indicator', changed(indicator, { indicator_types: [] })],
    ['a kind that the vocabulary lacks', changed(indicator, { indicator_types: ['evil'] })],
    ['a pattern of another language', changed(indicator, { pattern_type: 'sigma' })],
    ['a value that is null', changed(indicator, { name: null })],
    ['a property that the standard lacks', changed(indicator, { severity: 'high' })],
    ['an empty list', changed(indicator, { external_references: [] })],
    ['an author that is not there', bundle(indicator)],
    ['a report of nothing', changed(report, { object_refs: [] })],
    [
      'a report of what is not there',
      changed(report, { object_refs: [`indicator--${U.replace('0', '1')}`] }),
    ],
    ['a report of what is no id', changed(report, { object_refs: ['x'] })],
    ['an address of a fifth part', changed(v4, { value: '203.0.113.9.1' })],
    ['an IPv6 address for IPv4', changed(v4, { value: '2001:db8::1' })],
    ['an IPv6 address with a dotted quad', changed(v6, { value: '::ffff:203.0.113.9' })],
    ['a file without a name', changed(file, { name: '' })],
  ])('refuses %s', (_what, wrong) => {
    expect(stixBundle.safeParse(wrong).success).toBe(false);
  });

  it.each([
    "ipv4-addr:value = '203.0.113.9'",
    "[ipv4-addr:value = '203.0.113.9'",
    "[ipv4-addr:value = '203.0.113.9'] OR",
    '[ipv4-addr:value = "203.0.113.9"]',
    '[ipv4-addr:value = 203.0.113.9]',
    "[ipv4-addr.value = '203.0.113.9']",
    "[ipv4-addr:value = '203.0.113.999']",
    "[ipv4-addr:value = '2001:db8::1']",
    "[ipv6-addr:value = '203.0.113.9']",
    "[email-message:subject = 'it's']",
    "[email-message:subject = 'back\\slash']",
    "[email-message:subject = 'open\\']",
    "[email-message:subject MATCHES '(']",
    "[email-message:topic = 'x']",
    "[email-message:subject LIKE 'x']",
    "[email-message:subject = 'x' OR ]",
    "[email-message:subject = 'x' email-message:subject = 'y']",
    "[network-traffic:extensions.http-request-ext.request_header.'User-Agent' = 'x']",
    "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[] = 'x']",
  ])('refuses the pattern %s', (text) => {
    expect(stixBundle.safeParse(pattern(text)).success).toBe(false);
  });
});

/** The file for an analysis that found these addresses, user agents, subjects and downloads. */
interface Found {
  readonly ips?: readonly string[];
  readonly agents?: readonly string[];
  readonly subjects?: readonly string[];
  readonly downloads?: readonly string[];
  readonly times?: readonly string[];
  readonly to?: string;
}

async function file21({
  ips = [],
  agents = [],
  subjects = [],
  downloads = [],
  ...rest
}: Found): Promise<string> {
  const content = {
    plan: { scope: { tenant: 't', toMs: Date.parse(rest.to ?? at) } },
    report: {},
    analysis: {
      addresses: ips,
      signIns: (rest.times ?? ['2026-11-21T13:50:17.1234567Z']).map((from) => ({
        from,
        addresses: ips.map((ip) => ({ ip })),
        agents: agents.map((agent) => ({ agent })),
      })),
      facts: [
        ...subjects.map((target) => ({ kind: 'sent', target, time: at })),
        ...downloads.map((target) => ({ kind: 'downloaded', target, time: at })),
      ],
    },
  };
  const parts: string[] = [];
  for (const made of stix(content as unknown as BundleContent))
    for await (const part of made.content()) parts.push(String(part));
  return parts.join('');
}

async function objectsOf(found: Found): Promise<Thing[]> {
  const parsed = stixBundle.safeParse(JSON.parse(await file21(found)));
  expect(parsed.error?.issues ?? []).toEqual([]);
  return parsed.data!.objects;
}

const indicators = async (found: Found): Promise<Thing[]> =>
  (await objectsOf(found)).filter((o) => o['type'] === 'indicator');
const comparisons = (o: Thing) => comparisonsOf(String(o['pattern']))!;
const short = HOSTILE.filter((t) => t.length < 500);

describe('indicators.stix.json', () => {
  it('gives an observable the id that the standard and other tools give it', async () => {
    const observables = await objectsOf({
      ips: ['198.51.100.3', '2001:0db8:85a3:0000:0000:8a2e:0370:7334'],
    });
    expect(observables.map((o) => o['id'])).toEqual(
      expect.arrayContaining([
        'ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4',
        'ipv6-addr--85a85a8c-ee99-5722-946d-3c3a3270fc6f',
      ]),
    );
  });

  it('looks for the very text of the record, whatever it holds', async () => {
    const subjects = await indicators({ subjects: short });
    expect(subjects.map((o) => comparisons(o).map((c) => [c.operator, c.text]))).toEqual(
      short.map((t) => [['=', t.toWellFormed()]]),
    );
    const names = await objectsOf({ downloads: short });
    expect(names.flatMap((o) => (o['type'] === 'file' ? [o['name']] : []))).toEqual(
      short.map((t) => t.toWellFormed()),
    );
  });

  it('shows no viewer of the file a character that it would obey', async () => {
    expect(await file21({ subjects: HOSTILE, agents: HOSTILE, downloads: HOSTILE })).not.toMatch(
      // oxlint-disable-next-line no-control-regex -- what a terminal or viewer would obey
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/,
    );
  });

  it('finds a user agent in a list of values, as 2.1 has them, and as one, as 2.0 has it', async () => {
    const [only] = await indicators({ agents: ["o'curl/8"] });
    const path = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'";
    expect(comparisons(only!)).toEqual([
      { path, operator: '=', text: "o'curl/8" },
      { path: `${path}[*]`, operator: '=', text: "o'curl/8" },
    ]);
  });

  it('looks for the beginning of a text that was cut, since the whole is longer', async () => {
    const long = `.*(${"\\'$".repeat(150)}${'\u{1f600}'.repeat(300)}`;
    const [subject] = await indicators({ subjects: [long] });
    const { operator, text } = comparisons(subject!)[0]!;
    expect(operator).toBe('MATCHES');
    expect(new RegExp(text, 's').exec(long)?.index).toBe(0);
    expect(new RegExp(text, 's').exec(long)![0].length).toBeGreaterThan(490);
    expect(new RegExp(text, 's').test(`x${long}`)).toBe(false);
    const accents = await indicators({ subjects: ['e\u0301'.repeat(400)] });
    // The one compared with is normalized first (9.6.1).
    expect(new RegExp(comparisons(accents[0]!)[0]!.text).test('\u00e9'.repeat(400))).toBe(true);
    const [cut] = await indicators({ agents: ['a'.repeat(500)] });
    expect(comparisons(cut!).map((c) => c.operator)).toEqual(['MATCHES', 'MATCHES']);
  });

  it('names no file by a part of its name', async () => {
    expect((await objectsOf({ downloads: ['x'.repeat(401)] })).map((o) => o['type'])).toEqual(['identity']);
  });

  it('is valid from the first time something was seen, and from the question’s end where no time is known', async () => {
    const from = async (...times: string[]) =>
      (await indicators({ ips: ['203.0.113.9'], times })).map((o) => o['valid_from']);
    expect(await from('2026-11-22T00:00:00Z', '', '2026-11-21T13:50:17.1234567Z')).toEqual([
      '2026-11-21T13:50:17.123Z',
    ]);
    expect(await from('')).toEqual([at]);
    expect(await from('+010000-01-01T00:00:00.0000000Z')).toEqual([at]);
  });

  it('never says two things of one version of one object', async () => {
    const said = new Map<string, Thing>();
    for (const to of [at, '2026-11-25T00:00:00.000Z'])
      for (const times of [['2026-11-20T00:00:00Z'], ['2026-11-21T00:00:00Z']]) {
        const objects = await objectsOf({ ips: ['203.0.113.9'], subjects: ['Invoice'], to, times });
        for (const o of objects) expect(said.get(String(o['id'])) ?? o).toEqual(o);
        for (const o of objects) said.set(String(o['id']), o);
      }
    expect(said.size).toBeGreaterThan(4);
  });

  it('makes ids by name as RFC 9562 does', () => {
    expect(uuid5('00abedb4-aa42-466c-9c01-fed23315a9b7', '{"value":"198.51.100.3"}')).toBe(
      '28bb3599-77cd-5a82-a950-b5bc3caf07c4',
    );
  });
});
