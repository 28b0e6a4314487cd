import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CorrelationEngine,
  mergeStates,
  parseCorrelationState,
  type CorrelationHit,
  type RuleSet,
} from '../../../shared/detect/sigma/index.ts';
import {
  applyChanges,
  compileCorrelations,
  correlation,
  matchesOf,
  run,
  sortHits,
  type TestEvent,
} from './correlation-support.ts';
import { bruteForce, type PlainEvent, type PlainHit } from './reference.ts';

const TIMESPAN_S = 10;

const of = (
  name: string,
  type: string,
  rules: string,
  condition?: string,
  timespan = `${TIMESPAN_S}s`,
): string =>
  correlation(
    name,
    `type: ${type}\nrules: [${rules}]\ngroup-by: [User]\ntimespan: ${timespan}${condition ? `\ncondition: ${condition}` : ''}`,
  );

/** Every type and form, and chains of up to three. */
const SETS: Record<string, RuleSet> = Object.fromEntries(
  Object.entries({
    count: of('x', 'event_count', 'a', '{ gte: 3 }'),
    'count of two rules': of('x', 'event_count', 'a, b', '{ gt: 2, lte: 5 }'),
    'count equal': of('x', 'event_count', 'a', '{ eq: 2 }'),
    'count below': of('x', 'event_count', 'a', '{ lt: 2 }'),
    'value count': of('x', 'value_count', 'a, b', '{ field: n, gte: 3 }'),
    sum: of('x', 'value_sum', 'a', '{ field: n, gt: 8 }'),
    average: of('x', 'value_avg', 'a, c', '{ field: n, gte: 3 }'),
    median: of('x', 'value_median', 'a', '{ field: n, neq: 2 }'),
    percentile: of('x', 'value_percentile', 'a', '{ field: n, percentile: 80, gte: 4 }'),
    temporal: of('x', 'temporal', 'a, b, c'),
    'temporal of two': of('x', 'temporal', 'a, b, c', '{ eq: 2 }'),
    'temporal expression': of('x', 'temporal', 'a, b, c', '(a or b) and not c'),
    ordered: of('x', 'temporal_ordered', 'a, b, c'),
    'ordered of two': of('x', 'temporal_ordered', 'c, a, b', '{ gte: 2 }'),
    'ordered expression': of('x', 'temporal_ordered', 'a, b, c', 'a and (b or c) and not b or b and a and c'),
    'count, then b':
      of('low', 'event_count', 'a', '{ gte: 2 }') + of('x', 'temporal_ordered', 'low, b', undefined, '20s'),
    'not monotone below':
      of('low', 'event_count', 'a', '{ eq: 2 }') + of('x', 'event_count', 'low', '{ gte: 2 }', '60s'),
    'three storeys':
      of('low', 'event_count', 'a', '{ gte: 2 }') +
      of('mid', 'temporal', 'low, b', undefined, '15s') +
      of('x', 'event_count', 'mid, c', '{ gte: 2 }', '60s'),
  }).map(([name, text]) => [name, compileCorrelations(text)]),
);

const EVENT = {
  t: fc.integer({ min: 0, max: 60 }),
  kind: fc.constantFrom('a', 'a', 'b', 'c', 'ab', 'bc'),
  User: fc.constantFrom('u', 'V', 'v', ''),
  n: fc.constantFrom('1', '2', '5', 'none'),
};

const withIds = (list: readonly Omit<TestEvent, 'id'>[]): TestEvent[] =>
  list.map((fields, i) => ({ id: `e${i}`, ...fields }) as TestEvent);

const events = fc.array(fc.record(EVENT), { maxLength: 40 }).map(withIds);

/** The order of arrival when each event comes up to `most` seconds late. */
function delayed(list: readonly TestEvent[], seed: number, most: number): TestEvent[] {
  const arrivals = list.map((item, i) => ({
    item,
    at: item.t + ((Math.imul(i + 1, seed + 7) >>> 0) % most),
  }));
  return arrivals.sort((a, b) => a.at - b.at).map(({ item }) => item);
}

function plainEvents(list: readonly TestEvent[]): PlainEvent[] {
  return list.flatMap(({ id, t, kind, User, n }) =>
    kind
      .split('')
      .map((rule) => ({ rule, id, t: t * 1000, fields: { User: [String(User)], n: [String(n)] } })),
  );
}

/** Only what the top correlation reports; those below are silent. */
const expected = (set: RuleSet, list: readonly TestEvent[]): string[] =>
  comparable(bruteForce(set.correlations, plainEvents(list)).filter((hit) => hit.rule === 'x'));

const comparable = (hits: readonly PlainHit[]): string[] =>
  hits
    .map(({ rule, group, tip, from, last, value }) => JSON.stringify([rule, group, tip, from, last, value]))
    .sort();

const asPlain = (hit: CorrelationHit): PlainHit => ({
  rule: hit.ruleKey,
  group: Object.values(hit.group).map((text) => text.toLowerCase()),
  tip: hit.timeMs,
  from: hit.fromMs,
  last: hit.toMs,
  value: hit.value,
  count: hit.count,
});

const shuffled = (list: readonly TestEvent[], seed: number): TestEvent[] => {
  const rest = [...list];
  const out: TestEvent[] = [];
  for (let state = seed + 1; rest.length > 0;) {
    state = (state * 48_271) % 2_147_483_647;
    out.push(...rest.splice(state % rest.length, 1));
  }
  return out;
};

describe.each(Object.entries(SETS))('correlation "%s"', (_, set) => {
  it('equals brute force in any arrival order and in any portions', () => {
    fc.assert(
      fc.property(events, fc.nat(1_000_000), fc.integer({ min: 1, max: 8 }), (list, seed, portion) => {
        const want = expected(set, list);
        const hits = run(set, shuffled(list, seed), portion);
        expect(comparable(hits.map(asPlain))).toEqual(want);
      }),
      { numRuns: 150 },
    );
  });

  it('equals brute force on long, nearly ordered streams, which are not worked out from the beginning each time', () => {
    const long = fc.array(
      fc.record({ ...EVENT, t: fc.integer({ min: 0, max: 400 }), User: fc.constantFrom('u', 'u', 'v') }),
      {
        minLength: 150,
        maxLength: 220,
      },
    );
    fc.assert(
      fc.property(long, fc.nat(1_000_000), fc.integer({ min: 1, max: 30 }), (items, seed, portion) => {
        const list = withIds(items);
        const arrived = delayed(list, seed, 25);
        expect(comparable(run(set, arrived, portion).map(asPlain))).toEqual(expected(set, list));
      }),
      { numRuns: 8 },
    );
  });

  it('gives the same hits, ids and contents, in any order; repetition changes nothing', () => {
    fc.assert(
      fc.property(events, fc.nat(1_000_000), (list, seed) => {
        const once = run(set, list);
        expect(run(set, shuffled([...list, ...list], seed), 5)).toEqual(once);
      }),
      { numRuns: 60 },
    );
  });

  it('survives being stored and restored between portions, and a finite horizon', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 6 }), fc.nat(1_000_000), (list, portion, seed) => {
        // Arrival is out of order by less than the horizon.
        const arrived = delayed(list, seed, 9);
        const hits = new Map<string, CorrelationHit>();
        let state: unknown;
        for (let i = 0; i < arrived.length; i += portion) {
          const engine = new CorrelationEngine(set, state ? parseCorrelationState(state) : undefined, {
            latenessMs: 10_000,
          });
          applyChanges(hits, engine.add(matchesOf(set, arrived.slice(i, i + portion))));
          expect(engine.dropped.late).toBe(0);
          state = JSON.parse(JSON.stringify(engine.state()));
        }
        expect(comparable([...hits.values()].map(asPlain))).toEqual(expected(set, list));
      }),
      { numRuns: 100 },
    );
  });

  it('may be run in two places at once and merged', () => {
    fc.assert(
      fc.property(events, events, events, (before, left, right) => {
        const rename = (list: readonly TestEvent[], prefix: string) =>
          list.map((item) => ({ ...item, id: prefix + item.id }));
        const [base, one, two] = [rename(before, 'x'), rename(left, 'y'), rename(right, 'z')];
        const hits = new Map<string, CorrelationHit>();
        const start = new CorrelationEngine(set, undefined, { latenessMs: Infinity });
        applyChanges(hits, start.add(matchesOf(set, base)));
        const states = [one, two].map((list) => {
          const engine = new CorrelationEngine(set, start.state(), { latenessMs: Infinity });
          applyChanges(hits, engine.add(matchesOf(set, list)));
          return engine.state();
        });
        const merged = new CorrelationEngine(set, mergeStates(states[0]!, states[1]!), {
          latenessMs: Infinity,
        });
        applyChanges(hits, merged.settle());
        expect(sortHits([...hits.values()])).toEqual(run(set, [...base, ...one, ...two]));
      }),
      { numRuns: 60 },
    );
  });
});

describe('bounds', () => {
  const set = SETS['count']!;
  const at = (t: number, i: number, extra: object = {}): TestEvent => ({
    id: `e${i}`,
    t,
    kind: 'a',
    User: 'u',
    ...extra,
  });

  it('drops and counts what is older than the horizon, has no time or no group', () => {
    const engine = new CorrelationEngine(set, undefined, { latenessMs: 60_000 });
    engine.add(matchesOf(set, [at(1000, 1)]));
    engine.add(matchesOf(set, [at(900, 2), at(950, 3)]));
    engine.add(set.evaluate('import', { id: 'x', kind: 'a', User: 'u' }));
    engine.add(matchesOf(set, [at(1000, 4, { User: undefined })]));
    expect(engine.dropped).toEqual({ late: 1, untimed: 1, ungrouped: 1, overflow: 0 });
  });

  it('keeps no more than a timespan and the horizon of events', () => {
    const engine = new CorrelationEngine(set, undefined, { latenessMs: 60_000 });
    for (let t = 0; t < 5000; t++) engine.add(matchesOf(set, [at(t, t, { User: `u${t % 50}` })]));
    const kept = Object.values(engine.state().groups)
      .flatMap((groups) => Object.values(groups))
      .flatMap((group) => group.events);
    expect(kept.length).toBeLessThanOrEqual(60 + TIMESPAN_S + 1);
    expect(JSON.stringify(engine.state()).length).toBeLessThan(60_000);
  });

  it('keeps one open hit through a burst longer than the horizon, with the same id', () => {
    const engine = new CorrelationEngine(set, undefined, { latenessMs: 5000 });
    const hits = new Map<string, CorrelationHit>();
    for (let t = 0; t < 500; t++) applyChanges(hits, engine.add(matchesOf(set, [at(t, t)])));
    expect(
      [...hits.values()].map(({ timeMs, toMs, count, events: { length } }) => [timeMs, toMs, count, length]),
    ).toEqual([[2000, 499_000, 500, 100]]);
  });

  it('limits events per group and groups, and says so', () => {
    const engine = new CorrelationEngine(set, undefined, {
      latenessMs: Infinity,
      maxEventsPerGroup: 10,
      maxGroups: 3,
    });
    engine.add(
      matchesOf(
        set,
        Array.from({ length: 25 }, (_, i) => at(i * 100, i)),
      ),
    );
    // Trimmed to nine tenths of the limit, so that not every further event trims again.
    expect(engine.dropped.overflow).toBe(16);
    engine.add(
      matchesOf(
        set,
        Array.from({ length: 10 }, (_, i) => at(10_000 + i, 100 + i, { User: `v${i}` })),
      ),
    );
    expect(Object.values(engine.state().groups).map((groups) => Object.keys(groups).length)).toEqual([3]);
  });

  it('forgets the state of a correlation that was edited, and refuses state it does not know', () => {
    const engine = new CorrelationEngine(set, undefined, { latenessMs: Infinity });
    engine.add(matchesOf(set, [at(1, 1), at(2, 2)]));
    const edited = compileCorrelations(of('x', 'event_count', 'a', '{ gte: 1 }'));
    expect(new CorrelationEngine(edited, engine.state()).state().groups).not.toEqual(engine.state().groups);
    expect(() => parseCorrelationState({ version: 2 })).toThrow(/version/);
  });

  it('replaces a hit whose tip a late record moved, and says which', () => {
    const engine = new CorrelationEngine(set, undefined, { latenessMs: Infinity });
    const [first] = engine.add(matchesOf(set, [at(3, 3), at(4, 4), at(5, 5)]));
    const changes = engine.add(matchesOf(set, [at(2, 2)]));
    const id = first?.change === 'raised' ? first.hit.id : '';
    expect(changes.map((change) => change.change)).toEqual(['withdrawn', 'raised']);
    expect(changes).toMatchObject([{ id }, { supersedes: [id] }]);
  });
});
