import type { Alert } from '../alerts.ts';
import type { Clock } from '../clock.ts';
import { describeAlarm, readHealth, type HealthQuestion, type RetentionAlarm } from './health.ts';
import type { WindowTable } from './windows.ts';

export interface RetentionAlarmDeps extends Omit<HealthQuestion, 'nowMs'> {
  readonly windows: WindowTable;
  readonly clock: Clock;
  /** True when the receiver took it. */
  readonly send: (alert: Alert) => Promise<boolean>;
}

/** An alarm that stands is told again after this time, not with every run of the timer. */
const REPEAT_MS = 24 * 3_600_000;

/**
 * Tells of records that the vendor will soon delete uncollected: once when the alarm rises, then daily. Sent first and
 * noted after: a crash in between tells it twice, never not at all.
 */
export async function tellRetention(d: RetentionAlarmDeps): Promise<void> {
  const nowMs = d.clock.now();
  const { alarms } = await readHealth(d.windows, { tenants: d.tenants, specs: d.specs, nowMs });
  for (const tenant of d.tenants) {
    for (const { id } of d.specs) {
      const alarm = alarms.find((a) => a.tenant === tenant && a.source === id);
      const sentMs = await d.windows.alarmSentMs(tenant, id);
      if (!alarm && sentMs > 0) await d.windows.setAlarmSent(tenant, id, 0);
      if (!alarm || (sentMs > 0 && nowMs - sentMs < REPEAT_MS)) continue;
      if (await d.send(alertOf(alarm))) await d.windows.setAlarmSent(tenant, id, nowMs);
    }
  }
}

const alertOf = (a: RetentionAlarm): Alert => ({
  kind: 'retention',
  title: `holdfast: records of ${a.source} will be lost on ${a.deletion}`,
  lines: [`Tenant ${a.tenant}.`, describeAlarm(a)],
  facts: { ...a },
});
