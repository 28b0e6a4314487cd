/** Reading rows of tables that were records once. A row is a CSV row's cells or a JSON row's members. */
export type Row = Readonly<Record<string, unknown>>;

/** Says what record a row stands for; undefined for rows of another table. Never throws. */
export type RowMap = (row: Row) => Record<string, unknown> | undefined;

const filled = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** The first of the columns that holds something. Log Analytics adds ` [UTC]` to times and `_s`, `_d` to some names. */
export function cell(row: Row, ...names: readonly string[]): unknown {
  for (const name of names) {
    for (const column of [name, `${name} [UTC]`, `${name}_dynamic`, `${name}_d`, `${name}_string`]) {
      const value = row[column];
      if (filled(value)) return value;
    }
  }
  return undefined;
}

export const textCell = (row: Row, ...names: readonly string[]): string | undefined => {
  const value = cell(row, ...names);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value : undefined;
};

/** A cell that holds JSON, parsed; the text itself where it is none. */
export function jsonCell(row: Row, ...names: readonly string[]): unknown {
  const value = cell(row, ...names);
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

export const numberCell = (row: Row, ...names: readonly string[]): number | undefined => {
  const text = textCell(row, ...names);
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
};

export const flagCell = (row: Row, ...names: readonly string[]): boolean | undefined => {
  const text = textCell(row, ...names)?.toLowerCase();
  return text === 'true' || text === 'yes' ? true : text === 'false' || text === 'no' ? false : undefined;
};

/** `4/28/2021, 3:05:26.000 PM` is how portals write `4/28/2021 3:05:26.000 PM`. */
export const timeCell = (row: Row, ...names: readonly string[]): string | undefined =>
  textCell(row, ...names)?.replace(/^(\d{1,2}\/\d{1,2}\/\d{4}), /, '$1 ');

/** Without members that hold nothing: a record does not claim what its row does not say. */
export const withoutEmpty = (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => filled(member)));
