import type { AllowList } from '../allow/allow-list.ts';
import type { Finding } from '../findings/finding.ts';
import { FindingsTable } from '../findings/findings-table.ts';
import { storeFirstDeviceCodes } from './device-codes.ts';
import { storeIncidents } from './incidents.ts';
import { sweepScope } from './scope-sweep.ts';
import type { PivotDeps } from './session-records.ts';

export interface FollowUpAsk {
  readonly tenant: string;
  /** What a batch found, whether it was known before or not: a batch that died is followed up when it comes again. */
  readonly found: readonly Finding[];
  /** Event dates of the batch's records. */
  readonly dates: readonly string[];
  readonly list: AllowList;
  readonly nowMs: number;
}

/**
 * Rules on findings, after a batch's own are stored: first device codes, incidents, and what these used on other
 * accounts. Answers the new ones.
 */
export async function followUp(deps: PivotDeps, ask: FollowUpAsk): Promise<Finding[]> {
  const { tenant, found, dates, list, nowMs } = ask;
  const table = new FindingsTable(deps.tables);
  const first = await storeFirstDeviceCodes(deps, ask);
  const { fresh, touched } = await storeIncidents(table, tenant, found, list, nowMs);
  return [
    ...first,
    ...fresh,
    ...(await sweepScope(deps, { tenant, incidents: touched, dates, list, nowMs })),
  ];
}
