import { COLLECTED_SOURCES, type SourceId } from '../sources.ts';
import { coverageOf, type SourceCoverage } from './coverage.ts';
import type { WindowRow, WindowTable } from './windows.ts';

/** Coverage of a span for each source, from the `windows` table. */
export async function readCoverage(
  windows: WindowTable,
  ask: {
    readonly tenant: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly sources: readonly SourceId[];
    readonly nowMs: number;
  },
): Promise<SourceCoverage[]> {
  const wanted = ask.sources.filter((id) => COLLECTED_SOURCES.includes(id));
  return Promise.all(wanted.map((source) => one(windows, source, ask)));
}

async function one(
  windows: WindowTable,
  source: SourceId,
  ask: { tenant: string; fromMs: number; toMs: number; nowMs: number },
): Promise<SourceCoverage> {
  const rows: WindowRow[] = [];
  for await (const row of windows.overlapping(ask.tenant, source, ask.fromMs, ask.toMs)) rows.push(row);
  const firstMs = await windows.first(ask.tenant, source);
  const note = await windows.note(ask.tenant, source);
  return coverageOf(source, { fromMs: ask.fromMs, toMs: ask.toMs }, rows, {
    nowMs: ask.nowMs,
    ...(firstMs !== undefined && { firstMs }),
    ...(note?.unavailable && { unavailable: note.unavailable }),
  });
}
