import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ComponentMemory } from '../../../shared/detect/correlation-memory.ts';
import type { FedMatch } from '../../../shared/detect/evaluation.ts';
import { quickTime } from '../../../shared/detect/event-time.ts';
import { makeRuleBook } from '../../../shared/detect/rule-book.ts';
import { SIGHTING_MEMBERS, sightingOf } from '../../../shared/detect/sighting.ts';
import { ownRuleTests, PLACE, recordOf } from './support.ts';

const HOUR = 3_600_000;
const start = Date.UTC(2026, 0, 1);
const book = makeRuleBook();
const component = book.components.find(({ feeders }) => feeders.has('file-downloaded'))!;

const download = (n: number, timeMs: number): FedMatch => ({
  match: {
    ruleKey: 'file-downloaded',
    recordId: `r${n}`,
    timeMs,
    correlate: { 'holdfast.user': ['a@b.example'], 'holdfast.ip': ['192.0.2.1'], ObjectId: [`f${n}`] },
  },
  sighting: { recordId: `r${n}`, timeMs, source: 'ual-sharepoint', place: PLACE },
});

describe('what correlations remember of records', () => {
  it('is bounded by event time in a long run', () => {
    const memory = new ComponentMemory(component, undefined, 36 * HOUR);
    let most = 0;
    // A file a minute for 60 days: 36 hours of them are 2,160.
    for (let hour = 0; hour < 60 * 24; hour++) {
      const files = Array.from({ length: 60 }, (_, i) =>
        download(hour * 60 + i, start + hour * HOUR + i * 60_000),
      );
      memory.add(files);
      most = Math.max(most, memory.size);
    }
    expect(most).toBeLessThan(15_000);
  });

  it('has the records of a burst that comes after much was forgotten', () => {
    const memory = new ComponentMemory(component, undefined, 36 * HOUR);
    for (let n = 0; n < 30_000; n++) memory.add([download(n, start + n * 300_000)]);
    const burst = Array.from({ length: 40 }, (_, i) =>
      download(100_000 + i, start + 30_000 * 300_000 + i * 1_000),
    );
    const { hits } = memory.add(burst);
    expect(hits).toHaveLength(1);
    const ids = new Set(hits[0]!.records.map(({ recordId }) => recordId));
    expect(burst.filter(({ match }) => ids.has(match.recordId))).toHaveLength(40);
  });
});

/** Names of the members that were looked at. */
function watched(body: object, looked: Set<string>): object {
  return new Proxy(body, {
    get: (target, name) => {
      if (typeof name === 'string') looked.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
}

/** Records of all tests, each with its source. */
const records = ownRuleTests().flatMap(({ test }) =>
  'match' in test
    ? [recordOf(test.source, test.event, '2026-11-24T12:00:00Z')]
    : test.events.map(({ source, at, event }) => recordOf(source, event, at)),
);

// Cut records have these members and no others: a rule that looked at another would be silent.
describe('rules look at no more than they say', () => {
  it.each(book.native.map((rule) => [rule.key, rule] as const))('%s', (_key, rule) => {
    const looked = new Set<string>();
    for (const { value } of records) {
      const body = watched(value as object, looked);
      if (rule.type === 'window') rule.take(body);
      else if (rule.type === 'baseline') rule.candidate(body);
      else rule.judge(body);
    }
    expect(looked.size).toBeGreaterThan(0);
    expect([...looked].filter((name) => !rule.reads.includes(name))).toEqual([]);
  });

  it('nor do sightings', () => {
    const looked = new Set<string>();
    for (const { source, value } of records)
      sightingOf({ source, value: watched(value as object, looked), place: PLACE }, 'id', 0);
    const known: readonly string[] = [...SIGHTING_MEMBERS, 'auditData', 'properties'];
    expect([...looked].filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('event times', () => {
  const instant = fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString());
  const spelled = fc.oneof(
    instant,
    instant.map((text) => text.slice(0, 19)),
    instant.map((text) => `${text.slice(0, 19)}Z`),
    fc.stringMatching(/^2026-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\dZ?$/),
  );

  it('are read as Date.parse reads them', () => {
    fc.assert(
      fc.property(spelled, (text) => {
        const ms = Date.parse(text.endsWith('Z') ? text : `${text}Z`);
        expect(quickTime(text)).toBe(Number.isNaN(ms) ? undefined : ms);
      }),
      { numRuns: 5_000 },
    );
  });
});
