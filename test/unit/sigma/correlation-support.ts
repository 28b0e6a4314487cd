import {
  CorrelationEngine,
  type CorrelationChange,
  type CorrelationHit,
  type CorrelationOptions,
  type Match,
  type RuleSet,
} from '../../../shared/detect/sigma/index.ts';
import { compileText } from './support.ts';

/** Rules `a`, `b`, `c`: events whose `kind` holds the letter. */
export const BASE_RULES = ['a', 'b', 'c']
  .map(
    (name) =>
      `title: ${name}\nname: ${name}\nlogsource: { product: test }\ndetection: { s: { kind|contains: ${name} }, condition: s }\n`,
  )
  .join('---\n');

/** A correlation document from the lines of its `correlation`. */
export const correlation = (name: string, lines: string): string =>
  `---\ntitle: ${name}\nname: ${name}\nlevel: high\ncorrelation:\n${lines
    .trim()
    .split('\n')
    .map((line) => `    ${line.trim()}`)
    .join('\n')}\n`;

export const compileCorrelations = (...documents: string[]): RuleSet =>
  compileText(BASE_RULES + documents.join(''));

export interface TestEvent {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly t: number;
  readonly kind: string;
  readonly [field: string]: unknown;
}

export const matchesOf = (set: RuleSet, events: readonly TestEvent[]): Match[] =>
  events.flatMap((event) => [
    ...set.evaluate('import', { ...event, time: new Date(event.t * 1000).toISOString() }),
  ]);

/** The hits there are after changes were applied in order. */
export function applyChanges(
  hits: Map<string, CorrelationHit>,
  changes: readonly CorrelationChange[],
): Map<string, CorrelationHit> {
  for (const change of changes) {
    if (change.change === 'withdrawn') hits.delete(change.id);
    else hits.set(change.hit.id, change.hit);
  }
  return hits;
}

/** Feeds events in the order given, `size` at a time, and answers the hits there are in the end. */
export function run(
  set: RuleSet,
  events: readonly TestEvent[],
  size = events.length || 1,
  options: CorrelationOptions = { latenessMs: Infinity },
): CorrelationHit[] {
  const engine = new CorrelationEngine(set, undefined, options);
  const hits = new Map<string, CorrelationHit>();
  for (let i = 0; i < events.length; i += size)
    applyChanges(hits, engine.add(matchesOf(set, events.slice(i, i + size))));
  return sortHits([...hits.values()]);
}

export const sortHits = (hits: readonly CorrelationHit[]): CorrelationHit[] =>
  [...hits].sort((a, b) => (a.ruleKey + a.id < b.ruleKey + b.id ? -1 : 1));
