import { applyAllowList, type AllowList } from '../allow/allow-list.ts';
import type { DetectionOutcome } from '../detection.ts';
import { isoOf, type Finding } from '../findings/finding.ts';
import type { FindingsTable } from '../findings/findings-table.ts';
import { isHoldfastError } from '../../errors.ts';

/**
 * Stores what a batch found, suppressed where the allow list covers it; answers the findings that are new. A finding
 * that late records have disproved is closed with the reason, unless somebody has already closed it.
 */
export async function storeOutcome(
  table: FindingsTable,
  tenant: string,
  outcome: DetectionOutcome,
  list: AllowList,
  nowMs: number,
): Promise<Finding[]> {
  const fresh = await table.add(
    tenant,
    outcome.findings.map((finding) => applyAllowList(finding, list, nowMs)),
  );
  for (const { id, by } of outcome.withdrawn) await withdraw(table, tenant, id, by, nowMs);
  return fresh;
}

async function withdraw(
  table: FindingsTable,
  tenant: string,
  id: string,
  by: string | undefined,
  nowMs: number,
) {
  const reason = by === undefined ? 'late records disprove it' : `late records moved it: see ${by}`;
  try {
    await table.change(tenant, id, (finding) =>
      finding.state === 'open'
        ? {
            ...finding,
            state: 'closed',
            reason,
            changedBy: 'holdfast',
            changedAt: isoOf(nowMs),
            revision: finding.revision + 1,
          }
        : finding,
    );
  } catch (error) {
    // Told of in a batch whose findings were never stored: there is nothing to take back.
    if (!isHoldfastError(error, 'not-found')) throw error;
  }
}
