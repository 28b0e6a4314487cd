import type { TimelineRow } from '../describe.ts';
import { csvLines } from './csv.ts';
import type { CoreFormat } from './format.ts';

export const COLUMNS: readonly (keyof TimelineRow)[] = [
  'time',
  'source',
  'operation',
  'message',
  'user',
  'ip',
  'country',
  'session',
  'app',
  'userAgent',
  'result',
  'recordId',
  'versions',
];

/** `timeline.csv`: one row an event across all sources, UTC, in time order. */
export const timelineCsv: CoreFormat = ({ timeline }) => [
  { path: 'timeline.csv', content: () => csvLines(rows(timeline())) },
];

async function* rows(
  timeline: AsyncIterable<readonly TimelineRow[]>,
): AsyncIterable<readonly (readonly (string | number)[])[]> {
  yield [COLUMNS];
  for await (const rows of timeline) yield rows.map((row) => COLUMNS.map((name) => row[name]));
}
