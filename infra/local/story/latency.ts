import type { PublishedSource } from '../tenant/records.ts';
import type { Random } from './random.ts';
import { HOUR, MINUTE } from './time.ts';

/**
 * When the APIs show a record, after its event: Graph logs within minutes, the Management API after 60 to 90
 * minutes ("completeness over latency") with a tail to a day, and now and then one that is hours late.
 */
export function latencyMs(source: PublishedSource, random: Random): number {
  const late = random.unit();
  if (late < 1 / 8000) return 30 * HOUR + random.whole(0, 20) * MINUTE;
  if (late < 1 / 3000) return 3 * HOUR + random.whole(0, 20) * MINUTE;
  return source.startsWith('ual-') ? auditLatencyMs(random) : graphLatencyMs(source, random);
}

function graphLatencyMs(source: PublishedSource, random: Random): number {
  if (source === 'provisioning') return random.whole(5 * MINUTE, 25 * MINUTE);
  return random.whole(2 * MINUTE, 15 * MINUTE);
}

function auditLatencyMs(random: Random): number {
  if (random.chance(0.96)) return random.whole(60 * MINUTE, 90 * MINUTE);
  return Math.min(24 * HOUR, 90 * MINUTE + Math.floor(-Math.log(1 - random.unit()) * 4 * HOUR));
}
