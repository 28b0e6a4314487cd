import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bySubmission,
  decideStep,
  planDays,
  RETENTION_DAYS,
  SETTLED_MS,
  STUCK_MS,
  UNKNOWN_MS,
} from '../../../shared/collect/ual-search/decide.ts';
import { beyondExpected } from '../../../shared/collect/ual-search/comparison.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-24T12:00:00Z');
const job = { fromMs: NOW - 9 * DAY, toMs: NOW - 8 * DAY, submittedMs: NOW, attempts: 0 };

describe('planDays', () => {
  it('covers every second from the first run on, once, whenever it runs', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 40 * 24 }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), gaps, (backfillDays, hours) => {
        let nowMs = NOW + 1;
        let plannedToMs: number | undefined;
        const all = [];
        for (const gap of [0, ...hours]) {
          nowMs += gap * HOUR;
          const days = planDays(plannedToMs, backfillDays, nowMs);
          all.push(...days);
          plannedToMs = days.at(-1)?.toMs ?? plannedToMs;
        }
        const first =
          Math.ceil((NOW + 1 - Math.min(RETENTION_DAYS, Math.max(4, backfillDays)) * DAY) / 1000) * 1000;
        expect(all[0]?.fromMs ?? first).toBeGreaterThanOrEqual(first);
        expect(all.slice(1).map((d) => d.fromMs)).toEqual(all.slice(0, -1).map((d) => d.toMs));
        expect(all.every((d) => d.toMs % DAY === 0 && d.toMs - d.fromMs <= DAY && d.toMs > d.fromMs)).toBe(
          true,
        );
        expect(all.every((d) => d.toMs <= nowMs - SETTLED_MS)).toBe(true);
        expect(nowMs - SETTLED_MS - (all.at(-1)?.toMs ?? nowMs)).toBeLessThan(DAY);
      }),
    );
  });
});

describe('decideStep', () => {
  const step = (status: string | undefined, ageMs: number, over: object = {}, attempts = 0) =>
    decideStep({ ...job, attempts }, { id: 'q', status, ...over }, NOW + ageMs).do;

  it.each([
    ['notStarted', 0, 'wait'],
    ['running', STUCK_MS - 1, 'wait'],
    ['running', STUCK_MS, 'resubmit'],
    ['notStarted', STUCK_MS, 'resubmit'],
    ['failed', 0, 'resubmit'],
    ['cancelled', 0, 'resubmit'],
    ['unknownFutureValue', UNKNOWN_MS - 1, 'wait'],
    ['unknownFutureValue', UNKNOWN_MS, 'resubmit'],
    ['paused', UNKNOWN_MS, 'resubmit'],
    [undefined, UNKNOWN_MS, 'resubmit'],
    ['succeeded', 0, 'read'],
  ])('%s after %i ms: %s', (status, ageMs, wanted) => {
    expect(step(status, ageMs)).toBe(wanted);
  });

  it('believes the flag, not the counts', () => {
    expect(step('succeeded', 0, { approximateReturnedRecordCount: 9, recordCountLimit: 5 })).toBe('read');
    expect(
      step('succeeded', 0, { approximateReturnedRecordCount: 1, isRecordCountLimitExceeded: true }),
    ).toBe('split');
  });

  it('splits into parts that are the whole, and reads one second as a part', () => {
    const decided = decideStep(job, { id: 'q', status: 'succeeded', isRecordCountLimitExceeded: true }, NOW);
    const parts = decided.do === 'split' ? decided.parts : [];
    expect([parts[0]!.fromMs, parts.at(-1)!.toMs]).toEqual([job.fromMs, job.toMs]);
    const second = { ...job, toMs: job.fromMs + 1000 };
    expect(
      decideStep(second, { id: 'q', status: 'succeeded', isRecordCountLimitExceeded: true }, NOW),
    ).toEqual({
      do: 'read',
      truncated: true,
    });
  });

  it('asks in halves after three failures, and again for what the service no longer knows', () => {
    expect(step('failed', 0, {}, 2)).toBe('split');
    expect(decideStep(job, undefined, NOW)).toMatchObject({ do: 'resubmit' });
  });
});

it('searches first what the vendor deletes soon, then the newest', () => {
  const at = (days: number) => ({ fromMs: NOW - days * DAY, toMs: NOW - (days - 1) * DAY });
  const order = [at(90), at(5), at(179.5), at(30)].sort(bySubmission(NOW)).map((w) => (NOW - w.fromMs) / DAY);
  expect(order).toEqual([179.5, 5, 30, 90]);
});

it('takes a few logins without sign-in for usual', () => {
  const hour = (logins: number, unmatched: number) => ({ hour: 'h', logins, unmatched });
  expect(beyondExpected([hour(10, 3), hour(1000, 50)])).toEqual([]);
  expect(beyondExpected([hour(10, 4), hour(1000, 51)])).toHaveLength(2);
});
