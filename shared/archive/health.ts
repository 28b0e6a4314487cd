import { formatSeconds } from '../instant.ts';
import type { SourceId } from '../sources.ts';
import type { WindowRow, WindowTable } from './windows.ts';

export interface SourceHealth {
  readonly source: SourceId;
  /**
   * Age of the newest instant that was collected at least once, seconds; null when nothing was collected yet, and for
   * the audit search, which follows days behind on purpose.
   */
  readonly lagSeconds: number | null;
  /** Windows never collected or failed, whose records the vendor still keeps. */
  readonly waiting: number;
  /** When the vendor deletes the first of what is waiting. */
  readonly firstDeletion?: string;
  readonly unavailable?: string;
}

/** Records that the vendor will soon delete are not collected: the retention clock. */
export interface RetentionAlarm {
  readonly tenant: string;
  readonly source: SourceId;
  /** Windows nearer to deletion than two days. */
  readonly windows: number;
  readonly from: string;
  readonly to: string;
  /** When the vendor deletes the first of them. */
  readonly deletion: string;
  readonly reason: string;
}

export interface Health {
  readonly healthy: boolean;
  readonly problems: readonly string[];
  readonly alarms: readonly RetentionAlarm[];
  readonly sources: readonly SourceHealth[];
}

export interface HealthQuestion {
  readonly tenants: readonly string[];
  readonly specs: readonly { readonly id: SourceId; readonly retentionDays: number }[];
  readonly nowMs: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Records nearer to deletion than this while still uncollected make the service unhealthy. */
const ALARM_MS = 48 * HOUR;
/** A fresh deployment starts at the very edge of what the vendor keeps: so long it may take for its first windows. */
const FRESH_MS = 6 * HOUR;

export async function readHealth(windows: WindowTable, q: HealthQuestion): Promise<Health> {
  const sources: SourceHealth[] = [];
  const alarms: RetentionAlarm[] = [];
  for (const tenant of q.tenants) {
    for (const spec of q.specs) {
      const { health, expiring } = await sourceHealth(windows, tenant, spec, q.nowMs);
      sources.push(health);
      if (expiring.length === 0 || (health.unavailable && !(await windows.everCollected(tenant, spec.id))))
        continue;
      alarms.push(alarmOf(tenant, spec, expiring));
    }
  }
  return { healthy: alarms.length === 0, problems: alarms.map(describeAlarm), alarms, sources };
}

export const describeAlarm = (a: RetentionAlarm): string =>
  `${a.source}: ${a.windows} windows from ${a.from} to ${a.to} are not collected; the vendor deletes the first on ${a.deletion}. ${a.reason}`;

async function sourceHealth(
  windows: WindowTable,
  tenant: string,
  spec: HealthQuestion['specs'][number],
  nowMs: number,
): Promise<{ health: SourceHealth; expiring: WindowRow[] }> {
  let [waiting, oldestMs, newestMs] = [0, Infinity, 0];
  const expiring: WindowRow[] = [];
  for await (const w of windows.unsettled(tenant, spec.id)) {
    if (w.passes > 0 && w.state !== 'partial') newestMs = Math.max(newestMs, w.toMs);
    else {
      waiting++;
      oldestMs = Math.min(oldestMs, w.fromMs);
      if (isExpiring(w, spec.retentionDays, nowMs)) expiring.push(w);
    }
  }
  const note = await windows.note(tenant, spec.id);
  const health = {
    source: spec.id,
    lagSeconds: newestMs === 0 ? null : Math.max(0, Math.round((nowMs - newestMs) / 1000)),
    waiting,
    ...(waiting > 0 && { firstDeletion: new Date(oldestMs + spec.retentionDays * DAY).toISOString() }),
    ...(note?.unavailable && { unavailable: note.unavailable }),
  };
  return { health, expiring };
}

function isExpiring(w: WindowRow, retentionDays: number, nowMs: number): boolean {
  const fresh = w.plannedMs !== undefined && nowMs - w.plannedMs < FRESH_MS;
  return !fresh && w.fromMs + retentionDays * DAY - nowMs < ALARM_MS;
}

function alarmOf(
  tenant: string,
  spec: HealthQuestion['specs'][number],
  expiring: readonly WindowRow[],
): RetentionAlarm {
  const first = expiring[0]!;
  return {
    tenant,
    source: spec.id,
    windows: expiring.length,
    from: formatSeconds(first.fromMs),
    to: formatSeconds(expiring.at(-1)!.toMs),
    deletion: formatSeconds(first.fromMs + spec.retentionDays * DAY),
    reason: first.reason,
  };
}
