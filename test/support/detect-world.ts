import { DetectionConfig } from '../../shared/detect/allow/config-table.ts';
import { BookShelf } from '../../shared/detect/book-shelf.ts';
import type { Finding } from '../../shared/detect/findings/finding.ts';
import { FindingsTable } from '../../shared/detect/findings/findings-table.ts';
import { detectNew } from '../../shared/detect/run/detect-new.ts';
import { notePending } from '../../shared/detect/run/pending.ts';
import { parseArchivePath } from '../../shared/layout.ts';
import { silentLog } from '../../shared/log.ts';
import { MemoryQueues } from '../../shared/store/memory.ts';
import type { BundleWorld } from './bundle-world.ts';

/** Evaluates every segment of a world that is not evaluated yet. */
export async function detectIn({ blobs, tables }: BundleWorld, tenant: string, nowMs: number): Promise<void> {
  for await (const { name } of blobs.list('v1/')) {
    const path = parseArchivePath(name);
    if (path?.kind === 'manifest') await notePending(tables, path);
  }
  const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
  const deps = { blobs, tables, queues: new MemoryQueues(), clock, log: silentLog };
  const shelf = new BookShelf(new DetectionConfig(tables, blobs));
  await detectNew(deps, shelf, tenant, { untilMs: Infinity, alert: () => Promise.resolve() });
}

/** Stored findings of a rule, by time. */
export async function findingsOfRule(
  { tables }: BundleWorld,
  tenant: string,
  rule: string,
): Promise<readonly Finding[]> {
  const query = { tenant, fromMs: Date.UTC(2026, 0), toMs: Date.UTC(2027, 0), rule };
  return (await new FindingsTable(tables).list(query, 500)).findings;
}
