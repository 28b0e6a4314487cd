import { msFromTicks, parseInstant } from '../../../shared/instant.ts';
import { ApiError } from './answers.ts';
import type { Call, Simulation } from './simulation.ts';

const DAY = 24 * 3600 * 1000;
const DOCUMENTED = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?$/;
const LENIENT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?$/;

export interface ListRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Start and end as they are repeated in the link to the next page. */
  readonly query: string;
}

const RULE =
  'Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, with the start time no more than 7 days in the past.';

/** The listing's range on contentCreated: start inside, end outside. */
export function rangeOf(sim: Simulation, call: Call): ListRange {
  const [start, end] = [call.query.get('startTime'), call.query.get('endTime')];
  if (start === null && end === null) return lastDay(sim.nowMs());
  if (start === null || end === null) throw new ApiError(400, 'AF20030', RULE);
  const fromMs = timeOf('startTime', start, sim);
  const toMs = timeOf('endTime', end, sim);
  if (toMs <= fromMs) throw new ApiError(400, 'AF20030', RULE);
  if (sim.nowMs() - fromMs > sim.switches.retention.feedMs) throw new ApiError(400, 'AF20055', RULE);
  const length = toMs - fromMs;
  const { overlongRange, exactDayRefused } = sim.switches.feed;
  const tooLong = length > DAY || (length === DAY && exactDayRefused);
  if (tooLong && overlongRange === 'refused') throw new ApiError(400, 'AF20055', RULE);
  // A longer range may answer 200 and leave out the rest without a word.
  return { fromMs, toMs: Math.min(toMs, fromMs + DAY), query: `startTime=${start}&endTime=${end}` };
}

function lastDay(nowMs: number): ListRange {
  const [from, to] = [nowMs - DAY, nowMs].map((ms) => new Date(ms).toISOString().slice(0, 19));
  return { fromMs: nowMs - DAY, toMs: nowMs, query: `startTime=${from}&endTime=${to}` };
}

function timeOf(name: string, text: string, sim: Simulation): number {
  const accepted = sim.switches.feed.strictTimes ? DOCUMENTED : LENIENT;
  const ticks = accepted.test(text)
    ? parseInstant(text.includes('T') ? text : `${text}T00:00:00`)
    : undefined;
  if (ticks === undefined)
    throw new ApiError(400, 'AF20002', `Invalid parameter type: ${name}. Expected type: datetime`);
  return msFromTicks(ticks);
}
