import { DAY, startOfDay } from './time.ts';

export interface StoryOptions {
  readonly seed?: number;
  /** The simulated present: no record's event is later. */
  readonly nowMs: number;
  /** Calendar days told, the present one included; 30 by default. */
  readonly days?: number;
  /** People in the company; 300 by default, at least 10. */
  readonly users?: number;
  /** About so many records in all; 60,000 by default. */
  readonly records?: number;
  readonly tenantId?: string;
  /** The intrusion's day, in whole UTC days before the present one; 3 by default. */
  readonly intrusionDay?: number;
}

export interface Settings {
  readonly seed: number;
  readonly nowMs: number;
  readonly firstDayMs: number;
  readonly days: number;
  readonly users: number;
  readonly records: number;
  readonly tenantId: string;
  readonly intrusionDayMs: number;
}

export const DEFAULT_TENANT_ID = '6d2f8a31-0c57-4e9b-9b1e-2f4a7c61d0e5';

export function settle(o: StoryOptions): Settings {
  const days = o.days ?? 30;
  const users = o.users ?? 300;
  const intrusionDay = o.intrusionDay ?? Math.min(3, days - 1);
  if (!Number.isFinite(o.nowMs)) throw new RangeError('nowMs: a finite number of milliseconds is needed');
  if (!Number.isInteger(days) || days < 2)
    throw new RangeError('days: a whole number of at least 2 is needed');
  if (!Number.isInteger(users) || users < 10) throw new RangeError('users: at least 10 are needed');
  if (!Number.isInteger(intrusionDay) || intrusionDay < 1 || intrusionDay >= days)
    throw new RangeError(`intrusionDay: a whole number from 1 to ${days - 1} is needed`);
  const today = startOfDay(o.nowMs);
  return Object.freeze({
    seed: o.seed ?? 20231212,
    nowMs: o.nowMs,
    firstDayMs: today - (days - 1) * DAY,
    days,
    users,
    records: o.records ?? 60_000,
    tenantId: o.tenantId ?? DEFAULT_TENANT_ID,
    intrusionDayMs: today - intrusionDay * DAY,
  });
}
