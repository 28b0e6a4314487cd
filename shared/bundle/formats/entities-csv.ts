import { ROWS_AT_A_TIME, type BundleFile, type CoreFormat, type EntitySummary } from './format.ts';
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
): AsyncIterable<readonly (readonly (string | number)[])[]> {
  yield [[name, ...HEAD, 'users', other, 'countries', 'userAgents', 'apps', 'operations']];
  for (let i = 0; i < rows.length; i += ROWS_AT_A_TIME)
    yield await Promise.resolve(rows.slice(i, i + ROWS_AT_A_TIME).map(cellsOf));

  function cellsOf({ key, firstTime, lastTime, records, summary }: EntitySummary): (string | number)[] {
    const operations = Object.entries(summary.operations).map(([op, n]) => `${op}:${n}`);
    const lists = [
      summary.users,
      summary[other],
      summary.countries,
      summary.userAgents,
      summary.apps,
      operations,
    ];
    return [key, firstTime, lastTime, records, ...lists.map((l) => l.join(' | '))];
  }
}
