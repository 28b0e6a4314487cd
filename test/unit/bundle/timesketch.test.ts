import { describe, expect, it } from 'vitest';
import type { TimelineRow } from '../../../shared/bundle/describe.ts';
import type { CoreContent } from '../../../shared/bundle/formats/format.ts';
import { timesketch } from '../../../shared/bundle/formats/timesketch.ts';
import { HOSTILE } from '../../support/hostile.ts';

const ROW: TimelineRow = {
  time: '2026-11-21T13:50:17.1234567Z',
  source: 'ual-exchange',
  operation: 'Send',
  message: 'Send "Invoice"',
  user: 'a@x.example',
  ip: '203.0.113.9',
  country: 'DE',
  session: 's',
  app: 'Outlook',
  userAgent: 'curl',
  result: 'success',
  recordId: 'r',
  versions: 1,
};

async function fileOf(rows: readonly Partial<TimelineRow>[]): Promise<string> {
  async function* timeline(): AsyncIterable<TimelineRow[]> {
    for (const row of rows) yield await Promise.resolve([{ ...ROW, ...row }]);
  }
  const parts: string[] = [];
  for (const file of timesketch({ timeline } as unknown as CoreContent))
    for await (const part of file.content()) parts.push(String(part));
  return parts.join('');
}

/** Where Timesketch's reader (Python's codecs.open) ends a line. */
// oxlint-disable-next-line no-control-regex -- these end lines there
const LINES = /\r\n|[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/;
const eventsOf = async (rows: readonly Partial<TimelineRow>[]): Promise<Record<string, unknown>[]> =>
  (await fileOf(rows))
    .replace(/\n$/, '')
    .split(LINES)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const everywhere = (text: string): Partial<TimelineRow> => ({
  operation: text,
  message: text,
  user: text,
  country: text,
  session: text,
  app: text,
  userAgent: text,
  result: text,
  recordId: text,
});

describe('timeline.jsonl as Timesketch reads it', () => {
  it('gives one event a line, whatever line ends a record holds', async () => {
    const texts = [...HOSTILE, 'next\u0085line', 'a\u2028b\u2029c', '\u001c\u001d\u001e\u000b\u000c'];
    const events = await eventsOf(texts.map(everywhere));
    expect(events.map((e) => e['message'])).toEqual(texts.map((t) => t.toWellFormed()));
  });

  it('has no lone surrogate in any field: its datastore takes none', async () => {
    const [event] = await eventsOf([everywhere('\ud800 lone \udc00')]);
    expect(Object.values(event!).filter((v) => typeof v === 'string' && !v.isWellFormed())).toEqual([]);
  });

  it('has the required fields, a time as ISO 8601 to the microsecond', async () => {
    const [event] = await eventsOf([{}]);
    expect(event).toMatchObject({
      message: 'Send "Invoice"',
      datetime: '2026-11-21T13:50:17.123456+00:00',
      timestamp_desc: 'Event Logged',
    });
    expect(new Date(String(event!['datetime'])).toISOString()).toBe('2026-11-21T13:50:17.123Z');
  });

  it('shows an event at the epoch, and says so, whose time cannot be read or lies beyond the year 9999', async () => {
    for (const time of ['', '+010000-01-01T00:00:00.0000000Z', '-000001-12-31T23:59:59.0000000Z'])
      expect(await eventsOf([{ time }])).toMatchObject([
        { datetime: '1970-01-01T00:00:00+00:00', timestamp_desc: 'No readable event time' },
      ]);
  });

  it('holds no character in its text that a terminal or viewer would obey', async () => {
    expect(await fileOf(HOSTILE.map(everywhere))).not.toMatch(
      // oxlint-disable-next-line no-control-regex -- what a terminal or viewer would obey
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/,
    );
  });
});
