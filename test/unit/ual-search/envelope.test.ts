import { describe, expect, it } from 'vitest';
import { generateStory } from '../../../infra/local/story/index.ts';
import { auditEnvelope } from '../../../infra/local/tenant/audit-envelope.ts';
import { auditDigest, classicRecordOf } from '../../../shared/audit-record.ts';
import { entityKeys } from '../../../shared/indexing/entities/index.ts';
import { clientIp } from '../../../shared/indexing/entities/ip.ts';
import { userAliases } from '../../../shared/indexing/entities/user.ts';
import { userAgentOf } from '../../../shared/indexing/summary.ts';
import { parseRecord } from '../../../shared/record.ts';

const texts = [
  ...generateStory({ nowMs: Date.parse('2026-11-24T00:00:00Z'), days: 3, records: 1500, users: 30 }),
]
  .filter((r) => r.source.startsWith('ual-'))
  .map((r) => r.text);
const pairs = texts.map((text) => ({
  classic: parseRecord(Buffer.from(text)),
  envelope: parseRecord(Buffer.from(auditEnvelope(text))),
}));
const parse = (text: string): unknown => JSON.parse(text) as unknown;
const sorted = (keys: ReturnType<typeof entityKeys>) =>
  Object.fromEntries(Object.entries(keys).map(([kind, list]) => [kind, [...list].sort()]));

describe('an audit record in the envelope of the search', () => {
  it('has the facts of the classic record: id, time, user, operation', () => {
    expect(pairs.length).toBeGreaterThan(200);
    expect(pairs.map((p) => p.envelope.facts)).toEqual(pairs.map((p) => p.classic.facts));
  });

  it('leads to the same users, sessions, addresses and applications', () => {
    expect(pairs.map((p) => sorted(entityKeys(p.envelope.value)))).toEqual(
      pairs.map((p) => sorted(entityKeys(p.classic.value))),
    );
    expect(pairs.map((p) => clientIp(p.envelope.value))).toEqual(pairs.map((p) => clientIp(p.classic.value)));
    expect(pairs.map((p) => userAgentOf(p.envelope.value))).toEqual(
      pairs.map((p) => userAgentOf(p.classic.value)),
    );
    const unique = (value: unknown) =>
      [...new Set(userAliases(value).map((pair) => [...pair].sort().join(' ')))].sort();
    expect(pairs.map((p) => unique(p.envelope.value))).toEqual(pairs.map((p) => unique(p.classic.value)));
  });

  it('is the same record by its digest, and another one when any value differs', () => {
    for (const { classic, envelope } of pairs)
      expect(auditDigest(envelope.value)).toEqual(auditDigest(classic.value));
    const [text] = texts;
    const other = parse(text!.replace(/"Operation":"/, '"Operation":"Not'));
    expect(auditDigest(other)).not.toEqual(auditDigest(parse(text!)));
    expect(auditDigest(other)!.subarray(0, 8)).toEqual(auditDigest(parse(text!))!.subarray(0, 8));
  });

  it('takes the address of the envelope where the record has none', () => {
    const envelope = {
      id: 'x',
      auditLogRecordType: 'ExchangeItem',
      operation: 'Send',
      clientIp: '192.0.2.9',
      userPrincipalName: 'a@x.example',
      userId: '1003BFFD8EC47CA6',
      auditData: { Id: 'x' },
    };
    expect(entityKeys(envelope)).toMatchObject({
      ip: ['192.0.2.9'],
      user: ['a@x.example', '1003bffd8ec47ca6'],
    });
  });

  it('leaves other shapes alone: `operation` and `clientIp` mean other things there', () => {
    const other = { id: '1', operation: 'x', clientIp: '192.0.2.9', auditData: { Operation: 'y' } };
    expect(parseRecord(Buffer.from(JSON.stringify(other))).facts.operation).toBe('');
    expect(entityKeys(other).ip).toEqual([]);
    expect(classicRecordOf(other)).toBe(other);
    expect(auditDigest('text')).toBeUndefined();
    expect(auditDigest({ Operation: 'no id' })).toBeUndefined();
  });
});
