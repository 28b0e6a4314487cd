import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { BlobStore, StoredRow, TableStore } from '../store/stores.ts';
import { joinText, splitText } from '../store/long-text.ts';
import { emit } from '../telemetry.ts';
import { verifyTenant } from './verify.ts';
import { isSound, newProgress, progressSchema, type VerifyProgress } from './verify-progress.ts';
import type { Problem } from './verify-problem.ts';

export interface VerifyRunDeps {
  readonly blobs: BlobStore;
  readonly tables: TableStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly graceMs?: number;
}

const TABLE = 'budgets';
const ROW = 'verify';
const WORK_MS = 8 * 60_000;
/** Progress is stored at most so often. */
const SAVE_MS = 15_000;
/** A run that was not continued for so long belongs to nobody. */
const HOLD_MS = 10 * 60_000;
/** Findings are said again for so long: one lost log line must not hide an alert. */
const REPEAT_MS = 2 * 3_600_000;
const MAX_STORED = 100;

interface State {
  readonly progress: VerifyProgress;
  /** Until then another invocation is at work. */
  readonly heldMs: number;
  /** Newest seal at the end of the last run: it must be there in the next. */
  readonly head: string;
  readonly row: StoredRow | undefined;
}

const partition = (tenant: string): string => `${tenant}|verify`;

/** Begins a verification, or goes on with one that is not done. */
export async function startVerification(
  d: VerifyRunDeps,
  tenant: string,
): Promise<VerifyProgress | undefined> {
  const state = await load(d, tenant);
  const fresh = !state || state.progress.phase === 'done';
  return work(d, tenant, fresh ? restarted(d, state) : state);
}

/** Goes on with a verification that is not done; says the findings of one just done again. */
export async function continueVerification(
  d: VerifyRunDeps,
  tenant: string,
): Promise<VerifyProgress | undefined> {
  const state = await load(d, tenant);
  if (!state) return undefined;
  const { progress } = state;
  if (progress.phase !== 'done') return work(d, tenant, state);
  const finishedMs = Date.parse(progress.finishedAt ?? '');
  if (d.clock.now() - finishedMs < REPEAT_MS)
    for (const found of progress.problems) report(d.log, tenant, found);
  return progress;
}

const restarted = (d: VerifyRunDeps, state: State | undefined): State => ({
  progress: newProgress(d.clock.now()),
  heldMs: 0,
  head: state?.progress.head?.sha256 ?? '',
  row: state?.row,
});

/** Undefined when another invocation is at it. */
async function work(d: VerifyRunDeps, tenant: string, state: State): Promise<VerifyProgress | undefined> {
  const startMs = d.clock.now();
  if (state.heldMs > startMs || !(await claim(d, tenant, state, startMs))) return undefined;
  let savedMs = startMs;
  const save = async (progress: VerifyProgress, heldMs: number): Promise<void> => {
    savedMs = d.clock.now();
    await d.tables.upsert(TABLE, partition(tenant), [
      { row: ROW, cells: cellsOf(progress, heldMs, state.head) },
    ]);
  };
  const progress = await verifyTenant(
    {
      ...d,
      deadlineMs: startMs + WORK_MS,
      ...(state.head !== '' && { head: state.head }),
      onProblem: (found) => report(d.log, tenant, found),
      onProgress: async (p) => {
        if (d.clock.now() - savedMs >= SAVE_MS) await save(p, d.clock.now() + HOLD_MS);
      },
    },
    tenant,
    state.progress,
  );
  await save(progress, 0);
  d.log.info('verify.progress', {
    tenant,
    phase: progress.phase,
    sound: isSound(progress),
    ...numbers(progress),
  });
  return progress;
}

async function claim(d: VerifyRunDeps, tenant: string, state: State, nowMs: number): Promise<boolean> {
  const write = { row: ROW, cells: cellsOf(state.progress, nowMs + HOLD_MS, state.head) };
  return state.row
    ? (await d.tables.replace(TABLE, partition(tenant), write, state.row.etag)) === 'replaced'
    : (await d.tables.insert(TABLE, partition(tenant), write)) === 'created';
}

const cellsOf = (progress: VerifyProgress, heldMs: number, head: string) => ({
  ...splitText('progress', JSON.stringify({ ...progress, problems: progress.problems.slice(0, MAX_STORED) })),
  heldMs,
  head,
});

/** A row that cannot be read is none: the verification begins anew. */
async function load(d: VerifyRunDeps, tenant: string): Promise<State | undefined> {
  const row = await d.tables.get(TABLE, partition(tenant), ROW);
  if (!row) return undefined;
  const parsed = progressSchema.safeParse(parseJson(joinText('progress', row.cells)));
  const progress: VerifyProgress = parsed.success ? parsed.data : { ...newProgress(0), phase: 'done' };
  return { progress, heldMs: Number(row.cells['heldMs']), head: String(row.cells['head'] ?? ''), row };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const numbers = ({ seals, manifests, receipts, records, bytes, unsealed, problemCount }: VerifyProgress) => ({
  seals,
  manifests,
  receipts,
  records,
  bytes,
  unsealed,
  problems: problemCount,
});

function report(log: Log, tenant: string, { kind, blob, reason }: Problem): void {
  emit(log, { signal: 'verify.failed', tenant, blob, reason: `${kind}: ${reason}` });
}
