import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newWindow, type WindowRow } from '../../../shared/archive/windows.ts';
import { cutInterval, newIntervals, planSource, type PlanInput } from '../../../shared/collect/plan.ts';
import { SOURCES, sourceSpec } from '../../../shared/collect/sources/index.ts';
import { settle } from '../../../shared/collect/settle.ts';
import { partsFor, splitInterval } from '../../../shared/collect/split.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 24, 13, 47, 11, 500);
const spec = sourceSpec('signins-interactive')!;
const input = (over: Partial<PlanInput> = {}): PlanInput => ({
  tenant: 't',
  spec,
  nowMs: NOW,
  backfillDays: 180,
  plannedToMs: undefined,
  unsettled: [],
  note: undefined,
  ...over,
});
const anyInstant = fc
  .integer({ min: Date.UTC(2026, 0, 1) / 1000, max: Date.UTC(2026, 11, 31) / 1000 })
  .map((s) => s * 1000);

describe('planning windows', () => {
  it.each(SOURCES.map((s) => [s.id, s] as const))(
    '%s: cuts cover every instant once, in whole seconds',
    (_id, source) => {
      fc.assert(
        fc.property(anyInstant, fc.integer({ min: 1, max: 40 * 86_400 }), (fromMs, seconds) => {
          const whole = { fromMs, toMs: fromMs + seconds * 1000 };
          const cuts = cutInterval(whole, source);
          expect(cuts[0]!.fromMs).toBe(whole.fromMs);
          expect(cuts.at(-1)!.toMs).toBe(whole.toMs);
          cuts.slice(1).forEach((cut, i) => expect(cut.fromMs).toBe(cuts[i]!.toMs));
          expect(cuts.every((c) => c.toMs > c.fromMs && (c.toMs - c.fromMs) % 1000 === 0)).toBe(true);
          expect(cuts.every((c) => c.toMs - c.fromMs <= source.backfillHours * HOUR)).toBe(true);
          expect(source.api === 'graph' || cuts.every((c) => c.toMs - c.fromMs < DAY)).toBe(true);
        }),
      );
    },
  );

  it('takes all that the vendor keeps on the first run, to the very second', () => {
    const intervals = newIntervals(input());
    expect(intervals[0]!.fromMs).toBe(Math.ceil((NOW - 30 * DAY) / 1000) * 1000);
    expect(intervals.at(-1)!.toMs).toBe(Math.floor(NOW / 1000) * 1000);
  });

  it('goes on where it stopped, leaving no instant out after an outage', () => {
    const plannedToMs = NOW - 10 * DAY - 123_000;
    const intervals = newIntervals(input({ plannedToMs }));
    expect(intervals[0]!.fromMs).toBe(plannedToMs);
    expect(intervals.at(-1)!.toMs).toBe(Math.floor(NOW / (30 * 60_000)) * 30 * 60_000);
    intervals.slice(1).forEach((cut, i) => expect(cut.fromMs).toBe(intervals[i]!.toMs));
  });

  it('records what was never collected and has left retention as lost, with exact bounds', () => {
    const w = newWindow('t', spec.id, NOW - 31 * DAY, NOW - 29 * DAY, 0);
    const { lost, enqueue } = planSource(input({ plannedToMs: NOW, unsettled: [w] }));
    const horizon = Math.ceil((NOW - 30 * DAY) / 1000) * 1000;
    expect(lost).toEqual([
      { window: w, gap: { fromMs: w.fromMs, toMs: horizon }, rest: { fromMs: horizon, toMs: w.toMs } },
    ]);
    expect(enqueue).toEqual([]);
  });

  it('hands over what the vendor deletes first, then first collections newest first, then later passes', () => {
    const at = (fromMs: number, passes = 0): WindowRow => ({
      ...newWindow('t', spec.id, fromMs, fromMs + HOUR, 0),
      passes,
      etag: 'e',
    });
    const windows = [at(NOW - 5 * HOUR, 1), at(NOW - 10 * DAY), at(NOW - 9 * DAY), at(NOW - 29 * DAY)];
    const { enqueue } = planSource(input({ plannedToMs: NOW, unsettled: windows }));
    expect(enqueue.map((w) => w.fromMs)).toEqual([
      NOW - 29 * DAY,
      NOW - 9 * DAY,
      NOW - 10 * DAY,
      NOW - 5 * HOUR,
    ]);
  });

  it('sends a message again only when the first has had its time', () => {
    const w = { ...newWindow('t', spec.id, NOW - HOUR, NOW, 0), etag: 'e' };
    const queued = (agoMs: number): number =>
      planSource(input({ plannedToMs: NOW, unsettled: [{ ...w, queuedMs: NOW - agoMs }] })).enqueue.length;
    expect(queued(60_000)).toBe(0);
    expect(queued(21 * 60_000)).toBe(1);
  });

  it('asks a refused source with one window only, and only when it may', () => {
    const windows = [1, 2, 3].map((d) => ({
      ...newWindow('t', spec.id, NOW - d * DAY, NOW - d * DAY + HOUR, 0),
      etag: 'e',
    }));
    const note = (probeMs: number) => ({ unavailable: 'no licence', sinceMs: 0, probeMs });
    expect(
      planSource(input({ plannedToMs: NOW, unsettled: windows, note: note(NOW + 1) })).enqueue,
    ).toHaveLength(0);
    expect(planSource(input({ plannedToMs: NOW, unsettled: windows, note: note(NOW) })).enqueue).toHaveLength(
      1,
    );
  });
});

describe('settling', () => {
  const hours = [1, 6, 24, 72];
  const toMs = NOW;
  it.each([
    ['right after its end', 0, 0, { settled: false, dueMs: toMs + HOUR }],
    ['after the first hour', 1, HOUR + 1, { settled: false, dueMs: toMs + 6 * HOUR }],
    ['after the last hour, nothing new', 4, 72 * HOUR, { settled: true, dueMs: 0 }],
    ['an old window at its first pass, however much it brings', 0, 200 * HOUR, { settled: true, dueMs: 0 }],
  ])('%s', (_name, passes, age, expected) => {
    expect(settle({ toMs, passes }, toMs + age, passes === 0 ? 500 : 0, hours)).toEqual(expected);
  });

  it('goes on a day later as long as the last pass still brings something', () => {
    expect(settle({ toMs, passes: 4 }, toMs + 73 * HOUR, 1, hours)).toEqual({
      settled: false,
      dueMs: toMs + 97 * HOUR,
    });
  });
});

describe('splitting', () => {
  it('gives parts that are exactly the whole, down to one second', () => {
    fc.assert(
      fc.property(
        anyInstant,
        fc.integer({ min: 1, max: 200_000 }),
        fc.integer({ min: 1, max: 30 }),
        (fromMs, seconds, parts) => {
          const pieces = splitInterval({ fromMs, toMs: fromMs + seconds * 1000 }, parts);
          expect(pieces).toHaveLength(Math.min(parts, seconds));
          expect([pieces[0]!.fromMs, pieces.at(-1)!.toMs]).toEqual([fromMs, fromMs + seconds * 1000]);
          pieces.slice(1).forEach((p, i) => expect(p.fromMs).toBe(pieces[i]!.toMs));
          expect(pieces.every((p) => p.toMs - p.fromMs >= 1000)).toBe(true);
        },
      ),
    );
  });

  it('leaves a window of tens of pages whole and cuts a dense one', () => {
    const day = { fromMs: 0, toMs: DAY };
    expect(partsFor(day, 1000, HOUR)).toBe(1);
    expect(partsFor(day, 1000, 10 * 60_000)).toBe(8);
    expect(partsFor({ fromMs: 0, toMs: 1000 }, 1000, 0)).toBe(1);
  });
});
