import { describe, expect, test } from 'vitest';
import { parseSchedule } from '../../../infra/local/host/ncrontab.ts';
import { retryDelayMs, triesLeft } from '../../../infra/local/host/retry.ts';
import { parseTimeSpan } from '../../../infra/local/host/timespan.ts';

const next = (schedule: string, from: string) => parseSchedule(schedule).next(new Date(from))?.toISOString();

describe('a schedule', () => {
  test.each([
    ['0 */5 * * * *', '2026-03-01T10:02:00Z', '2026-03-01T10:05:00.000Z'],
    ['0 */5 * * * *', '2026-03-01T10:05:00Z', '2026-03-01T10:10:00.000Z'],
    ['*/15 * * * * *', '2026-03-01T10:00:50Z', '2026-03-01T10:01:00.000Z'],
    ['*/5 * * * *', '2026-03-01T10:02:00Z', '2026-03-01T10:05:00.000Z'],
    ['0 0 9-17 * * 1-5', '2026-02-27T18:00:00Z', '2026-03-02T09:00:00.000Z'],
    ['0 30 9 * Jan Mon', '2026-03-01T00:00:00Z', '2027-01-04T09:30:00.000Z'],
    // Both fields must fit: the next Friday that is a 13th.
    ['0 0 0 13 * 5', '2026-03-14T00:00:00Z', '2026-11-13T00:00:00.000Z'],
    // UTC, whatever summer time does.
    ['0 30 2 * * *', '2026-03-29T00:00:00Z', '2026-03-29T02:30:00.000Z'],
    ['00:10:00', '2026-03-01T10:02:00Z', '2026-03-01T10:12:00.000Z'],
    ['1.00:00:00', '2026-03-01T10:02:00Z', '2026-03-02T10:02:00.000Z'],
  ])('%s after %s', (schedule, from, due) => {
    expect(next(schedule, from)).toBe(due);
  });

  test.each([
    '',
    'often',
    '* * * *',
    '* * * * * * *',
    '0 0 0 L * *',
    '0 0 0 ? * 1',
    '@daily',
    '61 * * * * *',
    '00:00:00',
  ])('%j is refused', (schedule) => {
    expect(() => parseSchedule(schedule)).toThrow(/not a valid NCRONTAB|no interval/);
  });
});

test.each([
  ['00:00:30', 30_000],
  ['00:10:00', 600_000],
  ['1.02:03:04', 93_784_000],
  ['00:00:00.5', 500],
  ['00:01', 60_000],
  ['24:00:00', undefined],
  ['00:60:00', undefined],
  ['30', undefined],
  ['-00:00:01', undefined],
])('the duration %s', (text, ms) => {
  expect(parseTimeSpan(text)).toBe(ms);
});

describe('a retry policy', () => {
  test('allows as many retries as it says', () => {
    expect([0, 1, 2].map((done) => triesLeft({ maxRetryCount: 2 }, done))).toEqual([true, true, false]);
    expect(triesLeft({ maxRetryCount: -1 }, 1_000_000)).toBe(true);
    expect(triesLeft(undefined, 0)).toBe(false);
  });

  test('waits a fixed time, or twice as long each time', () => {
    expect(retryDelayMs({ retryStrategy: 'fixedDelay', delayInterval: { seconds: 3 } }, 5)).toBe(3000);
    const growing = {
      retryStrategy: 'exponentialBackoff',
      minimumInterval: { seconds: 2 },
      maximumInterval: { seconds: 10 },
    } as const;
    expect([0, 1, 2, 3].map((count) => retryDelayMs(growing, count))).toEqual([2000, 4000, 8000, 10_000]);
  });
});
