import type { SourceId } from '../sources.ts';
import type { WindowTable } from './windows.ts';

export interface SourceHealth {
  readonly source: SourceId;
  /** Age of the newest instant that was collected at least once, seconds; null when nothing was collected yet. */
  readonly lagSeconds: number | null;
  /** Windows never collected or failed, whose records the vendor still keeps. */
  readonly waiting: number;
  /** When the vendor deletes the first of what is waiting. */
  readonly firstDeletion?: string;
  readonly unavailable?: string;
}

export interface Health {
  readonly healthy: boolean;
  readonly problems: readonly string[];
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

export async function readHealth(windows: WindowTable, q: HealthQuestion): Promise<Health> {
  const sources: SourceHealth[] = [];
  const problems: string[] = [];
  for (const tenant of q.tenants) {
    for (const spec of q.specs) {
      const health = await sourceHealth(windows, tenant, spec, q.nowMs);
      sources.push(health);
      if (
        health.firstDeletion &&
        Date.parse(health.firstDeletion) - q.nowMs < ALARM_MS &&
        !(await isFirstRun(windows, tenant, spec.id))
      ) {
        problems.push(
          `${spec.id}: ${health.waiting} windows are not collected; the vendor deletes the first on ${health.firstDeletion}`,
        );
      }
    }
  }
  return { healthy: problems.length === 0, problems, sources };
}

async function sourceHealth(
  windows: WindowTable,
  tenant: string,
  spec: HealthQuestion['specs'][number],
  nowMs: number,
): Promise<SourceHealth> {
  let [waiting, oldestMs, newestMs] = [0, Infinity, 0];
  for await (const w of windows.unsettled(tenant, spec.id)) {
    if (w.passes > 0 && w.state !== 'partial') newestMs = Math.max(newestMs, w.toMs);
    else {
      waiting++;
      oldestMs = Math.min(oldestMs, w.fromMs);
    }
  }
  const note = await windows.note(tenant, spec.id);
  return {
    source: spec.id,
    lagSeconds: newestMs === 0 ? null : Math.max(0, Math.round((nowMs - newestMs) / 1000)),
    waiting,
    ...(waiting > 0 && { firstDeletion: new Date(oldestMs + spec.retentionDays * DAY).toISOString() }),
    ...(note?.unavailable && { unavailable: note.unavailable }),
  };
}

/** A fresh deployment starts at the very edge of retention: that is no alarm as long as nothing has been collected yet. */
async function isFirstRun(windows: WindowTable, tenant: string, source: SourceId): Promise<boolean> {
  for await (const w of windows.unsettled(tenant, source)) if (w.passes > 0) return false;
  return true;
}
