/** Cells of a row by the header's names. Empty cells are left out: an export writes them for "nothing". */
export type Cells = ReadonlyMap<string, string>;

/** One element of a text: a JSON text as it stands there, or the cells of a CSV row. */
export interface Element {
  /** Where it ends, from 1. */
  readonly line: number;
  readonly text?: Buffer;
  readonly cells?: Cells;
}

/** One record is in memory whole, so it has to end. The longest seen of a vendor are below 2 MB. */
export const MAX_RECORD_BYTES = 8 * 1024 * 1024;
/** Lines over which one record may be spread: each costs memory of its own while its end is looked for. */
export const MAX_RECORD_LINES = 100_000;
