import { COLLECTED_SOURCES, FEED_SOURCES, type SourceId } from '../sources.ts';
import { coverageOf, withDeletion, type SourceCoverage } from './coverage.ts';
import { fillFromSearch, withSearchReason } from './coverage-fill.ts';
import type { WindowRow, WindowTable } from './windows.ts';

interface Ask {
  readonly tenant: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
  /** How long after an event the feed may bring its record, milliseconds: the last of the settling passes. */
  readonly lateMs: number;
}

/** Coverage of a span for each source, from the `windows` table; the audit search fills what the feed cannot prove. */
export async function readCoverage(
  windows: WindowTable,
  ask: Ask & {
    readonly sources: readonly SourceId[];
    /** What the vendor keeps of a source, days. */
    readonly retentionDays?: (source: SourceId) => number | undefined;
  },
): Promise<SourceCoverage[]> {
  const wanted = ask.sources.filter((id) => COLLECTED_SOURCES.includes(id));
  const found = await Promise.all(wanted.map((source) => one(windows, source, ask)));
  const search = found.find(({ source }) => source === 'ual-search');
  const filled = search ? found.map((c) => fillFromSearch(withSearchReason(c), search)) : found;
  return filled.map((c) => withDeletion(c, ask.retentionDays?.(c.source)));
}

async function one(windows: WindowTable, source: SourceId, ask: Ask): Promise<SourceCoverage> {
  const lateMs = FEED_SOURCES.includes(source) ? ask.lateMs : undefined;
  const untilMs = ask.toMs + (lateMs ?? 0);
  const rows: WindowRow[] = [];
  for await (const row of windows.overlapping(ask.tenant, source, ask.fromMs, untilMs)) rows.push(row);
  const firstMs = await windows.first(ask.tenant, source);
  const note = await windows.note(ask.tenant, source);
  const postponed = await windows.postponed(ask.tenant, source);
  return coverageOf(source, { fromMs: ask.fromMs, toMs: ask.toMs }, rows, {
    nowMs: ask.nowMs,
    ...(lateMs !== undefined && { lateMs }),
    ...(firstMs !== undefined && { firstMs }),
    ...(note?.unavailable && { unavailable: note.unavailable }),
    ...(postponed && { postponed }),
  });
}
