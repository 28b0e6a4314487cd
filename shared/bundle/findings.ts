import { isObject, textOf } from '../record.ts';
import { summarise } from '../detect/findings/explain.ts';
import { FindingsTable } from '../detect/findings/findings-table.ts';
import type { TableStore } from '../store/stores.ts';

/** A detection's match as a bundle shows it. Text may come from records: hostile. */
export interface Finding {
  readonly id: string;
  /** ISO. */
  readonly time: string;
  readonly ruleId: string;
  readonly title: string;
  readonly level: string;
  readonly user: string;
  readonly session: string;
  /** Ids of the records it rests on. */
  readonly recordIds: readonly string[];
  readonly explanation: string;
  readonly state: string;
}

export const isSerious = (f: Finding): boolean => f.level === 'high' || f.level === 'critical';

const MAX_FINDINGS = 2000;

const PAGE = 500;

/**
 * Findings of a tenant in a span, from table `findings`, of those for whom `concerns` holds. Nothing is asked of a
 * finding but what it happens to hold: the rule engine may change its shape without breaking bundles.
 */
export async function readFindings(
  tables: TableStore,
  ask: { readonly tenant: string; readonly fromMs: number; readonly toMs: number },
  concerns: (finding: Finding) => boolean,
): Promise<Finding[]> {
  const table = new FindingsTable(tables);
  const found: Finding[] = [];
  for (
    let after: string | undefined, more = true;
    more && found.length < MAX_FINDINGS;
    more = after !== undefined
  ) {
    const page = await table.list(ask, PAGE, after);
    found.push(...page.findings.map((f) => findingOf({ ...f, explanation: summarise(f) })).filter(concerns));
    after = page.next;
  }
  return found
    .slice(0, MAX_FINDINGS)
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.id < b.id ? -1 : 1));
}

export function findingOf(value: object): Finding {
  const flat: Readonly<Record<string, unknown>> = { ...value };
  const get = (...names: string[]): string => names.map((n) => textOf(flat[n])).find(Boolean) ?? '';
  return {
    id: get('id'),
    time: get('time', 'firstTime', 'at', 'eventTime'),
    ruleId: get('ruleId', 'rule'),
    title: get('title', 'ruleTitle', 'name'),
    level: get('level', 'severity').toLowerCase(),
    user: get('user', 'userKey').toLowerCase(),
    session: get('session', 'sessionId').toLowerCase(),
    recordIds: idsOf(flat['recordIds'] ?? flat['records'] ?? flat['evidence']),
    explanation: get('explanation', 'why', 'summary', 'description'),
    state: get('state') || 'open',
  };
}

function idsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .map((v: unknown) => (isObject(v) ? (textOf(v['id']) ?? textOf(v['recordId'])) : textOf(v)))
    .filter((id) => id !== undefined)
    .slice(0, 500);
}
