import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { generateStory } from '../../../infra/local/story/index.ts';
import { auditEnvelope } from '../../../infra/local/tenant/audit-envelope.ts';
import { eventOf, type Event } from '../../../shared/detect/pivot/session/event.ts';
import { draftOf } from '../../../shared/bundle/analysis/facts.ts';
import { signalsOf } from '../../../shared/detect/pivot/session/signals.ts';
import { timelineRow } from '../../../shared/bundle/describe.ts';
import { ualCsv } from '../../../shared/bundle/formats/ual-csv.ts';
import type { BundleContent } from '../../../shared/bundle/formats/format.ts';
import { matchMail } from '../../../shared/bundle/matcher.ts';
import { readRecord, RecordFile } from '../../../shared/bundle/record-file.ts';
import { parseRecord } from '../../../shared/record.ts';
import { STORY } from '../../support/story-bundle.ts';

/** The audit search hands out the feed's records inside an envelope: a bundle must say the same of both. */

const audit = [...generateStory(STORY)].filter(({ source }) => source.startsWith('ual-'));
const pairs = audit.map(({ source, text }) => ({
  source,
  bare: parseRecord(Buffer.from(text)),
  within: parseRecord(Buffer.from(auditEnvelope(text))),
}));
const operations = new Set(pairs.map(({ bare }) => bare.facts.operation));

/** What is told by the record itself; sources and request ids of their own kind tell which log it came from. */
const told = (e: Event) => {
  const { source: _source, flow: _flow, value: _value, keys: _keys, ...rest } = e;
  return { ...rest, draft: draftOf(e), signals: signalsOf(e) };
};

describe('a record inside an envelope of the audit search', () => {
  it('is the same line of the timeline', () => {
    expect(operations.size).toBeGreaterThan(20);
    for (const { source, bare, within } of pairs) {
      const row = timelineRow(source, readRecord(bare.text), 1);
      expect(timelineRow('ual-search', readRecord(within.text), 1)).toEqual({ ...row, source: 'ual-search' });
    }
  });

  it('is the same event, fact and signal of the analysis', () => {
    for (const { source, bare, within } of pairs)
      expect(told(eventOf('ual-search', within))).toEqual(told(eventOf(source, bare)));
  });

  it('is tied to its sign-in flow as the feed ties it', () => {
    const entra = pairs.filter(({ source }) => source === 'ual-entra');
    const flows = entra.map(({ bare }) => eventOf('ual-entra', bare).flow);
    expect(flows.flat().length).toBeGreaterThan(0);
    expect(entra.map(({ within }) => eventOf('ual-search', within).flow)).toEqual(flows);
  });

  it('is found by the message id of a mail', () => {
    const flow = pairs.filter(({ bare }) => bare.facts.operation === 'TIMailData');
    expect(flow.length).toBeGreaterThan(0);
    for (const { bare, within } of flow) {
      const id = String((bare.value as Record<string, unknown>)['InternetMessageId']);
      expect(matchMail(within.value, new Set([id]))?.by).toEqual({ kind: 'message', key: id });
      expect(matchMail(within.value, new Set(['other']))).toBeUndefined();
    }
  });

  it('stands in ual-export.csv as the classic record, numbers as they were written', async () => {
    const text =
      '{"Id":"a1","RecordType":50,"CreationTime":"2026-11-24T05:00:00","UserId":"=a@x.example","Operation":"Send","Size":12345678901234567890,"Share":1.0}';
    const records = new RecordFile();
    await records.add('ual-search', readRecord(Buffer.from(auditEnvelope(text))));
    await records.finish();
    const [file] = ualCsv({ records } as unknown as BundleContent);
    let csv = '';
    for await (const part of file!.content()) csv += String(part);
    await records.dispose();
    const [row] = parse<Record<string, string>>(csv, { columns: true });
    expect(row).toMatchObject({
      RecordType: '50',
      UserIds: "'=a@x.example",
      Operations: 'Send',
      Identity: 'a1',
    });
    expect(row!['AuditData']).toBe(text.replace('05:00:00"', '05:00:00Z"'));
  });
});
