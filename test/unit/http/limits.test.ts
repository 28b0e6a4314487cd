import { describe, expect, it } from 'vitest';
import { CallerLimits, checkSpan } from '../../../shared/http/limits.ts';

const limits = {
  perMinute: 6,
  expensivePerMinute: 3,
  concurrent: 2,
  spanDays: { Reader: 1, Investigator: 1, Admin: 1 },
};
const busy = expect.objectContaining({ code: 'busy' }) as Error;

describe('limits of a caller', () => {
  it('a minute can be spent at once, then a call comes free every tenth of it', () => {
    const l = new CallerLimits(limits);
    for (let i = 0; i < 6; i++) l.enter('a', false, 0);
    expect(() => l.enter('a', false, 0)).toThrow(busy);
    expect(() => l.enter('a', false, 9_000)).toThrow(busy);
    expect(() => l.enter('a', false, 11_000)).not.toThrow();
  });

  it('say how long to wait', () => {
    const l = new CallerLimits(limits);
    for (let i = 0; i < 6; i++) l.enter('a', false, 0);
    expect(() => l.enter('a', false, 0)).toThrow(expect.objectContaining({ retryAfterMs: 10_000 }) as Error);
  });

  it('expensive calls are bounded at once, and by the minute', () => {
    const l = new CallerLimits(limits);
    const leave = l.enter('a', true, 0);
    l.enter('a', true, 0);
    expect(() => l.enter('a', true, 0)).toThrow(/at once/);
    leave();
    leave();
    l.enter('a', true, 0);
    expect(() => l.enter('a', true, 0)).toThrow(busy);
  });

  it('callers do not share', () => {
    const l = new CallerLimits(limits);
    for (let i = 0; i < 6; i++) l.enter('a', false, 0);
    expect(() => l.enter('b', false, 0)).not.toThrow();
  });

  it('a clock that goes back gives nothing', () => {
    const l = new CallerLimits(limits);
    for (let i = 0; i < 6; i++) l.enter('a', false, 60_000);
    expect(() => l.enter('a', false, 0)).toThrow(busy);
  });

  it('a flood of names leaves a running caller on record', () => {
    const l = new CallerLimits(limits);
    l.enter('a', true, 0);
    l.enter('a', true, 0);
    for (let i = 0; i < 5000; i++) l.enter(`x${i}`, false, 0);
    expect(() => l.enter('a', true, 60_000)).toThrow(/at once/);
  });
});

describe('spans', () => {
  const refusal = expect.objectContaining({ code: 'invalid-request', field: 'from' }) as Error;

  it('of exactly the days allowed fit, and a millisecond more does not', () => {
    expect(() => checkSpan({ fromMs: 0, toMs: 86_400_000 }, 1)).not.toThrow();
    expect(() => checkSpan({ fromMs: 0, toMs: 86_400_001 }, 1)).toThrow(refusal);
  });
});
