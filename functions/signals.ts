import { readHealth, type SourceHealth } from '../shared/archive/health.ts';
import type { WindowRow, WindowTable } from '../shared/archive/windows.ts';
import type { SourceSpec } from '../shared/collect/spec.ts';
import { formatSeconds } from '../shared/instant.ts';
import type { Log } from '../shared/log.ts';
import { emit, metrics } from '../shared/telemetry.ts';

/** What the alert rules hear at the end of every run of timer `collect`: state, said again as long as it lasts. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** `coverage.expiring` warns from here on. */
const WARN_MS = 72 * HOUR;
/** A gap is told for so long: one lost line of telemetry then delays an alert, no more. */
const REPEAT_MS = 3 * HOUR;

export interface SignalDeps {
  readonly tenants: readonly string[];
  readonly specs: readonly SourceSpec[];
  readonly windows: WindowTable;
  readonly nowMs: number;
  readonly log: Log;
}

export async function reportState(d: SignalDeps): Promise<void> {
  for (const tenant of d.tenants) {
    const health = await readHealth(d.windows, { tenants: [tenant], specs: d.specs, nowMs: d.nowMs });
    emit(d.log, { signal: 'health', tenant, value: health.healthy ? 0 : 1 });
    for (const source of health.sources) reportSource(d, tenant, source);
    for (const spec of d.specs) await reportWindows(d, tenant, spec);
  }
}

function reportSource(d: SignalDeps, tenant: string, s: SourceHealth): void {
  const place = { tenant, source: s.source };
  if (s.lagSeconds !== null) {
    metrics.lag.record(s.lagSeconds, place);
    emit(d.log, { signal: 'collect.lag', ...place, value: s.lagSeconds });
  }
  metrics.waiting.record(s.waiting, place);
  if (s.unavailable) emit(d.log, { signal: 'source.unavailable', ...place, reason: s.unavailable });
}

/** Windows near the edge of what the vendor keeps: those still to be had in time, and those that were not. */
async function reportWindows(d: SignalDeps, tenant: string, spec: SourceSpec): Promise<void> {
  const edgeMs = d.nowMs - spec.retentionDays * DAY;
  let [gaps, collected] = [0, false];
  const expiring: WindowRow[] = [];
  for await (const w of d.windows.overlapping(tenant, spec.id, edgeMs - 2 * DAY, edgeMs + WARN_MS)) {
    collected ||= w.passes > 0 && w.state !== 'gap';
    if (w.state === 'gap' && d.nowMs - w.collectedMs < REPEAT_MS) {
      gaps++;
      emit(d.log, { signal: 'coverage.gap', tenant, source: spec.id, ...spanOf(w), reason: w.reason });
    } else if (isWaiting(w)) expiring.push(w);
  }
  metrics.gaps.record(gaps, { tenant, source: spec.id });
  // A fresh deployment starts at this edge, with everything still to do: that is no news.
  if (expiring.length > 0 && collected) emit(d.log, expiringSignal(d, tenant, spec, expiring));
}

const isWaiting = (w: WindowRow): boolean => !w.settled && (w.passes === 0 || w.state === 'partial');
const spanOf = (w: Pick<WindowRow, 'fromMs' | 'toMs'>): { from: string; to: string } => ({
  from: formatSeconds(w.fromMs),
  to: formatSeconds(w.toMs),
});

function expiringSignal(
  d: SignalDeps,
  tenant: string,
  spec: SourceSpec,
  windows: readonly WindowRow[],
): Parameters<typeof emit>[1] {
  const [first, last] = [windows[0]!, windows.at(-1)!];
  const hours = (first.fromMs + spec.retentionDays * DAY - d.nowMs) / HOUR;
  return {
    signal: 'coverage.expiring',
    tenant,
    source: spec.id,
    ...spanOf({ fromMs: first.fromMs, toMs: last.toMs }),
    value: Math.max(0, Math.round(hours * 10) / 10),
    reason: first.reason,
  };
}
