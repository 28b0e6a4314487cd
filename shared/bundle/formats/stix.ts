import { createHash } from 'node:crypto';
import { formatSeconds } from '../../instant.ts';
import type { Analysis } from '../analysis/analyse.ts';
import { printable } from './csv.ts';
import { jsonFile, type Format } from './format.ts';

/**
 * `indicators.stix.json`: a STIX 2.1 bundle of what other tenants can look for. Ids are UUIDv5 of what an object says,
 * times are those of the records and of the question's end: equal evidence gives equal bytes.
 */
type StixObject = Readonly<Record<string, unknown>> & { readonly type: string; readonly id: string };

/** Namespace of STIX cyber-observable ids (STIX 2.1, 2.9). */
const OBSERVABLES = '00abedb4-aa42-466c-9c01-fed23315a9b7';
const OURS = 'b5d3b8f0-6d0f-5d6e-9a43-6e2f5d0f7c11';

export const stix: Format = ({ analysis, plan, report }) => {
  const at = `${formatSeconds(plan.scope.toMs).slice(0, 19)}.000Z`;
  const identity = ours('identity', at, 'holdfast', { name: 'holdfast', identity_class: 'system' });
  const found = [
    ...addresses(analysis, at),
    ...agents(analysis, at),
    ...mails(analysis, at),
    ...files(analysis, at),
  ];
  const objects: StixObject[] =
    found.length === 0 ? [identity] : [identity, ...found.map((o) => credited(o, identity.id))];
  const refs = objects.filter((o) => o.type === 'indicator').map((o) => o.id);
  if (refs.length > 0)
    objects.push(
      credited(
        ours('report', at, [plan.scope.tenant, ...refs].join('\n'), {
          name: 'Indicators of an intrusion into Microsoft 365',
          report_types: ['indicator'],
          published: at,
          object_refs: refs,
        }),
        identity.id,
      ),
    );
  const unique = [...new Map(objects.map((o) => [o.id, o])).values()];
  const bundle = {
    type: 'bundle',
    id: `bundle--${uuid5(OURS, unique.map((o) => o.id).join('\n'))}`,
    objects: unique,
  };
  return report === undefined ? [] : [jsonFile('indicators.stix.json', bundle)];
};

const credited = (object: StixObject, author: string): StixObject =>
  'created' in object && object.type !== 'identity' ? { ...object, created_by_ref: author } : object;

/** Name-based UUID, RFC 9562 version 5. */
export function uuid5(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const ours = (
  type: string,
  at: string,
  name: string,
  rest: Readonly<Record<string, unknown>>,
): StixObject => ({
  type,
  spec_version: '2.1',
  id: `${type}--${uuid5(OURS, `${type}\n${name}`)}`,
  created: at,
  modified: at,
  ...rest,
});

const observable = (type: string, contributing: Readonly<Record<string, string>>): StixObject => ({
  type,
  spec_version: '2.1',
  id: `${type}--${uuid5(OBSERVABLES, JSON.stringify(contributing))}`,
  ...contributing,
});

/** Text inside a pattern's single quotes: backslash and quote escaped, as the pattern grammar has it. */
const literal = (text: string): string => `'${clean(text).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const clean = (text: string): string =>
  printable(text)
    .replace(/[\r\n\t]+/g, ' ')
    .slice(0, 2000)
    .toWellFormed();

function indicator(at: string, name: string, pattern: string, validFrom: string): StixObject {
  return ours('indicator', at, pattern, {
    name: clean(name).slice(0, 200),
    indicator_types: ['malicious-activity'],
    pattern,
    pattern_type: 'stix',
    pattern_version: '2.1',
    valid_from: `${(validFrom || at).slice(0, 23).replace('Z', '')}Z`,
  });
}

function addresses(analysis: Analysis, at: string): StixObject[] {
  return analysis.addresses.flatMap((ip) => {
    const type = ip.includes(':') ? 'ipv6-addr' : 'ipv4-addr';
    const first = analysis.signIns
      .flatMap((w) => (w.addresses.some((a) => a.ip === ip) ? [w.from] : []))
      .sort()[0];
    return [
      observable(type, { value: ip }),
      indicator(at, `Address of an intruder: ${ip}`, `[${type}:value = ${literal(ip)}]`, first ?? at),
    ];
  });
}

function agents(analysis: Analysis, at: string): StixObject[] {
  const first = new Map<string, string>();
  for (const w of analysis.signIns)
    for (const { agent } of w.agents) first.set(agent, [first.get(agent) ?? w.from, w.from].sort()[0]!);
  return [...first].map(([agent, from]) =>
    indicator(
      at,
      'User agent of an intruder (weak by itself)',
      `[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = ${literal(agent)}]`,
      from,
    ),
  );
}

function mails(analysis: Analysis, at: string): StixObject[] {
  const sent = analysis.facts.filter((f) => f.kind === 'sent' && f.target !== '');
  const first = new Map<string, string>();
  for (const f of sent) if (!first.has(f.target)) first.set(f.target, f.time);
  return [...first].map(([subject, time]) =>
    indicator(
      at,
      'Subject of mail sent by an intruder',
      `[email-message:subject = ${literal(subject)}]`,
      time,
    ),
  );
}

/** Files that were taken: observables to tell by, no indicators of malice. */
const files = (analysis: Analysis, _at: string): StixObject[] =>
  [...new Set(analysis.facts.filter((f) => f.kind === 'downloaded').map((f) => clean(f.target)))]
    .filter(Boolean)
    .map((name) => observable('file', { name }));
