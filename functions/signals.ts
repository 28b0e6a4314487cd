import { readHealth, type RetentionAlarm, type SourceHealth } from '../shared/archive/health.ts';
import type { WindowTable } from '../shared/archive/windows.ts';
import type { WatchedSource } from '../shared/collect/sources/watched.ts';
import { formatSeconds } from '../shared/instant.ts';
import type { Log } from '../shared/log.ts';
import { emit, metrics } from '../shared/telemetry.ts';

/** What the alert rules hear at the end of every run of timer `collect`: state, said again as long as it lasts. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A gap is told for so long: one lost line of telemetry then delays an alert, no more. */
const REPEAT_MS = 3 * HOUR;

export interface SignalDeps {
  readonly tenants: readonly string[];
  readonly specs: readonly WatchedSource[];
  readonly windows: WindowTable;
  readonly nowMs: number;
  readonly log: Log;
}

export async function reportState(d: SignalDeps): Promise<void> {
  for (const tenant of d.tenants) {
    const health = await readHealth(d.windows, { tenants: [tenant], specs: d.specs, nowMs: d.nowMs });
    emit(d.log, { signal: 'health', tenant, value: health.healthy ? 0 : 1 });
    for (const source of health.sources) reportSource(d, tenant, source);
    for (const alarm of health.alarms) reportAlarm(d, alarm);
    for (const spec of d.specs) await reportGaps(d, tenant, spec);
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

/** Windows that the vendor deleted before they were collected: they lie around the edge of what it keeps. */
async function reportGaps(d: SignalDeps, tenant: string, spec: WatchedSource): Promise<void> {
  const edgeMs = d.nowMs - spec.retentionDays * DAY;
  let gaps = 0;
  for await (const w of d.windows.overlapping(tenant, spec.id, edgeMs - 2 * DAY, edgeMs + DAY)) {
    if (w.state !== 'gap' || d.nowMs - w.collectedMs >= REPEAT_MS) continue;
    gaps++;
    const span = { from: formatSeconds(w.fromMs), to: formatSeconds(w.toMs) };
    emit(d.log, { signal: 'coverage.gap', tenant, source: spec.id, ...span, reason: w.reason });
  }
  metrics.gaps.record(gaps, { tenant, source: spec.id });
}

function reportAlarm(d: SignalDeps, { tenant, source, from, to, deletion, reason }: RetentionAlarm): void {
  const hours = Math.max(0, Math.round((Date.parse(deletion) - d.nowMs) / (HOUR / 10)) / 10);
  emit(d.log, { signal: 'coverage.expiring', tenant, source, from, to, value: hours, reason });
}
