import type { LogSource, SigmaCorrelation, SigmaFilter, SigmaRule } from './ast.ts';
import { FaultList, Flaw, type RuleFault } from './faults.ts';
import { mergeTrees } from './global-documents.ts';
import { parseCorrelation } from './parse-correlation.ts';
import { parseDetection } from './parse-detection.ts';
import { parseMetadata } from './parse-metadata.ts';
import { asList, asMap, asText, need, optionalText } from './tree-access.ts';
import { readYaml, type MapTree, type Tree } from './yaml-positions.ts';

export interface ParsedRules {
  readonly rules: readonly SigmaRule[];
  readonly correlations: readonly SigmaCorrelation[];
  readonly filters: readonly SigmaFilter[];
  /** A document with a fault is in none of the other lists. */
  readonly faults: readonly RuleFault[];
}

/**
 * Reads one file of Sigma YAML: detection rules, correlations, filters, several documents, `action: global`.
 * Never throws for what the text holds. `file` is only used in positions.
 */
export function parseRules(text: string, file: string): ParsedRules {
  const faults = new FaultList(file);
  const parsed: Collected = { rules: [], correlations: [], filters: [] };
  const documents = mergeTrees(readYaml(text, faults), faults);
  if (documents.length === 0 && faults.faults.length === 0)
    faults.add({ line: 1, column: 1 }, 'the file holds no rule');
  for (const document of documents) faults.attempt(() => parseDocument(document, file, parsed));
  return { ...parsed, faults: faults.faults };
}

interface Collected {
  readonly rules: SigmaRule[];
  readonly correlations: SigmaCorrelation[];
  readonly filters: SigmaFilter[];
}

function parseDocument(tree: Tree, file: string, into: Collected): void {
  const map = asMap(tree, 'a rule');
  const kinds = ['detection', 'correlation', 'filter'].filter((kind) => map.entries.has(kind));
  if (kinds.length !== 1)
    throw new Flaw(map.at, "a document must have exactly one of 'detection', 'correlation', 'filter'");
  if (kinds[0] === 'detection') into.rules.push(parseRule(map, file));
  else if (kinds[0] === 'correlation') into.correlations.push(parseCorrelation(map, file));
  else into.filters.push(parseFilter(map, file));
}

function parseRule(map: MapTree, file: string): SigmaRule {
  const detection = asMap(need(map, 'detection', 'the rule').value, "'detection'");
  return {
    ...parseMetadata(map, file),
    kind: 'rule',
    logSource: parseLogSource(map),
    detection: parseDetection(detection, "'detection'"),
  };
}

function parseFilter(map: MapTree, file: string): SigmaFilter {
  const filter = asMap(need(map, 'filter', 'the filter').value, "'filter'");
  const rules = need(filter, 'rules', "'filter'").value;
  const references =
    rules.kind === 'scalar' && rules.text === 'any'
      ? ('any' as const)
      : asList(rules, "'rules'").items.map((item) => ({
          reference: asText(item, 'a rule reference'),
          at: item.at,
        }));
  if (references !== 'any' && references.length === 0) throw new Flaw(rules.at, "'rules' is empty");
  return {
    ...parseMetadata(map, file),
    kind: 'filter',
    logSource: parseLogSource(map),
    rules: references,
    detection: parseDetection(filter, "'filter'", ['rules']),
  };
}

function parseLogSource(map: MapTree): LogSource {
  const { value, at } = need(map, 'logsource', 'the document');
  const source = asMap(value, "'logsource'");
  const parts = (['category', 'product', 'service'] as const).flatMap((part) => {
    const text = optionalText(source, part);
    return text === undefined ? [] : [[part, text.toLowerCase()] as const];
  });
  if (parts.length === 0) throw new Flaw(at, "'logsource' needs a category, a product or a service");
  return Object.fromEntries(parts);
}
