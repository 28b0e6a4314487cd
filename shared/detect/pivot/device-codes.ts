import { applyAllowList } from '../allow/allow-list.ts';
import { isoOf, makeFinding, type Finding } from '../findings/finding.ts';
import { FindingsTable } from '../findings/findings-table.ts';
import { DEVICE_CODE_RULE, firstDeviceCode } from '../native/first-device-code.ts';
import { MIN_DAYS } from '../native/history.ts';
import { infoOf } from '../rule-info.ts';
import { IndexHistory } from '../run/index-history.ts';
import type { FollowUpAsk } from './follow-up.ts';
import { readAll } from './read-findings.ts';
import type { PivotDeps } from './session-records.ts';

const DAYS = 14;
const REACH_MS = DAYS * 86_400_000;
const info = infoOf(firstDeviceCode, 'own');

/**
 * Of the device-code sign-ins a batch found, and of those in the fourteen days after them, the ones that no other
 * precedes within fourteen days. A finding that a record which came late disproves is closed. Answers the new ones.
 */
export async function storeFirstDeviceCodes(
  { tables }: PivotDeps,
  { tenant, found, list, nowMs }: FollowUpAsk,
): Promise<Finding[]> {
  const times = found.filter(({ rule }) => rule === DEVICE_CODE_RULE).map(timeOf);
  if (times.length === 0) return [];
  const table = new FindingsTable(tables);
  const [fromMs, toMs] = [Math.min(...times), Math.max(...times) + REACH_MS];
  const all = await readAll(table, tenant, fromMs - REACH_MS, toMs);
  const history = new IndexHistory(tables, tenant);
  const first: Finding[] = [];
  for (const finding of firstOf(all.filter(({ rule }) => rule === DEVICE_CODE_RULE))) {
    if (timeOf(finding) < fromMs || finding.user === undefined) continue;
    const { days } = await history.before(finding.user, timeOf(finding), DAYS);
    if (days >= MIN_DAYS) first.push(raised(finding, days));
  }
  const right = new Set(first.map(({ id }) => id));
  const wrong = all.filter(
    (old) => old.rule === info.key && old.state === 'open' && timeOf(old) >= fromMs && !right.has(old.id),
  );
  for (const { id } of wrong)
    await table.change(tenant, id, (old) => ({
      ...old,
      state: 'closed',
      reason: 'late records show an earlier sign-in by device code',
      changedBy: 'holdfast',
      changedAt: isoOf(nowMs),
      revision: old.revision + 1,
    }));
  return table.add(
    tenant,
    first.map((finding) => applyAllowList(finding, list, nowMs)),
  );
}

const timeOf = ({ time }: Finding): number => Date.parse(time);

/** Findings that none of the same person precedes within the days. */
export function firstOf(findings: readonly Finding[]): Finding[] {
  const last = new Map<string, number>();
  const sorted = [...findings].sort((a, b) => timeOf(a) - timeOf(b) || (a.id < b.id ? -1 : 1));
  return sorted.filter((finding) => {
    const person = finding.user ?? finding.userId ?? '';
    const before = last.get(person);
    last.set(person, timeOf(finding));
    return before === undefined || timeOf(finding) - before > REACH_MS;
  });
}

function raised(base: Finding, daysOfHistory: number): Finding {
  const identity = base.records[0]?.recordId ?? base.id;
  const facts = { daysLookedBack: DAYS, daysOfHistory, finding: base.id };
  return makeFinding(info, identity, timeOf(base), base.records, { kind: 'native', facts });
}
