import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { describeError, isHoldfastError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { buildBundle, type BundleRequest } from '../build-bundle.ts';
import type { SnapshotFile, TakeSnapshots } from '../../snapshot.ts';
import { estimate } from './estimate.ts';
import { Cancelled, incidentFolder, IncidentStore, zipBlob, type Incident, type Step } from './incident.ts';
import { planBundle, type BundlePlan, type PlanDeps } from './plan.ts';
import { takeSnapshots } from './snapshot-question.ts';

export interface IncidentDeps extends PlanDeps {
  readonly incidents: IncidentStore;
  readonly snapshots?: TakeSnapshots;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often a job that fails for a passing reason is tried again. */
export const MAX_ATTEMPTS = 5;
/** Progress is written, and a cancellation noticed, at most this often. */
const BEAT_MS = 2000;
const SNAPSHOT_MS = 120_000;

/**
 * Answers an incident. Each step stores its result once and reads it back when the job is run again, so a job that is
 * killed anywhere, or runs twice at once, ends in the same bytes.
 */
export async function runIncident(
  tenant: string,
  id: string,
  deps: IncidentDeps,
): Promise<Incident | undefined> {
  const started = await begin(tenant, id, deps);
  if (started?.state !== 'running') return started;
  try {
    return await work(started, deps);
  } catch (error) {
    if (error instanceof Cancelled) return clean(tenant, id, deps);
    return await failed(started, error, deps);
  }
}

async function begin(tenant: string, id: string, deps: IncidentDeps): Promise<Incident | undefined> {
  if (!(await deps.incidents.read(tenant, id))) return undefined;
  return deps.incidents.update(tenant, id, (now) =>
    now.state === 'queued' || now.state === 'running'
      ? { ...now, state: 'running', attempts: now.attempts + 1 }
      : undefined,
  );
}

async function work(incident: Incident, deps: IncidentDeps): Promise<Incident> {
  const { tenant } = incident.scope;
  const folder = incidentFolder(tenant, incident.id);
  const beat = heartbeat(incident, deps);
  await beat('expand', 0, 1, true);
  const plan = await deps.incidents.once<BundlePlan>(`${folder}plan.json`, () =>
    planBundle({ scope: incident.scope, expand: incident.expand }, deps),
  );
  await beat('snapshot', 0, 1, true);
  const snapshots = await deps.incidents.once<readonly SnapshotFile[]>(`${folder}state.json`, () =>
    takeSnapshots(plan, incident.parts, deps, SNAPSHOT_MS),
  );
  await beat('read', 0, estimate(plan.located).records, true);
  const result = await writeBundle(incident, { plan, snapshots }, deps, beat);
  return deps.incidents.update(tenant, incident.id, (now) => {
    if (now.state === 'cancelled') throw new Cancelled();
    return { ...now, state: 'done', progress: { step: 'done', done: 1, total: 1 }, result };
  });
}

const requestOf = (i: Incident): BundleRequest => ({
  id: i.id,
  requester: i.requester,
  requestedMs: i.requestedMs,
  ...(i.title !== undefined && { title: i.title }),
  ...(i.zone !== undefined && { zone: i.zone }),
  ...(i.parts !== undefined && { parts: i.parts }),
});

async function writeBundle(
  incident: Incident,
  fixed: { readonly plan: BundlePlan; readonly snapshots: readonly SnapshotFile[] },
  deps: IncidentDeps,
  beat: Beat,
): Promise<NonNullable<Incident['result']>> {
  const hash = createHash('sha256');
  let records = 0;
  const { bytes } = await deps.incidents.store.write(
    zipBlob(incident.scope.tenant, incident.id),
    0,
    async (sink) => {
      const tap = hashing(sink, hash);
      const built = await buildBundle(
        { request: requestOf(incident), ...fixed },
        deps.blobs,
        tap,
        (step, done, total) => beat(step, done, total),
      );
      records = built.records;
    },
  );
  return { bytes, records, sha256: hash.digest('hex') };
}

const hashing = (sink: Writable, hash: ReturnType<typeof createHash>): Writable => {
  const tap = new Writable({
    write: (chunk: Buffer, _encoding, next) => {
      hash.update(chunk);
      if (sink.write(chunk)) next();
      else sink.once('drain', () => next());
    },
    final: (next) => sink.end(() => next()),
  });
  sink.once('error', (error) => tap.destroy(error));
  return tap;
};

type Beat = (step: Step, done: number, total: number, now?: boolean) => Promise<void>;

/** Writes progress, and stops the work when the incident was cancelled or is gone. */
function heartbeat(incident: Incident, deps: IncidentDeps): Beat {
  let lastMs = 0;
  return async (step, done, total, now = false) => {
    if (!now && deps.clock.now() - lastMs < BEAT_MS) return;
    lastMs = deps.clock.now();
    const after = await deps.incidents.update(incident.scope.tenant, incident.id, (state) =>
      state.state === 'running' ? { ...state, progress: { step, done, total } } : undefined,
    );
    if (after.state === 'cancelled') throw new Cancelled();
  };
}

async function failed(incident: Incident, error: unknown, deps: IncidentDeps): Promise<Incident> {
  const reason = describeError(error);
  const final =
    incident.attempts >= MAX_ATTEMPTS ||
    (isHoldfastError(error) && !error.retryable && error.code !== 'internal');
  deps.log.warn('incident.failed', {
    incident: incident.id,
    attempt: incident.attempts,
    final,
    error: reason,
  });
  if (!final) throw error;
  return deps.incidents.update(incident.scope.tenant, incident.id, (now) =>
    now.state === 'cancelled' ? undefined : { ...now, state: 'failed', reason },
  );
}

/** A cancelled incident keeps its state and loses everything else. */
async function clean(tenant: string, id: string, deps: IncidentDeps): Promise<Incident | undefined> {
  await removeResults(deps.incidents, tenant, id);
  return deps.incidents.read(tenant, id);
}

export async function removeResults(incidents: IncidentStore, tenant: string, id: string): Promise<void> {
  const folder = incidentFolder(tenant, id);
  for (const file of ['plan.json', 'state.json', 'bundle.zip']) await incidents.store.remove(folder + file);
}
