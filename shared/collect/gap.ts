import { writeReceipt } from '../archive/receipt.ts';
import { nextReceipt, type WindowRow, type WindowTable } from '../archive/windows.ts';
import type { BlobStore } from '../store/stores.ts';

/** A window's part that the vendor has deleted before it was ever collected, and what is left of the window. */
export interface Lost {
  readonly gap: WindowRow;
  readonly rest: WindowRow | undefined;
}

/** Puts a gap on record: its receipt, then both rows in the window's place at once. Safe to repeat. */
export async function recordGap(
  d: { readonly blobs: BlobStore; readonly windows: WindowTable },
  window: WindowRow,
  { gap, rest }: Lost,
  nowMs: number,
): Promise<void> {
  const at = new Date(nowMs).toISOString();
  await writeReceipt(d.blobs, nextReceipt(gap), {
    outcome: 'gap',
    reason: gap.reason,
    startedAt: at,
    finishedAt: at,
    counts: { received: 0, added: 0, versions: 0, duplicates: 0, outside: 0, unparsed: 0 },
    segments: [],
    settled: true,
    requests: [],
  });
  await d.windows.split(window, rest ? [gap, rest] : [gap]);
}
