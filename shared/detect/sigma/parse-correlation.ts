import {
  CORRELATION_TYPES,
  THRESHOLDS,
  type Condition,
  type SigmaCorrelation,
  type Threshold,
} from './ast.ts';
import { Flaw } from './faults.ts';
import { parseCondition } from './parse-condition.ts';
import { parseMetadata } from './parse-metadata.ts';
import { parseTimespan } from './timespan.ts';
import {
  asList,
  asMap,
  asScalar,
  asText,
  need,
  oneOf,
  optionalBoolean,
  optionalTexts,
} from './tree-access.ts';
import type { Entry, MapTree } from './yaml-positions.ts';

const ALLOWED = [
  'type',
  'rules',
  'aliases',
  'group-by',
  'timespan',
  'condition',
  'generate',
  'tags',
  'level',
];
const CONDITION_KEYS: readonly string[] = [...THRESHOLDS, 'field', 'percentile'];

export function parseCorrelation(document: MapTree, file: string): SigmaCorrelation {
  const map = asMap(need(document, 'correlation', 'the document').value, "'correlation'");
  for (const entry of map.entries.values()) checkKey(entry);
  const type = oneOf(map, 'type', CORRELATION_TYPES);
  if (!type) throw new Flaw(map.at, "'correlation' has no 'type'");
  const rules = referencesOf(map);
  const condition = parseCorrelationCondition(
    map,
    type,
    rules.map((rule) => rule.reference),
  );
  return {
    ...parseMetadata(document, file),
    kind: 'correlation',
    type,
    rules,
    groupBy: optionalTexts(map, 'group-by'),
    timespanMs: parseTimespan(need(map, 'timespan', "'correlation'").value),
    aliases: aliasesOf(
      map,
      rules.map((rule) => rule.reference),
    ),
    generate: optionalBoolean(map, 'generate') ?? optionalBoolean(document, 'generate') ?? false,
    ...condition,
  };
}

function checkKey({ key, at }: Entry): void {
  if (key === 'group_by') throw new Flaw(at, "write 'group-by', not 'group_by'");
  if (!ALLOWED.includes(key)) throw new Flaw(at, `'${key}' is not part of a correlation`);
}

/** The rules a correlation counts; each once, in the order written. */
function referencesOf(map: MapTree): SigmaCorrelation['rules'] {
  const { value } = need(map, 'rules', "'correlation'");
  const items = value.kind === 'scalar' ? [value] : asList(value, "'rules'").items;
  if (items.length === 0) throw new Flaw(value.at, "'rules' is empty");
  const references = items.map((item) => ({ reference: asText(item, 'a rule reference'), at: item.at }));
  const seen = new Set<string>();
  for (const { reference, at } of references) {
    if (seen.has(reference)) throw new Flaw(at, `'${reference}' is named twice`);
    seen.add(reference);
  }
  return references;
}

function aliasesOf(map: MapTree, rules: readonly string[]): Map<string, Map<string, string>> {
  const entry = map.entries.get('aliases');
  const aliases = new Map<string, Map<string, string>>();
  if (!entry) return aliases;
  for (const [alias, target] of asMap(entry.value, "'aliases'").entries) {
    const fields = new Map<string, string>();
    for (const [rule, field] of asMap(target.value, `alias '${alias}'`).entries) {
      if (!rules.includes(rule))
        throw new Flaw(field.at, `alias '${alias}' names '${rule}', which is not in 'rules'`);
      fields.set(rule, asText(field.value, `alias '${alias}'`));
    }
    aliases.set(alias, fields);
  }
  return aliases;
}

type ConditionParts = Pick<SigmaCorrelation, 'thresholds' | 'valueFields' | 'percentile' | 'expression'>;

function parseCorrelationCondition(
  map: MapTree,
  type: SigmaCorrelation['type'],
  rules: readonly string[],
): ConditionParts {
  const temporal = type === 'temporal' || type === 'temporal_ordered';
  const entry = map.entries.get('condition');
  if (!entry) {
    if (!temporal) throw new Flaw(map.at, `'${type}' needs a 'condition'`);
    return { thresholds: [{ operator: 'gte', value: rules.length }], valueFields: [] };
  }
  if (entry.value.kind === 'scalar') {
    if (!temporal)
      throw new Flaw(entry.value.at, `the condition of '${type}' must be a map such as 'gte: 10'`);
    const expression = parseCondition(asText(entry.value, "'condition'"), rules, entry.value.at);
    return { thresholds: [], valueFields: [], expression: requirePositive(expression, entry) };
  }
  return thresholdsOf(asMap(entry.value, "'condition'"), type);
}

/** `not a` alone would hold in every window that has no event at all, which is never looked at. */
function requirePositive(condition: Condition, entry: Entry): Condition {
  const holdsForNothing = (part: Condition): boolean => {
    if (part.kind === 'name') return false;
    if (part.kind === 'not') return !holdsForNothing(part.of);
    return part.kind === 'and' ? part.of.every(holdsForNothing) : part.of.some(holdsForNothing);
  };
  if (holdsForNothing(condition))
    throw new Flaw(entry.value.at, 'the condition also holds when nothing happens');
  return condition;
}

function thresholdsOf(map: MapTree, type: SigmaCorrelation['type']): ConditionParts {
  for (const { key, at } of map.entries.values())
    if (!CONDITION_KEYS.includes(key))
      throw new Flaw(at, `'${key}' is not part of a correlation's condition`);
  const thresholds = [...map.entries.values()].filter(({ key }) =>
    (THRESHOLDS as readonly string[]).includes(key),
  );
  if (thresholds.length === 0) throw new Flaw(map.at, `the condition needs one of ${THRESHOLDS.join(', ')}`);
  const percentile = percentileOf(map, type);
  return {
    thresholds: thresholds.map((entry) => ({ operator: entry.key as Threshold, value: numberOf(entry) })),
    valueFields: valueFieldsOf(map, type),
    ...(percentile === undefined ? {} : { percentile }),
  };
}

function valueFieldsOf(map: MapTree, type: SigmaCorrelation['type']): string[] {
  const fields = optionalTexts(map, 'field');
  if (type.startsWith('value_') && fields.length === 0)
    throw new Flaw(map.at, `'${type}' needs 'field' in its condition`);
  if (!type.startsWith('value_') && fields.length > 0) throw new Flaw(map.at, `'${type}' takes no 'field'`);
  if (type !== 'value_count' && fields.length > 1) throw new Flaw(map.at, `'${type}' takes one 'field'`);
  return fields;
}

function percentileOf(map: MapTree, type: SigmaCorrelation['type']): number | undefined {
  const entry = map.entries.get('percentile');
  if (type !== 'value_percentile') {
    if (entry) throw new Flaw(entry.at, `'${type}' takes no 'percentile'`);
    return undefined;
  }
  if (!entry) throw new Flaw(map.at, "'value_percentile' needs 'percentile' (1 to 100) in its condition");
  const value = numberOf(entry);
  if (value <= 0 || value > 100)
    throw new Flaw(entry.value.at, "'percentile' must be above 0 and at most 100");
  return value;
}

function numberOf({ key, value }: Entry): number {
  const number = asScalar(value, `'${key}'`).value;
  if (typeof number !== 'number' || !Number.isFinite(number))
    throw new Flaw(value.at, `'${key}' must be a number`);
  return number;
}
