import { formatSeconds } from '../instant.ts';
import { stamp, windowPartition } from '../layout.ts';
import type { SourceId } from '../sources.ts';
import type { Row, StoredRow, TableStore } from '../store/stores.ts';
import type { ReceiptKey } from './receipt.ts';

/** `windows` table: one row a window, its state the fold of its receipts. */

export type WindowState = 'complete' | 'partial' | 'pending' | 'gap' | 'unavailable';

export interface WindowRow {
  readonly tenant: string;
  readonly source: SourceId;
  /** Half-open `[fromMs, toMs)`, milliseconds since the epoch, whole seconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: WindowState;
  /** Passes done; the next receipt is number `passes` + 1. */
  readonly passes: number;
  /** The schedule of later passes is through: nothing more is expected. */
  readonly settled: boolean;
  /** Failed attempts since the last pass. */
  readonly attempts: number;
  /** Records stored by all passes. */
  readonly records: number;
  readonly reason: string;
  /** When the window wants work next; 0 for never. */
  readonly dueMs: number;
  /** When its last queue message was sent; 0 for none outstanding. */
  readonly queuedMs: number;
  /** When the last pass began, or the gap was put on record; 0 for never. */
  readonly collectedMs: number;
  /** When the window was planned; unknown for rows rebuilt from receipts. */
  readonly plannedMs?: number;
  readonly etag?: string;
}

const iso = (ms: number): string => (ms === 0 ? '' : new Date(ms).toISOString());
const ms = (text: unknown): number => (typeof text === 'string' && text !== '' ? Date.parse(text) : 0);

export const windowRowKey = (fromMs: number): string => stamp(fromMs);

export function windowCells(w: WindowRow): Row {
  return {
    from: formatSeconds(w.fromMs),
    to: formatSeconds(w.toMs),
    state: w.state,
    passes: w.passes,
    settled: w.settled,
    attempts: w.attempts,
    records: w.records,
    reason: w.reason.slice(0, 4000),
    dueAt: iso(w.dueMs),
    queuedAt: iso(w.queuedMs),
    collectedAt: iso(w.collectedMs),
    ...(w.plannedMs !== undefined && { plannedAt: iso(w.plannedMs) }),
  };
}

export function windowOf(tenant: string, source: SourceId, row: StoredRow): WindowRow {
  const c = row.cells;
  return {
    tenant,
    source,
    fromMs: ms(c['from']),
    toMs: ms(c['to']),
    state: c['state'] as WindowState,
    passes: Number(c['passes']),
    settled: c['settled'] === true,
    attempts: Number(c['attempts']),
    records: Number(c['records']),
    reason: String(c['reason'] ?? ''),
    dueMs: ms(c['dueAt']),
    queuedMs: ms(c['queuedAt']),
    collectedMs: ms(c['collectedAt']),
    ...(c['plannedAt'] !== undefined && { plannedMs: ms(c['plannedAt']) }),
    etag: row.etag,
  };
}

/** A window as it is planned: nothing collected, due at once. */
export const newWindow = (
  tenant: string,
  source: SourceId,
  fromMs: number,
  toMs: number,
  dueMs: number,
): WindowRow => ({
  tenant,
  source,
  fromMs,
  toMs,
  state: 'pending',
  passes: 0,
  settled: false,
  attempts: 0,
  records: 0,
  reason: 'waiting for its first collection',
  dueMs,
  queuedMs: 0,
  collectedMs: 0,
  plannedMs: dueMs,
});

/** The receipt of a window's next pass. */
export const nextReceipt = (row: WindowRow): ReceiptKey => ({
  tenant: row.tenant,
  source: row.source,
  fromMs: row.fromMs,
  toMs: row.toMs,
  pass: row.passes + 1,
});

/** What holds for a whole source at present: e.g. a missing licence. */
export interface SourceNote {
  /** Empty when the source can be collected. */
  readonly unavailable: string;
  readonly sinceMs: number;
  /** When one window may be tried again. */
  readonly probeMs: number;
}

/** No window is longer (a week, and some slack). */
const LONGEST_MS = 8 * 86_400_000;

/** The first of a partition's rows that are no windows; the others sort behind it. */
const NOTE_ROW = '~note';
const ALARM_ROW = '~retention-alarm';
const POSTPONED_ROW = '~postponed';
const TABLE = 'windows';

export class WindowTable {
  readonly #tables: TableStore;

  constructor(tables: TableStore) {
    this.#tables = tables;
  }

  async get(tenant: string, source: SourceId, fromMs: number): Promise<WindowRow | undefined> {
    const row = await this.#tables.get(TABLE, windowPartition(tenant, source), windowRowKey(fromMs));
    return row && windowOf(tenant, source, row);
  }

  /** All windows that could overlap `[fromMs, toMs)`, in order. */
  async *overlapping(
    tenant: string,
    source: SourceId,
    fromMs: number,
    toMs: number,
  ): AsyncIterable<WindowRow> {
    const range = { from: windowRowKey(Math.max(0, fromMs - LONGEST_MS)), to: windowRowKey(toMs) };
    for await (const row of this.#tables.query(TABLE, windowPartition(tenant, source), range)) {
      const w = windowOf(tenant, source, row);
      if (w.toMs > fromMs && w.fromMs < toMs) yield w;
    }
  }

  async *unsettled(tenant: string, source: SourceId): AsyncIterable<WindowRow> {
    const range = { to: NOTE_ROW, where: { settled: false } };
    for await (const row of this.#tables.query(TABLE, windowPartition(tenant, source), range))
      yield windowOf(tenant, source, row);
  }

  /** Whether the source has ever answered for a window. */
  async everCollected(tenant: string, source: SourceId): Promise<boolean> {
    for await (const w of this.unsettled(tenant, source)) if (w.passes > 0) return true;
    const complete = { to: NOTE_ROW, where: { state: 'complete' } };
    for await (const _ of this.#tables.query(TABLE, windowPartition(tenant, source), complete)) return true;
    return false;
  }

  /** When an alarm about the source was last sent; 0 when none stands. */
  async alarmSentMs(tenant: string, source: SourceId): Promise<number> {
    const row = await this.#tables.get(TABLE, windowPartition(tenant, source), ALARM_ROW);
    return ms(row?.cells['sentAt']);
  }

  async setAlarmSent(tenant: string, source: SourceId, sentMs: number): Promise<void> {
    const cells = { sentAt: iso(sentMs), settled: true };
    await this.#tables.upsert(TABLE, windowPartition(tenant, source), [{ row: ALARM_ROW, cells }]);
  }

  /** Why later passes of the source that are due wait; empty when they do not. */
  async postponed(tenant: string, source: SourceId): Promise<string> {
    const row = await this.#tables.get(TABLE, windowPartition(tenant, source), POSTPONED_ROW);
    return String(row?.cells['postponed'] ?? '');
  }

  async setPostponed(tenant: string, source: SourceId, postponed: string): Promise<void> {
    if ((await this.postponed(tenant, source)) === postponed) return;
    const cells = { postponed, settled: true };
    await this.#tables.upsert(TABLE, windowPartition(tenant, source), [{ row: POSTPONED_ROW, cells }]);
  }

  /** Start of the first window ever planned. */
  async first(tenant: string, source: SourceId): Promise<number | undefined> {
    for await (const row of this.#tables.query(TABLE, windowPartition(tenant, source), { to: NOTE_ROW })) {
      return windowOf(tenant, source, row).fromMs;
    }
    return undefined;
  }

  /** End of the last planned window, if there is one. */
  async frontier(tenant: string, source: SourceId, nowMs: number): Promise<{ toMs?: number }> {
    const last = await this.#lastSince(tenant, source, nowMs - 2 * 86_400_000);
    return last ?? (await this.#lastSince(tenant, source, 0)) ?? {};
  }

  async #lastSince(tenant: string, source: SourceId, sinceMs: number): Promise<{ toMs: number } | undefined> {
    let toMs: number | undefined;
    const range = { from: windowRowKey(sinceMs), to: NOTE_ROW };
    for await (const row of this.#tables.query(TABLE, windowPartition(tenant, source), range)) {
      toMs = Math.max(toMs ?? 0, windowOf(tenant, source, row).toMs);
    }
    return toMs === undefined ? undefined : { toMs };
  }

  /**
   * Creates planned windows. Two planners at once plan the same intervals of the same grid; a row that is there
   * already stays as it is, since it may have been collected meanwhile. One after the other, in order of time: the
   * next plan goes on behind the last row, so a planner that dies must leave no hole before it.
   */
  async createAll(rows: readonly WindowRow[]): Promise<void> {
    const ascending = [...rows].sort((a, b) => a.fromMs - b.fromMs);
    for (const w of ascending)
      await this.#tables.insert(TABLE, windowPartition(w.tenant, w.source), write(w));
  }

  /** Replaces the row if nobody changed it since it was read. */
  async replace(w: WindowRow): Promise<'replaced' | 'changed'> {
    return this.#tables.replace(TABLE, windowPartition(w.tenant, w.source), write(w), w.etag!);
  }

  async put(w: WindowRow): Promise<void> {
    await this.#tables.upsert(TABLE, windowPartition(w.tenant, w.source), [write(w)]);
  }

  /** Puts windows that together cover exactly what `parent` covered in its place, atomically. */
  async split(parent: WindowRow, children: readonly WindowRow[]): Promise<void> {
    const partition = windowPartition(parent.tenant, parent.source);
    await this.#tables.replaceAll(TABLE, partition, children.map(write), [windowRowKey(parent.fromMs)]);
  }

  async note(tenant: string, source: SourceId): Promise<SourceNote | undefined> {
    const row = await this.#tables.get(TABLE, windowPartition(tenant, source), NOTE_ROW);
    if (!row) return undefined;
    return {
      unavailable: String(row.cells['unavailable'] ?? ''),
      sinceMs: ms(row.cells['since']),
      probeMs: ms(row.cells['probe']),
    };
  }

  async setNote(tenant: string, source: SourceId, note: SourceNote): Promise<void> {
    const cells = {
      unavailable: note.unavailable.slice(0, 4000),
      since: iso(note.sinceMs),
      probe: iso(note.probeMs),
      settled: true,
    };
    await this.#tables.upsert(TABLE, windowPartition(tenant, source), [{ row: NOTE_ROW, cells }]);
  }
}

const write = (w: WindowRow): { row: string; cells: Row } => ({
  row: windowRowKey(w.fromMs),
  cells: windowCells(w),
});
