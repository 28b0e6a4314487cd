import type { Finding } from '../findings/finding.ts';
import type { FindingsTable } from '../findings/findings-table.ts';

const PAGE = 1000;

/** All findings whose time lies in `[fromMs, toMs]`, oldest first. */
export async function readAll(
  table: FindingsTable,
  tenant: string,
  fromMs: number,
  toMs: number,
): Promise<Finding[]> {
  const all: Finding[] = [];
  let after: string | undefined;
  do {
    const page = await table.list({ tenant, fromMs, toMs: toMs + 1 }, PAGE, after);
    all.push(...page.findings);
    after = page.next;
  } while (after !== undefined);
  return all;
}
