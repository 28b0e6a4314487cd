import type { TimelineRow } from '../describe.ts';
import type { CoreFormat } from './format.ts';

/** `timeline.jsonl` for Timesketch: `message`, `datetime` and `timestamp_desc` are its required fields. */
export const timesketch: CoreFormat = ({ timeline }) => [
  { path: 'timeline.jsonl', content: () => lines(timeline()) },
];

async function* lines(timeline: AsyncIterable<TimelineRow>): AsyncIterable<string> {
  for await (const row of timeline) yield `${JSON.stringify(event(row))}\n`;
}

function event(row: TimelineRow): Record<string, string | number> {
  return {
    message: row.message.toWellFormed(),
    // Timesketch takes microseconds; an event without time is shown at the epoch and says so.
    datetime: row.time === '' ? '1970-01-01T00:00:00+00:00' : `${row.time.slice(0, 26)}+00:00`,
    timestamp_desc: row.time === '' ? 'No readable event time' : 'Event Logged',
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
