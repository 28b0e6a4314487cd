/**
 * Instants with the vendor's full precision. Microsoft writes up to seven fractional digits (100 ns ticks),
 * sometimes none, sometimes no zone (the Management API: UTC), so neither `Date` nor string comparison will do.
 */

/** 100-ns ticks since the Unix epoch, UTC. */
export type Ticks = bigint;

const TICKS_PER_MS = 10_000n;

// ISO 8601 date-time: fraction of any length, zone Z / +hh:mm / +hhmm, or none (vendor times are UTC).
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;
// "M/D/YYYY h:mm:ss AM": portal exports and some diagnostic-settings records.
const US =
  /^(\d{1,2})\/(\d{1,2})\/(\d{4})[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?\s*(AM|PM)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** The instant a vendor's text names, or undefined when it names none. */
export function parseInstant(text: unknown): Ticks | undefined {
  if (typeof text !== 'string') return undefined;
  const trimmed = text.trim();
  const iso = ISO.exec(trimmed);
  if (iso) return assemble(iso[1]!, iso[2]!, iso[3]!, Number(iso[4]), iso[5]!, iso[6], iso[7], iso[8]);
  const us = US.exec(trimmed);
  if (!us) return undefined;
  const hour = twentyFourHour(Number(us[4]), us[8]);
  return hour === undefined ? undefined : assemble(us[3]!, us[1]!, us[2]!, hour, us[5]!, us[6], us[7], us[9]);
}

function twentyFourHour(hour: number, half: string | undefined): number | undefined {
  if (!half) return hour;
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
}

function assemble(
  year: string,
  month: string,
  day: string,
  hour: number,
  minute: string,
  second = '0',
  fraction = '',
  zone = 'Z',
): Ticks | undefined {
  const [y, mo, d, mi, s] = [Number(year), Number(month), Number(day), Number(minute), Number(second)];
  if (hour > 23 || mi > 59 || s > 60) return undefined;
  const ms = Date.UTC(y, mo - 1, d, hour, mi, s);
  const date = new Date(ms - (s === 60 ? 1000 : 0));
  if (date.getUTCMonth() !== mo - 1 || date.getUTCDate() !== d) return undefined;
  // Year 1 is .NET's "no date", and JavaScript would take it for 1901.
  if (date.getUTCFullYear() !== y) return undefined;
  return BigInt(ms - zoneOffsetMs(zone)) * TICKS_PER_MS + BigInt(fraction.padEnd(7, '0').slice(0, 7) || '0');
}

function zoneOffsetMs(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const sign = zone[0] === '-' ? -1 : 1;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4))) * 60_000;
}

/** Ticks from milliseconds since the epoch. */
export const ticksFromMs = (ms: number): Ticks => BigInt(Math.floor(ms)) * TICKS_PER_MS;

/** Milliseconds since the epoch, rounded down. */
export function msFromTicks(ticks: Ticks): number {
  const ms = ticks / TICKS_PER_MS;
  return Number(ticks < 0n && ms * TICKS_PER_MS !== ticks ? ms - 1n : ms);
}

/** `2026-11-24T01:02:03.0000001Z`: always seven digits, so that strings sort as instants do. */
export function formatTicks(ticks: Ticks): string {
  const ms = msFromTicks(ticks);
  const rest = ticks - BigInt(ms) * TICKS_PER_MS;
  return `${new Date(ms).toISOString().slice(0, 23)}${rest.toString().padStart(4, '0')}Z`;
}

/** `2026-11-24T01:02:03Z`, whole seconds: what the vendors' filters take. */
export const formatSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** `YYYY-MM-DD`, UTC. */
export const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
