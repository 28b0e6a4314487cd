import type { TimelineRow } from '../describe.ts';
import type { CoreFormat } from './format.ts';
import { jsonText } from './json-text.ts';

/**
 * `timeline.jsonl` for Timesketch: `message`, `datetime` and `timestamp_desc` are its required fields. Its importer
 * splits lines at U+0085, U+2028 and U+2029 too, and gives up the whole file at a line that does not parse; neither
 * does its datastore take lone surrogates. Both are what an attacker can put into a subject.
 */
export const timesketch: CoreFormat = ({ timeline }) => [
  { path: 'timeline.jsonl', content: () => lines(timeline()) },
];

async function* lines(timeline: AsyncIterable<readonly TimelineRow[]>): AsyncIterable<string> {
  for await (const rows of timeline) yield rows.map((row) => `${lineOf(event(row))}\n`).join('');
}

/** JSON.stringify writes a lone surrogate as an escape: only where there is one may be one. */
function lineOf(e: TimesketchEvent): string {
  const text = jsonText(e);
  return text.includes('\\ud') ? jsonText(wellFormed(e)) : text;
}

type TimesketchEvent = Readonly<Record<string, string | number>>;

const wellFormed = (e: TimesketchEvent): TimesketchEvent =>
  Object.fromEntries(
    Object.entries(e).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.toWellFormed() : value,
    ]),
  );

function event(row: TimelineRow): TimesketchEvent {
  // An event whose time cannot be read, or lies beyond the year 9999, is shown at the epoch and says so.
  const timed = /^\d{4}-/.test(row.time);
  return {
    message: row.message,
    // Timesketch takes microseconds.
    datetime: timed ? `${row.time.slice(0, 26)}+00:00` : '1970-01-01T00:00:00+00:00',
    timestamp_desc: timed ? 'Event Logged' : 'No readable event time',
    data_type: `m365:${row.source}`,
    source: row.source,
    operation: row.operation,
    user: row.user,
    ip_address: row.ip,
    country: row.country,
    session_id: row.session,
    application: row.app,
    user_agent: row.userAgent,
    result: row.result,
    record_id: row.recordId,
    versions: row.versions,
  };
}
