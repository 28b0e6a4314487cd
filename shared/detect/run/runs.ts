import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { HoldfastError } from '../../errors.ts';
import { QUEUE } from '../../messages.ts';
import type { TableStore } from '../../store/stores.ts';
import { joinText, splitText } from '../../store/long-text.ts';
import { runFindingsPartition, runPartition, TABLE } from '../keys.ts';
import type { Finding } from '../findings/finding.ts';
import { isoOf } from '../findings/finding.ts';
import type { DetectDeps } from './detect-deps.ts';

export const runMessage = z.object({ tenant: z.string(), id: z.uuid(), step: z.number().int().min(0) });
export type RunMessage = z.infer<typeof runMessage>;

const cursor = z.object({ date: z.string(), source: z.string(), segment: z.string() });

const runSchema = z.object({
  id: z.string(),
  tenant: z.string(),
  purpose: z.enum(['request', 'backlog']),
  fromMs: z.number(),
  toMs: z.number(),
  /** Keys of rules; all when left out. */
  rules: z.array(z.string()).optional(),
  /** Sigma text supplied with the request. */
  sigma: z.string().optional(),
  users: z.array(z.string()).optional(),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  /** Number of the step that is due: messages of other steps are stale. */
  step: z.number(),
  /** Last segment done. */
  cursor: cursor.optional(),
  createdAt: z.string(),
  by: z.string(),
  updatedAt: z.string(),
  segments: z.number(),
  segmentsDone: z.number(),
  records: z.number(),
  bytesRead: z.number(),
  bytesTotal: z.number(),
  findings: z.number(),
  /** Findings that were not known before. */
  fresh: z.number(),
  error: z.string().optional(),
});
export type Run = z.infer<typeof runSchema>;

export interface RunRequest {
  readonly tenant: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly purpose?: Run['purpose'];
  readonly rules?: readonly string[];
  readonly sigma?: string;
  readonly users?: readonly string[];
  readonly by?: string;
}

/** Row, then message: a run whose message was lost shows as waiting, never as done. */
export async function createRun(deps: DetectDeps, request: RunRequest): Promise<Run> {
  const now = isoOf(deps.clock.now());
  const run = runSchema.parse({
    purpose: 'request',
    by: 'holdfast',
    ...request,
    id: randomUUID(),
    state: 'waiting',
    step: 0,
    createdAt: now,
    updatedAt: now,
    segments: 0,
    segmentsDone: 0,
    records: 0,
    bytesRead: 0,
    bytesTotal: 0,
    findings: 0,
    fresh: 0,
  });
  await deps.tables.insert(TABLE, runPartition(run.tenant), rowOf(run));
  await deps.queues.send(QUEUE.detection, [{ tenant: run.tenant, id: run.id, step: 0 } satisfies RunMessage]);
  return run;
}

export async function readRun(
  tables: TableStore,
  tenant: string,
  id: string,
): Promise<{ run: Run; etag: string }> {
  const row = z.uuid().safeParse(id).success ? await tables.get(TABLE, runPartition(tenant), id) : undefined;
  if (!row)
    throw new HoldfastError('not-found', `There is no run "${id.slice(0, 60)}".`, {
      field: 'id',
      remedy: 'Take the Location that POST /api/detections/runs answered.',
    });
  return { run: runSchema.parse(JSON.parse(joinText('body', row.cells))), etag: row.etag };
}

export const replaceRun = (tables: TableStore, run: Run, etag: string): Promise<'replaced' | 'changed'> =>
  tables.replace(TABLE, runPartition(run.tenant), rowOf(run), etag);

const rowOf = (run: Run) => ({
  row: run.id,
  cells: { state: run.state, purpose: run.purpose, ...splitText('body', JSON.stringify(run)) },
});

/** Findings kept with one run; what goes beyond is counted. */
export const MAX_RUN_FINDINGS = 10_000;

/** What a run found lies with the run as well: findings of supplied rules nowhere else. */
export async function addRunFindings(
  tables: TableStore,
  run: Pick<Run, 'tenant' | 'id'>,
  findings: readonly Finding[],
): Promise<void> {
  const rows = new Map(findings.map((finding) => [finding.id, finding]));
  const writes = [...rows].map(([id, finding]) => ({
    row: id,
    cells: splitText('body', JSON.stringify(finding)),
  }));
  await tables.upsert(TABLE, runFindingsPartition(run.tenant, run.id), writes);
}

export async function removeRunFindings(
  tables: TableStore,
  run: Pick<Run, 'tenant' | 'id'>,
  ids: readonly string[],
): Promise<void> {
  if (ids.length > 0) await tables.remove(TABLE, runFindingsPartition(run.tenant, run.id), ids);
}

/** A run's findings by time; `after` is the id of the last one of the page before. */
export async function runFindings(
  tables: TableStore,
  run: Pick<Run, 'tenant' | 'id'>,
  limit: number,
  after?: string,
): Promise<{ findings: Finding[]; next?: string }> {
  const findings: Finding[] = [];
  const range = after === undefined ? {} : { from: `${after}~` };
  for await (const { cells } of tables.query(TABLE, runFindingsPartition(run.tenant, run.id), range)) {
    if (findings.length === limit) return { findings, next: findings.at(-1)!.id };
    findings.push(JSON.parse(joinText('body', cells)) as Finding);
  }
  return { findings };
}
