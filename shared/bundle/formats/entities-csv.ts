import type { BundleFile, EntitySummary, CoreFormat } from './format.ts';
import { csvLines } from './csv.ts';

const HEAD = ['firstTime', 'lastTime', 'records'] as const;

/** `sessions.csv`: each session seen in the scope, across all sources, with whom and what it touched. */
export const sessionsCsv: CoreFormat = ({ sessions }) => [file('sessions.csv', 'session', 'ips', sessions)];
/** `ips.csv`: the same by client address. */
export const ipsCsv: CoreFormat = ({ ips }) => [file('ips.csv', 'ip', 'sessions', ips)];

function file(
  path: string,
  name: string,
  other: 'ips' | 'sessions',
  rows: readonly EntitySummary[],
): BundleFile {
  return { path, records: rows.length, content: () => csvLines(cells(name, other, rows)) };
}

async function* cells(
  name: string,
  other: 'ips' | 'sessions',
  rows: readonly EntitySummary[],
): AsyncIterable<readonly (string | number)[]> {
  yield [name, ...HEAD, 'users', other, 'countries', 'userAgents', 'apps', 'operations'];
  for (const { key, firstTime, lastTime, records, summary } of rows) {
    const operations = Object.entries(summary.operations).map(([op, n]) => `${op}:${n}`);
    const lists = [
      summary.users,
      summary[other],
      summary.countries,
      summary.userAgents,
      summary.apps,
      operations,
    ];
    yield [key, firstTime, lastTime, records, ...lists.map((l) => l.join(' | '))];
  }
  await Promise.resolve();
}
