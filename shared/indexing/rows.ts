/**
 * Which lines of a chunk an entity's records are: runs of line numbers, from 0, as text in rows of the index and in
 * plans. `3+40.57` is lines 3 to 42 and 57. Undefined stands for "any": whoever reads must look at every line.
 */
export type RowRuns = string;

/** More runs than this are not noted: an address that a whole office shares is in most lines anyway. */
const MAX_RUNS = 48;

type Run = [start: number, count: number];

/** Collects line numbers in ascending order. */
export class RowNotes {
  #runs: Run[] = [];
  #many = false;

  add(row: number): void {
    const last = this.#runs.at(-1);
    if (last && row < last[0] + last[1]) return;
    if (last && row === last[0] + last[1]) last[1]++;
    else if (this.#runs.length < MAX_RUNS) this.#runs.push([row, 1]);
    else this.#many = true;
  }

  /** What was noted; it begins anew after that. */
  take(): RowRuns | undefined {
    const rows = this.#many ? undefined : encode(this.#runs);
    this.#runs = [];
    this.#many = false;
    return rows;
  }
}

const encode = (runs: readonly Run[]): RowRuns =>
  runs.map(([start, count]) => (count === 1 ? `${start}` : `${start}+${count}`)).join('.');

const decode = (rows: RowRuns): Run[] =>
  rows.split('.').map((run) => {
    const [start, count = 1] = run.split('+').map(Number) as [number, number?];
    return [start, count];
  });

/** How many lines are named; undefined when it may be any. */
export const countRows = (rows: RowRuns | undefined): number | undefined =>
  rows === undefined ? undefined : decode(rows).reduce((sum, [, count]) => sum + count, 0);

/** Lines that either names; any line, when one of them cannot tell. */
export function unionRows(a: RowRuns | undefined, b: RowRuns | undefined): RowRuns | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a === b) return a;
  const union: Run[] = [];
  for (const [start, count] of [...decode(a), ...decode(b)].sort(([x], [y]) => x - y)) {
    const last = union.at(-1);
    if (last && start <= last[0] + last[1]) last[1] = Math.max(last[1], start + count - last[0]);
    else union.push([start, count]);
  }
  return encode(union);
}

/** Whether a line is named; asked in ascending order of lines. */
export function rowTest(rows: RowRuns | undefined): (row: number) => boolean {
  if (rows === undefined) return () => true;
  const runs = decode(rows);
  let at = 0;
  return (row) => {
    while (at < runs.length && runs[at]![0] + runs[at]![1] <= row) at++;
    return at < runs.length && runs[at]![0] <= row;
  };
}
