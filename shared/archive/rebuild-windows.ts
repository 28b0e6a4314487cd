import { receiptPrefix } from '../layout.ts';
import type { SourceId } from '../sources.ts';
import type { BlobStore } from '../store/stores.ts';
import { parseReceipt, type Receipt } from './receipt.ts';
import { newWindow, type WindowRow } from './windows.ts';

/** The `windows` rows of a source, from its receipts alone (DESIGN §5.7). */

/** What a receipt makes of the row as it stood before: the collector's own rule. */
export type FoldReceipt = (row: WindowRow, receipt: Receipt) => WindowRow;

/** Reads a source's receipts in order of their windows, then passes. */
export async function* receiptsOf(
  blobs: BlobStore,
  tenant: string,
  source: SourceId,
): AsyncIterable<Receipt> {
  for await (const { name } of blobs.list(receiptPrefix(tenant, source))) {
    const body = await blobs.get(name);
    if (body) yield parseReceipt(name, body);
  }
}

/** What the fold needs of a receipt: the requests, its bulk, are left behind. */
type Pass = Omit<Receipt, 'requests'>;

export async function rebuildWindows(
  blobs: BlobStore,
  at: { readonly tenant: string; readonly source: SourceId; readonly nowMs: number },
  fold: FoldReceipt,
): Promise<WindowRow[]> {
  const passes: Pass[] = [];
  for await (const { requests: _, ...pass } of receiptsOf(blobs, at.tenant, at.source)) passes.push(pass);
  return foldReceipts(passes, at, fold);
}

/**
 * Applies passes in their order, splitting rows as the collector had split them; then fills the holes between rows
 * with windows that wait for their first pass, since planning goes on behind the last row only. Pure.
 */
export function foldReceipts(
  passes: readonly Pass[],
  at: { readonly tenant: string; readonly source: SourceId; readonly nowMs: number },
  fold: FoldReceipt,
): WindowRow[] {
  const rows = new Rows(at);
  const ordered = [...passes].sort((a, b) => a.pass - b.pass || spanOf(a).fromMs - spanOf(b).fromMs);
  for (const pass of ordered) {
    const { fromMs, toMs } = spanOf(pass);
    rows.put(fold(rows.take(fromMs, toMs), { ...pass, requests: [] }));
  }
  return withHolesFilled(rows.inOrder(), at);
}

const spanOf = ({ window }: Pass): { fromMs: number; toMs: number } => ({
  fromMs: Date.parse(window.from),
  toMs: Date.parse(window.to),
});

class Rows {
  #rows: WindowRow[] = [];
  readonly #at: { readonly tenant: string; readonly source: SourceId; readonly nowMs: number };

  constructor(at: { readonly tenant: string; readonly source: SourceId; readonly nowMs: number }) {
    this.#at = at;
  }

  /** Takes the row of exactly this interval out; what the rows it lay in covered beside it stays, with their passes. */
  take(fromMs: number, toMs: number): WindowRow {
    const touched = this.#rows.filter((row) => row.fromMs < toMs && row.toMs > fromMs);
    this.#rows = this.#rows.filter((row) => !touched.includes(row));
    for (const row of touched) {
      if (row.fromMs < fromMs) this.#rows.push({ ...row, toMs: fromMs });
      if (row.toMs > toMs) this.#rows.push({ ...row, fromMs: toMs, records: 0 });
    }
    const base = touched.find((row) => row.fromMs <= fromMs);
    const { tenant, source, nowMs } = this.#at;
    if (!base) {
      // When it was planned is nowhere in the archive; today it was not.
      const { plannedMs: _, ...row } = newWindow(tenant, source, fromMs, toMs, nowMs);
      return row;
    }
    // A split gives the records counted so far to its first part.
    return { ...base, fromMs, toMs, records: base.fromMs === fromMs ? base.records : 0 };
  }

  put(row: WindowRow): void {
    this.#rows.push(row);
  }

  inOrder(): WindowRow[] {
    return [...this.#rows].sort((a, b) => a.fromMs - b.fromMs);
  }
}

const DAY = 86_400_000;

function withHolesFilled(
  rows: readonly WindowRow[],
  at: { readonly tenant: string; readonly source: SourceId; readonly nowMs: number },
): WindowRow[] {
  const filled: WindowRow[] = [];
  for (const row of rows) {
    const before = filled.at(-1);
    for (let fromMs = before?.toMs ?? row.fromMs; fromMs < row.fromMs; fromMs += DAY)
      filled.push(newWindow(at.tenant, at.source, fromMs, Math.min(fromMs + DAY, row.fromMs), at.nowMs));
    filled.push(row);
  }
  return filled;
}
