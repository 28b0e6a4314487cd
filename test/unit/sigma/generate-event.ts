import type { Condition, Predicate, Selection, SigmaRule, Test } from '../../../shared/detect/sigma/ast.ts';
import { FieldNames } from '../../../shared/detect/sigma/field-names.ts';
import type { FieldSource, Pipeline, Shape } from '../../../shared/detect/sigma/pipeline.ts';
import { RecordBuilder } from './record-builder.ts';

/** One way to make a condition true or false: predicates that must hold, and such that must not. */
type Demand = { readonly predicate: Predicate; readonly hold: boolean }[];

type Bind = Pipeline['bind'][number];

interface Built {
  readonly event: unknown;
  /** A field was wanted to match and not to match: the event may still be of use, or not. */
  readonly torn: boolean;
}

/** Events that should match a rule on a shape, one for each way its condition can be fulfilled. */
export const matchingEvents = (rule: SigmaRule, pipeline: Pipeline, bind: Bind, shape: Shape): unknown[] =>
  waysTo(rule.detection.condition, true, rule).flatMap(
    (demand) => build(demand, rule, pipeline, bind, shape)?.event ?? [],
  );

/** Events of the same shape that fall short by one part of the condition. */
export function failingEvents(rule: SigmaRule, pipeline: Pipeline, bind: Bind, shape: Shape): unknown[] {
  const all = waysTo(rule.detection.condition, false, rule).flatMap(
    (demand) => build(demand, rule, pipeline, bind, shape) ?? [],
  );
  const clean = all.filter(({ torn }) => !torn);
  return (clean.length > 0 ? clean : all).map(({ event }) => event);
}

const MAX_WAYS = 12;

function waysTo(condition: Condition, want: boolean, rule: SigmaRule): Demand[] {
  if (condition.kind === 'name') return waysToSelect(rule.detection.selections.get(condition.name)!, want);
  if (condition.kind === 'not') return waysTo(condition.of, !want, rule);
  return combine(condition.kind, condition.of.length, want, (i, value) =>
    waysTo(condition.of[i]!, value, rule),
  );
}

function waysToSelect(selection: Selection, want: boolean): Demand[] {
  if (selection.kind === 'predicate') return [[{ predicate: selection.predicate, hold: want }]];
  return combine(selection.kind, selection.of.length, want, (i, value) =>
    waysToSelect(selection.of[i]!, value),
  );
}

/** All parts alike, or one part alone that decides while the others stay as the opposite: a near miss. */
function combine(
  kind: 'and' | 'or',
  size: number,
  want: boolean,
  part: (i: number, want: boolean) => Demand[],
): Demand[] {
  const indexes = Array.from({ length: size }, (_, i) => i);
  const together = (values: readonly boolean[]) =>
    indexes.reduce<Demand[]>(
      (ways, i) =>
        ways.flatMap((way) => part(i, values[i]!).map((more) => [...way, ...more])).slice(0, MAX_WAYS),
      [[]],
    );
  if ((kind === 'and') === want) return together(indexes.map(() => want));
  return indexes
    .flatMap((one) => together(indexes.map((i) => (i === one ? want : !want))))
    .slice(0, MAX_WAYS);
}

/** Undefined where no record of the shape can be as demanded: a field whose value is fixed. */
function build(
  demand: Demand,
  rule: SigmaRule,
  pipeline: Pipeline,
  bind: Bind,
  shape: Shape,
): Built | undefined {
  const record = new RecordBuilder(shape);
  for (const [path, values] of Object.entries(bind.when)) record.put(path, { equals: values[0]! });
  const names = new FieldNames(shape, pipeline, bind, rule.key);
  const fields = demand.map(({ predicate, hold }) => `${predicate.field} ${hold}`);
  const torn = demand.some(({ predicate, hold }) => fields.includes(`${predicate.field} ${!hold}`));
  // What must not hold first: what must hold may share its field, and then wins.
  for (const { predicate, hold } of [...demand].sort((a, b) => Number(a.hold) - Number(b.hold))) {
    if (predicate.field === undefined)
      record.put('freeText', { equals: hold ? textFor(predicate.tests[0]!) : 'dull' });
    else if (!place(predicate, hold, names.resolve(predicate.field).sources, record)) return undefined;
  }
  return { event: record.value(), torn };
}

function place(
  predicate: Predicate,
  hold: boolean,
  sources: readonly FieldSource[],
  record: RecordBuilder,
): boolean {
  const fixed = sources.find((source) => source.const !== undefined)?.const;
  if (fixed !== undefined) return (fixed.toLowerCase() === predicate.tests[0]?.shown.toLowerCase()) === hold;
  const source = sources.find((candidate) => reachable(candidate, predicate.tests[0]!)) ?? sources[0]!;
  if (!hold) record.putOther(source.path!, predicate.tests, Object.keys(source.map ?? {}));
  else if (predicate.tests[0]?.kind === 'null') record.remove(source.path!);
  else
    for (const test of predicate.every ? predicate.tests : predicate.tests.slice(0, 1))
      placeTest(test, source, predicate.modifiers, record);
  return true;
}

function placeTest(
  test: Test,
  source: FieldSource,
  modifiers: readonly string[],
  record: RecordBuilder,
): void {
  const text = rawValue(textFor(test), source);
  const path = source.path!;
  if (source.json) record.putJson(path, text);
  else if (modifiers.includes('contains') || source.within) record.put(path, { contains: text });
  else if (modifiers.includes('startswith')) record.put(path, { startsWith: text });
  else if (modifiers.includes('endswith')) record.put(path, { endsWith: text });
  else record.put(path, { equals: test.kind === 'number' && !source.map ? test.value : text });
}

/** Can this source give what the test asks for? A table of fixed words often cannot. */
function reachable(source: FieldSource, test: Test): boolean {
  if (!source.map) return true;
  const wanted = textFor(test).toLowerCase();
  const words = [...Object.values(source.map), source.otherwise ?? ''].map((word) => word.toLowerCase());
  return words.includes(wanted);
}

/** What the record must hold for the mapping to give `text`. */
function rawValue(text: string, source: FieldSource): string {
  for (const table of [source.map, source.alias])
    for (const [raw, word] of Object.entries(table ?? {}))
      if (word.toLowerCase() === text.toLowerCase()) return raw;
  if (source.map && source.otherwise?.toLowerCase() === text.toLowerCase()) return 'another value';
  return text;
}

/** A text that the test's pattern accepts: wildcards as nothing or one letter. */
function textFor(test: Test): string {
  if (test.kind !== 'text') return test.shown;
  return test.tokens
    .map((token) =>
      typeof token === 'string' ? token : token.token === 'one' ? 'x' : token.token === 'dash' ? '-' : '',
    )
    .join('');
}
