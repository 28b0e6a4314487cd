import { createHash } from 'node:crypto';
import { formatSeconds } from '../../instant.ts';
import type { Analysis } from '../analysis/analyse.ts';
import { jsonFile, type Format } from './format.ts';

/**
 * `indicators.stix.json`: a STIX 2.1 bundle of what other tenants can look for. Ids are UUIDv5 of what an object says and
 * when, since an id has one `created` and a version one content (3.6); times are those of the records and of the
 * question's end: equal evidence gives equal bytes. Values are the records' own, character by character, or they would match nothing; what a viewer
 * would obey is escaped in the file's text.
 */
type StixObject = Readonly<Record<string, unknown>> & { readonly type: string; readonly id: string };

/** Namespace of STIX cyber-observable ids (STIX 2.1, 2.9). */
const OBSERVABLES = '00abedb4-aa42-466c-9c01-fed23315a9b7';
const OURS = 'b5d3b8f0-6d0f-5d6e-9a43-6e2f5d0f7c11';
/** When the object came to be that names this program as the author, the same in every bundle. */
const SINCE = '2026-01-01T00:00:00.000Z';
/** Characters of a text to look for; the analysis, too, keeps no more of a user agent. */
const MAX_TEXT = 500;
/** No file of SharePoint or OneDrive has a longer path. */
const MAX_NAME = 400;

export const stix: Format = ({ analysis, plan, report }) => {
  const at = `${formatSeconds(plan.scope.toMs).slice(0, 19)}.000Z`;
  const identity = ours('identity', SINCE, 'holdfast', { name: 'holdfast', identity_class: 'system' });
  const found = [
    ...addresses(analysis, at),
    ...agents(analysis, at),
    ...mails(analysis, at),
    ...files(analysis),
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
  id: `${type}--${uuid5(OURS, `${type}\n${at}\n${name}`)}`,
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

/** Text inside a pattern's single quotes: backslash and quote escaped, as the pattern grammar has it (9.2). */
const literal = (text: string): string =>
  `'${text.toWellFormed().replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/**
 * That a property has this text, character by character, or begins with it where it is cut: `=` would find nothing
 * then. An expression is compared with normalized text (9.6.1); the last character may not be the record's whole one.
 */
function says(path: string, text: string): string {
  if (text.length < MAX_TEXT) return `${path} = ${literal(text)}`;
  const start = text.slice(0, MAX_TEXT).normalize('NFC').slice(0, -1);
  const whole = start.replace(/[\ud800-\udbff]$/, '');
  return `${path} MATCHES ${literal(`^${whole.replace(/[\\^$.[\]|()?*+{}]/g, '\\$&')}`)}`;
}

function indicator(at: string, name: string, pattern: string, seen: string): StixObject {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?/.exec(seen)?.[0];
  const from = time === undefined ? at : `${time}Z`;
  return ours('indicator', at, `${pattern}\n${from}`, {
    name,
    indicator_types: ['malicious-activity'],
    pattern,
    pattern_type: 'stix',
    pattern_version: '2.1',
    valid_from: from,
  });
}

/** Things by when they were first seen; empty where no record of them has a readable time. */
function firstSeen(seen: Iterable<readonly [thing: string, time: string]>): Map<string, string> {
  const first = new Map<string, string>();
  for (const [thing, time] of seen) {
    const before = first.get(thing);
    first.set(thing, !before || (time !== '' && time < before) ? time : before);
  }
  return first;
}

function addresses({ addresses: suspicious, signIns }: Analysis, at: string): StixObject[] {
  const first = firstSeen(
    signIns.flatMap((w) => w.addresses.map(({ ip }): [string, string] => [ip, w.from])),
  );
  return suspicious.flatMap((ip) => {
    const type = ip.includes(':') ? 'ipv6-addr' : 'ipv4-addr';
    return [
      observable(type, { value: ip }),
      indicator(at, `Address of an intruder: ${ip}`, `[${says(`${type}:value`, ip)}]`, first.get(ip) ?? ''),
    ];
  });
}

const USER_AGENT = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'";

function agents(analysis: Analysis, at: string): StixObject[] {
  const first = firstSeen(
    analysis.signIns.flatMap((w) => w.agents.map(({ agent }): [string, string] => [agent, w.from])),
  );
  return [...first].map(([agent, from]) =>
    indicator(
      at,
      'User agent of an intruder (weak by itself)',
      // A header has a list of values since 2.1, any of which may match (9.7.2); in 2.0, and for many tools, one.
      `[${says(USER_AGENT, agent)} OR ${says(`${USER_AGENT}[*]`, agent)}]`,
      from,
    ),
  );
}

function mails(analysis: Analysis, at: string): StixObject[] {
  const sent = analysis.facts.filter((f) => f.kind === 'sent' && f.target !== '');
  return [...firstSeen(sent.map((f): [string, string] => [f.target, f.time]))].map(([subject, time]) =>
    indicator(at, 'Subject of mail sent by an intruder', `[${says('email-message:subject', subject)}]`, time),
  );
}

/** Files that were taken: observables to tell by, no indicators of malice. */
const files = (analysis: Analysis): StixObject[] =>
  [...new Set(analysis.facts.filter((f) => f.kind === 'downloaded').map((f) => f.target.toWellFormed()))]
    .filter((name) => name !== '' && name.length <= MAX_NAME)
    .map((name) => observable('file', { name }));
