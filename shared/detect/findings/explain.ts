import type { Explanation, Finding } from './finding.ts';

/** One sentence on why the rule matched, for lists and alerts. Values come from records: show them as text only. */
export function summarise({ explanation, records }: Pick<Finding, 'explanation' | 'records'>): string {
  if (explanation.kind === 'rule') return ofRule(explanation);
  if (explanation.kind === 'native') return ofFacts(explanation.facts);
  const group = ofFacts(explanation.group);
  return `${explanation.type}: ${explanation.value} (${explanation.count} events, ${records.length} shown)${group === '' ? '' : ` for ${group}`}`;
}

function ofRule({ selections }: Extract<Explanation, { kind: 'rule' }>): string {
  const parts = selections
    .filter(({ held }) => held)
    .flatMap(({ fields }) => fields.map(({ path, value }) => `${path || 'record'} = ${value}`));
  return [...new Set(parts)].slice(0, 8).join('; ');
}

const ofFacts = (facts: Readonly<Record<string, unknown>>): string =>
  Object.entries(facts)
    .map(([name, value]) => `${name} = ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('; ');
